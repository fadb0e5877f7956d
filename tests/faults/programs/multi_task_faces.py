"""Age, as a number, and expression, as a class, from one trunk."""

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class FaceNet(nn.Module):
    def __init__(self, num_expressions=7):
        super().__init__()
        self.trunk = nn.Sequential(
            nn.Conv2d(1, 32, 3, padding=1),
            nn.BatchNorm2d(32),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 3, padding=1),
            nn.BatchNorm2d(64),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d((2, 2)),
            nn.Flatten(),
        )
        self.age_head = nn.Sequential(nn.Linear(256, 32), nn.ReLU(), nn.Linear(32, 1))
        self.expression_head = nn.Sequential(nn.Linear(256, 64), nn.ReLU(), nn.Linear(64, num_expressions))

    def forward(self, image):
        features = self.trunk(image)
        return self.age_head(features), self.expression_head(features)


def dataset(split):
    data = np.load(f"faces_{split}.npz")
    images = torch.from_numpy(data["images"]).float().div(255).sub(0.5).unsqueeze(1)
    ages = torch.from_numpy(data["ages"]).float().sub(35).div(15).unsqueeze(1)
    return TensorDataset(images, ages, torch.from_numpy(data["expressions"]).long())


def main():
    train_dl = DataLoader(dataset("train"), batch_size=64, shuffle=True)
    val_dl = DataLoader(dataset("val"), batch_size=128)
    net = FaceNet()
    mse, ce = nn.MSELoss(), nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    for epoch in range(20):
        net.train()
        for image, age, expression in train_dl:
            age_pred, expression_pred = net(image)
            loss = mse(age_pred, age) + ce(expression_pred, expression)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        net.eval()
        right, error = 0, 0.0
        with torch.no_grad():
            for image, age, expression in val_dl:
                age_pred, expression_pred = net(image)
                right += (expression_pred.argmax(1) == expression).sum().item()
                error += (age_pred - age).abs().sum().item()
        print(epoch, right / len(val_dl.dataset), 15 * error / len(val_dl.dataset))


if __name__ == "__main__":
    main()
