"""The next value of a series from a window of the last 24, scaled by what came before the cut."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
import torch.nn as nn
from sklearn.preprocessing import MinMaxScaler
from torch.utils.data import DataLoader, TensorDataset

WINDOW = 24
series = pd.read_csv("load.csv", parse_dates=["time"])["value"].values.astype(np.float32).reshape(-1, 1)
cut = int(len(series) * 0.8)
train_series, test_series = series[:cut], series[cut:]
scaler = MinMaxScaler(feature_range=(-1, 1))
train_scaled = scaler.fit_transform(train_series)
test_scaled = scaler.transform(test_series)


def windows(values):
    xs, ys = [], []
    for i in range(len(values) - WINDOW):
        xs.append(values[i : i + WINDOW])
        ys.append(values[i + WINDOW])
    return torch.tensor(np.array(xs)), torch.tensor(np.array(ys))


class Forecaster(nn.Module):
    def __init__(self, input_size=1, hidden_size=64, num_layers=2, output_size=1):
        super().__init__()
        self.gru = nn.GRU(input_size, hidden_size, num_layers, batch_first=True, dropout=0.2)
        self.linear = nn.Linear(hidden_size, output_size)

    def forward(self, x):
        out, _ = self.gru(x)  # (N, 24, 64)
        return self.linear(out[:, -1, :])


train_loader = DataLoader(TensorDataset(*windows(train_scaled)), batch_size=64, shuffle=True)
x_test, y_test = windows(test_scaled)
model = Forecaster()
criterion = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.005)

for epoch in range(40):
    model.train()
    for seq, target in train_loader:
        optimizer.zero_grad()
        y_pred = model(seq)
        loss = criterion(y_pred, target)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    model.eval()
    with torch.no_grad():
        test_loss = criterion(model(x_test), y_test)
    print(f"Epoch {epoch}: {loss.item():.5f} {test_loss.item():.5f}")

model.eval()
with torch.no_grad():
    forecast = scaler.inverse_transform(model(x_test).numpy())
plt.plot(forecast)
plt.savefig("forecast.png")
