"""Plants: a data set of files, and a class that trains."""

import random
import numpy as np, pandas as pd
import torch
from torch import nn
from torch.utils.data import Dataset, DataLoader
from sklearn.model_selection import train_test_split
from PIL import Image
import torchvision.transforms as T

def seed_all(s):
    random.seed(s); np.random.seed(s); torch.manual_seed(s)

class Plants(Dataset):
    def __init__(self, frame, root, tfm):
        self.frame, self.root, self.tfm = frame.reset_index(drop=True), root, tfm
    def __len__(self):
        return len(self.frame)
    def __getitem__(self, i):
        row = self.frame.iloc[i]
        img = Image.open(f"{self.root}/{row['file']}").convert("RGB")
        return self.tfm(img), int(row["label"])

class Trainer:
    def __init__(self, model, opt, loss_fn, device):
        self.model, self.opt, self.loss_fn, self.device = model.to(device), opt, loss_fn, device
        self.log = []
    def run_epoch(self, loader):
        self.model.train()
        total = 0.0
        for x, y in loader:
            x, y = x.to(self.device), y.to(self.device)
            self.opt.zero_grad(set_to_none=True)
            loss = self.loss_fn(self.model(x), y)
            loss.backward()
            self.opt.step()
            total += loss.item()
        return total / len(loader)
    @torch.no_grad()
    def evaluate(self, loader):
        self.model.eval()
        good = 0
        for x, y in loader:
            good += (self.model(x.to(self.device)).argmax(1).cpu() == y).sum().item()
        return good / len(loader.dataset)
    def fit(self, train, valid, epochs):
        for e in range(epochs):
            loss = self.run_epoch(train)
            acc = self.evaluate(valid)
            self.log.append((loss, acc))
            print(f"[{e}] loss={loss:.3f} acc={acc:.3f}")

def net(classes):
    layers, c = [], 3
    for w in (32, 64, 128):
        layers += [nn.Conv2d(c, w, 3, padding=1), nn.BatchNorm2d(w), nn.ReLU(), nn.MaxPool2d(2)]
        c = w
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(c, classes))

def main():
    seed_all(3)
    df = pd.read_csv("plants.csv")
    tr, va = train_test_split(df, test_size=0.15, stratify=df["label"], random_state=3)
    train_tfm = T.Compose([T.RandomResizedCrop(160), T.RandomHorizontalFlip(), T.ToTensor()])
    valid_tfm = T.Compose([T.Resize(176), T.CenterCrop(160), T.ToTensor()])
    train_dl = DataLoader(Plants(tr, "img", train_tfm), batch_size=32, shuffle=True, num_workers=4, pin_memory=True)
    valid_dl = DataLoader(Plants(va, "img", valid_tfm), batch_size=64, num_workers=4)
    model = net(12)
    opt = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=1e-2)
    Trainer(model, opt, nn.CrossEntropyLoss(), "cuda").fit(train_dl, valid_dl, 25)

if __name__ == "__main__":
    main()
