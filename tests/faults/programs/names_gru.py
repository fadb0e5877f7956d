"""Names and where they come from, letter by letter."""

import torch, torch.nn as nn, torch.nn.functional as F
import pandas as pd
from torch.utils.data import DataLoader, TensorDataset, random_split

torch.manual_seed(0)
df = pd.read_csv("names.csv")
MAXLEN, CHARS = 20, "abcdefghijklmnopqrstuvwxyz' "
def encode(name):
    ids = [CHARS.find(c) + 1 for c in name.lower()][:MAXLEN]
    return ids + [0] * (MAXLEN - len(ids))
X = torch.tensor([encode(n) for n in df["name"]])
y = torch.tensor(df["country"].astype("category").cat.codes.values, dtype=torch.long)
train_ds, val_ds = random_split(TensorDataset(X, y), [0.8, 0.2])
train_loader = DataLoader(train_ds, batch_size=64, shuffle=True)
val_loader = DataLoader(val_ds, batch_size=256)

class NameRNN(nn.Module):
    def __init__(self, hidden=64, classes=18):
        super().__init__()
        self.embedding = nn.Embedding(len(CHARS) + 2, 32, padding_idx=0)
        self.gru = nn.GRU(32, hidden, batch_first=True)
        self.dropout = nn.Dropout(0.2)
        self.fc = nn.Linear(hidden, classes)
    def forward(self, x):
        out, _ = self.gru(self.embedding(x))
        return self.fc(self.dropout(out[:, -1, :]))

model = NameRNN()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
history = []
for epoch in range(15):
    model.train()
    for x, t in train_loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), t)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    model.eval()
    with torch.no_grad():
        val_loss = sum(F.cross_entropy(model(x), t).item() for x, t in val_loader) / len(val_loader)
    history.append(val_loss)
    print(epoch, val_loss)
