"""Consumption of energy: a network in a Lightning module around it."""

import pandas as pd
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import EarlyStopping, ModelCheckpoint
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class MLP(nn.Module):
    def __init__(self, input_dim, hidden_dim, output_dim):
        super().__init__()
        self.fc1 = nn.Linear(input_dim, hidden_dim)
        self.norm = nn.LayerNorm(hidden_dim)
        self.fc2 = nn.Linear(hidden_dim, hidden_dim)
        self.fc3 = nn.Linear(hidden_dim, output_dim)
        self.relu = nn.ReLU()
        self.dropout = nn.Dropout(0.1)

    def forward(self, x):
        x = self.relu(self.norm(self.fc1(x)))
        x = self.dropout(self.relu(self.fc2(x)))
        x = self.fc3(x)
        return x


class EnergyModule(pl.LightningModule):
    def __init__(self, network, learning_rate=1e-3):
        super().__init__()
        self.network = network
        self.learning_rate = learning_rate
        self.criterion = nn.MSELoss()

    def forward(self, x):
        return self.network(x)

    def _shared_step(self, batch):
        x, y = batch
        y_hat = self(x)
        return self.criterion(y_hat, y)

    def training_step(self, batch, batch_idx):
        loss = self._shared_step(batch)
        self.log("train_loss", loss, on_epoch=True)
        return loss

    def validation_step(self, batch, batch_idx):
        loss = self._shared_step(batch)
        self.log("val_loss", loss, prog_bar=True)

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=self.learning_rate)


def to_loader(x, y, shuffle=False):
    x, y = torch.tensor(x, dtype=torch.float32), torch.tensor(y, dtype=torch.float32)
    return DataLoader(TensorDataset(x, y), batch_size=32, shuffle=shuffle)


def main():
    pl.seed_everything(7)
    df = pd.read_csv("energy.csv")
    x, y = df.drop(columns=["load"]).values, df[["load"]].values
    x_train, x_val, y_train, y_val = train_test_split(x, y, test_size=0.2, random_state=7)
    x_scaler, y_scaler = StandardScaler(), StandardScaler()
    x_train = x_scaler.fit_transform(x_train)
    x_val = x_scaler.transform(x_val)
    y_train = y_scaler.fit_transform(y_train)
    y_val = y_scaler.transform(y_val)
    module = EnergyModule(MLP(x.shape[1], 64, 1))
    callbacks = [EarlyStopping("val_loss", patience=5), ModelCheckpoint(monitor="val_loss")]
    trainer = pl.Trainer(max_epochs=100, callbacks=callbacks)
    trainer.fit(module, to_loader(x_train, y_train, shuffle=True), to_loader(x_val, y_val))


if __name__ == "__main__":
    main()
