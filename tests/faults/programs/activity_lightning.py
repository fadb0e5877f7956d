"""What people do, from sensors, with Lightning."""

import pytorch_lightning as pl
import torch
import torch.nn as nn
import numpy as np
from torch.utils.data import DataLoader, TensorDataset

class HAR(pl.LightningModule):
    def __init__(self, lr=1e-3):
        super().__init__()
        self.save_hyperparameters()
        self.lstm = nn.LSTM(input_size=9, hidden_size=64, num_layers=2, batch_first=True, dropout=0.2)
        self.head = nn.Linear(64, 6)
        self.loss = nn.CrossEntropyLoss()
    def forward(self, x):
        out, (h, c) = self.lstm(x)
        return self.head(h[-1])
    def training_step(self, batch, _):
        x, y = batch
        loss = self.loss(self(x), y)
        self.log("train_loss", loss, prog_bar=True)
        return loss
    def validation_step(self, batch, _):
        x, y = batch
        self.log("val_loss", self.loss(self(x), y))
    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=self.hparams.lr)

def dl(split, shuffle):
    z = np.load(f"har_{split}.npz")
    x = torch.tensor((z["x"] - 0.1) / 0.6, dtype=torch.float32)  # (N, 128, 9)
    return DataLoader(TensorDataset(x, torch.tensor(z["y"])), batch_size=64, shuffle=shuffle)

if __name__ == "__main__":
    pl.seed_everything(1)
    pl.Trainer(max_epochs=30, gradient_clip_val=1.0).fit(HAR(), dl("train", True), dl("val", False))
