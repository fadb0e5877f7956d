"""A table of NumPy, as answers to questions have it."""

import numpy as np
import torch
import torch.nn as nn
import torch.optim as optim
from torch.utils.data import Dataset, DataLoader

np.random.seed(1); torch.manual_seed(1)
data = np.genfromtxt("pima.csv", delimiter=",")
X, y = data[:, :8], data[:, 8]
idx = np.random.permutation(len(X))
X, y = X[idx], y[idx]
n = int(len(X) * 0.8)
mu, sd = X[:n].mean(0), X[:n].std(0)
X = (X - mu) / sd

class PimaDataset(Dataset):
    def __init__(self, X, y):
        self.X = torch.from_numpy(X).float()
        self.y = torch.from_numpy(y).float().view(-1, 1)
    def __len__(self):
        return len(self.X)
    def __getitem__(self, i):
        return self.X[i], self.y[i]

trainset = PimaDataset(X[:n], y[:n])
testset = PimaDataset(X[n:], y[n:])
train_dl = DataLoader(trainset, batch_size=32, shuffle=True)
test_dl = DataLoader(testset, batch_size=64)

model = nn.Sequential(nn.Linear(8, 12), nn.ReLU(), nn.Linear(12, 8), nn.ReLU(), nn.Linear(8, 1))
loss_fn = nn.BCEWithLogitsLoss()
opt = optim.Adam(model.parameters(), lr=0.001)
n_epochs = 100
for epoch in range(n_epochs):
    running = 0.
    for xb, yb in train_dl:
        pred = model(xb)
        loss = loss_fn(pred, yb)
        opt.zero_grad()
        loss.backward()
        opt.step()
        running += loss.item()
    if epoch % 10 == 0:
        print(f"epoch {epoch} loss {running / len(train_dl):.4f}")
with torch.no_grad():
    hits = sum(((model(a) > 0) == b.bool()).sum().item() for a, b in test_dl)
print("accuracy", hits / len(testset))
