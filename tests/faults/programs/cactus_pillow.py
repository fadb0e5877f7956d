"""Is there a cactus: a table of files, pictures by Pillow, one logit."""

import numpy as np
import pandas as pd
import torch
import torch.nn as nn
from PIL import Image
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, Dataset


class Cactus(Dataset):
    def __init__(self, df, root):
        self.df, self.root = df, root

    def __len__(self):
        return len(self.df)

    def __getitem__(self, i):
        row = self.df.iloc[i]
        img = np.array(Image.open(f"{self.root}/{row.id}")) / 255.0
        img = img.transpose(2, 0, 1)
        return torch.tensor(img, dtype=torch.float32), torch.tensor(row.has_cactus, dtype=torch.float32)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1 = nn.Conv2d(3, 32, 3)
        self.c2 = nn.Conv2d(32, 64, 3)
        self.drop = nn.Dropout(0.3)
        self.fc = nn.Linear(64, 1)

    def forward(self, x):
        x = torch.relu(self.c1(x))
        x = torch.relu(self.c2(x))
        return self.fc(self.drop(x.mean((2, 3)))).squeeze(1)


torch.manual_seed(0)
df = pd.read_csv("train.csv")
tr, va = train_test_split(df, test_size=0.1, stratify=df.has_cactus, random_state=0)
train_loader = DataLoader(Cactus(tr, "train"), batch_size=64, shuffle=True, num_workers=2)
val_loader = DataLoader(Cactus(va, "train"), batch_size=64, num_workers=2)
net = Net()
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
crit = nn.BCEWithLogitsLoss()
for epoch in range(10):
    net.train()
    for x, y in train_loader:
        opt.zero_grad()
        loss = crit(net(x), y)
        loss.backward()
        opt.step()
    net.eval()
    with torch.no_grad():
        val = np.mean([crit(net(x), y).item() for x, y in val_loader])
    print(epoch, loss.item(), val)
