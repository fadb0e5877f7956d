"""A Trainer of its own: fit, validate, early stopping, checkpoints."""

from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class EarlyStopping:
    def __init__(self, patience=5):
        self.patience, self.counter, self.best = patience, 0, np.inf

    def step(self, value):
        if value < self.best:
            self.best, self.counter = value, 0
        else:
            self.counter += 1
        return self.counter >= self.patience


class ConvNet(nn.Module):
    """Signals of 3 channels and 128 steps into 6 activities."""

    def __init__(self, channels=3, classes=6):
        super().__init__()
        self.conv1 = nn.Conv1d(channels, 64, kernel_size=5, padding=2)
        self.bn1 = nn.BatchNorm1d(64)
        self.conv2 = nn.Conv1d(64, 128, kernel_size=5, padding=2)
        self.bn2 = nn.BatchNorm1d(128)
        self.pool = nn.AdaptiveAvgPool1d(1)
        self.dropout = nn.Dropout(0.3)
        self.fc = nn.Linear(128, classes)

    def forward(self, x):
        x = torch.relu(self.bn1(self.conv1(x)))
        x = torch.relu(self.bn2(self.conv2(x)))
        x = self.pool(x).flatten(1)
        return self.fc(self.dropout(x))


class Trainer:
    def __init__(self, model, criterion, optimizer, scheduler, device="cpu", out_dir="checkpoints"):
        self.model = model.to(device)
        self.criterion = criterion
        self.optimizer = optimizer
        self.scheduler = scheduler
        self.device = device
        self.out_dir = Path(out_dir)
        self.out_dir.mkdir(exist_ok=True)
        self.history = {"train": [], "valid": []}

    def train_epoch(self, loader):
        self.model.train()
        total = 0.0
        for inputs, targets in loader:
            inputs, targets = inputs.to(self.device), targets.to(self.device)
            self.optimizer.zero_grad()
            outputs = self.model(inputs)
            loss = self.criterion(outputs, targets)
            loss.backward()
            self.optimizer.step()
            total += loss.item()
        return total / len(loader)

    def validate(self, loader):
        self.model.eval()
        total, correct, seen = 0.0, 0, 0
        with torch.no_grad():
            for inputs, targets in loader:
                inputs, targets = inputs.to(self.device), targets.to(self.device)
                outputs = self.model(inputs)
                total += self.criterion(outputs, targets).item()
                correct += (outputs.argmax(dim=1) == targets).sum().item()
                seen += targets.size(0)
        return total / len(loader), correct / seen

    def fit(self, train_loader, valid_loader, epochs):
        stopper = EarlyStopping()
        for epoch in range(1, epochs + 1):
            train_loss = self.train_epoch(train_loader)
            valid_loss, accuracy = self.validate(valid_loader)
            self.scheduler.step(valid_loss)
            self.history["train"].append(train_loss)
            self.history["valid"].append(valid_loss)
            print(f"epoch {epoch}: train {train_loss:.4f} valid {valid_loss:.4f} acc {accuracy:.3f}")
            if valid_loss <= min(self.history["valid"]):
                torch.save(self.model.state_dict(), self.out_dir / "best.pt")
            if stopper.step(valid_loss):
                break


def loader_of(split, shuffle):
    arrays = np.load(f"activity_{split}.npz")
    mean, std = np.load("activity_stats.npy")
    x = torch.tensor((arrays["x"] - mean) / std, dtype=torch.float32)
    y = torch.tensor(arrays["y"], dtype=torch.long)
    return DataLoader(TensorDataset(x, y), batch_size=64, shuffle=shuffle)


if __name__ == "__main__":
    torch.manual_seed(0)
    net = ConvNet()
    adam = torch.optim.Adam(net.parameters(), lr=1e-3, weight_decay=1e-4)
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(adam, factor=0.5, patience=2)
    trainer = Trainer(net, nn.CrossEntropyLoss(), adam, plateau)
    trainer.fit(loader_of("train", True), loader_of("valid", False), epochs=50)
