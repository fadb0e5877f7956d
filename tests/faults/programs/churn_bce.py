"""Churn of customers with probabilities and BCELoss; steps are functions."""

import numpy as np
import torch
from sklearn.preprocessing import MinMaxScaler
from torch import nn, optim
from torch.utils.data import DataLoader, Dataset


class ChurnData(Dataset):
    def __init__(self, features, labels):
        self.features = torch.as_tensor(features, dtype=torch.float32)
        self.labels = torch.as_tensor(labels, dtype=torch.float32)

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        return self.features[index], self.labels[index]


class ChurnNet(nn.Module):
    def __init__(self, inputs, hidden=(48, 24), dropout=0.2):
        super().__init__()
        blocks = []
        width = inputs
        for size in hidden:
            blocks += [nn.Linear(width, size), nn.ReLU(), nn.Dropout(dropout)]
            width = size
        self.body = nn.Sequential(*blocks)
        self.head = nn.Linear(width, 1)
        nn.init.xavier_uniform_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, x):
        return torch.sigmoid(self.head(self.body(x))).squeeze(-1)


def train_step(model, batch, criterion, optimizer):
    x, y = batch
    optimizer.zero_grad()
    loss = criterion(model(x), y)
    loss.backward()
    optimizer.step()
    return loss.item()


@torch.no_grad()
def accuracy(model, loader):
    model.eval()
    hits = 0
    for x, y in loader:
        hits += ((model(x) > 0.5).float() == y).sum().item()
    return hits / len(loader.dataset)


def fit(epochs=30):
    arrays = np.load("churn.npz")
    order = np.random.default_rng(0).permutation(len(arrays["y"]))
    cut = int(0.8 * len(order))
    train_idx, test_idx = order[:cut], order[cut:]
    scaler = MinMaxScaler().fit(arrays["x"][train_idx])
    train_set = ChurnData(scaler.transform(arrays["x"][train_idx]), arrays["y"][train_idx])
    test_set = ChurnData(scaler.transform(arrays["x"][test_idx]), arrays["y"][test_idx])
    train_loader = DataLoader(train_set, batch_size=32, shuffle=True)
    test_loader = DataLoader(test_set, batch_size=128)
    model = ChurnNet(inputs=11)
    criterion = nn.BCELoss()
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    for epoch in range(epochs):
        model.train()
        losses = [train_step(model, batch, criterion, optimizer) for batch in train_loader]
        print(epoch, sum(losses) / len(losses), accuracy(model, test_loader))
    return model


if __name__ == "__main__":
    fit()
