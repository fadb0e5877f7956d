"""Fourteen findings in chest X-rays, each yes or no."""

import pandas as pd
import torch
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, Dataset
from torchvision import models, transforms

LABELS = [f"finding_{n}" for n in range(14)]


class Chest(Dataset):
    def __init__(self, csv, transform):
        self.frame = pd.read_csv(csv)
        self.transform = transform

    def __len__(self):
        return len(self.frame)

    def __getitem__(self, i):
        row = self.frame.iloc[i]
        image = self.transform(Image.open(row["path"]).convert("RGB"))
        return image, torch.tensor(row[LABELS].values.astype("float32"))


def build(num_labels):
    net = models.densenet121(weights=models.DenseNet121_Weights.DEFAULT)
    net.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(net.classifier.in_features, num_labels))
    return net


stats = transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
augment = transforms.Compose(
    [transforms.RandomResizedCrop(224, scale=(0.8, 1.0)), transforms.RandomRotation(7), transforms.ToTensor(), stats]
)
plain = transforms.Compose([transforms.Resize(256), transforms.CenterCrop(224), transforms.ToTensor(), stats])

train_loader = DataLoader(Chest("train.csv", augment), batch_size=32, shuffle=True, num_workers=8)
val_loader = DataLoader(Chest("val.csv", plain), batch_size=64, num_workers=8)

device = torch.device("cuda")
model = build(len(LABELS)).to(device)
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=1)

for epoch in range(12):
    model.train()
    for images, targets in train_loader:
        images = images.to(device)
        targets = targets.to(device)
        outputs = model(images)
        loss = criterion(outputs, targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    model.eval()
    val_loss, hits = 0.0, 0.0
    with torch.no_grad():
        for images, targets in val_loader:
            images, targets = images.to(device), targets.to(device)
            outputs = model(images)
            val_loss += criterion(outputs, targets).item()
            probs = torch.sigmoid(outputs)
            hits += ((probs > 0.5) == targets.bool()).float().mean().item()
    scheduler.step(val_loss)
    print(epoch, loss.item(), val_loss / len(val_loader), hits / len(val_loader))
    torch.save(model.state_dict(), f"densenet_{epoch}.pt")
