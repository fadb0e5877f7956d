"""Prices of houses from a table, as in a notebook for a competition."""

import numpy as np
import pandas as pd
import torch
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

SEED = 42
EPOCHS = 60
LR = 1e-3
torch.manual_seed(SEED)

df = pd.read_csv("house_prices.csv")
df = df.dropna()
y = np.log1p(df["SalePrice"].values)
X = df.drop(columns=["SalePrice", "Id"]).values

X_train, X_valid, y_train, y_valid = train_test_split(X, y, test_size=0.2, random_state=SEED)

scaler = StandardScaler()
X_train = scaler.fit_transform(X_train)
X_valid = scaler.transform(X_valid)

train_ds = TensorDataset(
    torch.tensor(X_train, dtype=torch.float32), torch.tensor(y_train, dtype=torch.float32).unsqueeze(1)
)
valid_ds = TensorDataset(
    torch.tensor(X_valid, dtype=torch.float32), torch.tensor(y_valid, dtype=torch.float32).unsqueeze(1)
)
train_dl = DataLoader(train_ds, batch_size=64, shuffle=True)
valid_dl = DataLoader(valid_ds, batch_size=256)


class PriceModel(nn.Module):
    def __init__(self, n_features, hidden=64):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(n_features, hidden),
            nn.BatchNorm1d(hidden),
            nn.ReLU(),
            nn.Dropout(0.1),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, 1),
        )

    def forward(self, x):
        return self.layers(x)


model = PriceModel(X_train.shape[1])
loss_fn = nn.MSELoss()
opt = torch.optim.Adam(model.parameters(), lr=LR, weight_decay=1e-5)

for epoch in range(EPOCHS):
    model.train()
    train_loss = 0.0
    for xb, yb in train_dl:
        opt.zero_grad()
        pred = model(xb)
        loss = loss_fn(pred, yb)
        loss.backward()
        opt.step()
        train_loss += loss.item() * xb.size(0)

    model.eval()
    valid_loss = 0.0
    with torch.no_grad():
        for xb, yb in valid_dl:
            valid_loss += loss_fn(model(xb), yb).item() * xb.size(0)
    print(epoch, train_loss / len(train_ds), (valid_loss / len(valid_ds)) ** 0.5)
