"""Fine-tuning a timm backbone in mixed precision, as in a repository of a competition."""

import pandas as pd
import timm
import torch
import torch.nn as nn
from PIL import Image
from sklearn.model_selection import StratifiedKFold
from torch.cuda.amp import GradScaler, autocast
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms as T


class CFG:
    model_name = "tf_efficientnet_b0"
    num_classes = 5
    size = 384
    epochs = 10
    lr = 1e-4
    weight_decay = 1e-6
    batch_size = 16
    max_grad_norm = 100
    n_fold = 5
    seed = 42


train_tfms = T.Compose(
    [
        T.RandomResizedCrop(CFG.size),
        T.RandomHorizontalFlip(),
        T.ToTensor(),
        T.Normalize(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225]),
    ]
)
valid_tfms = T.Compose(
    [
        T.Resize((CFG.size, CFG.size)),
        T.ToTensor(),
        T.Normalize(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225]),
    ]
)


class LeafDataset(Dataset):
    def __init__(self, df, transform):
        self.files = df["image_id"].values
        self.labels = df["label"].values
        self.transform = transform

    def __len__(self):
        return len(self.files)

    def __getitem__(self, idx):
        image = Image.open(f"train_images/{self.files[idx]}").convert("RGB")
        return self.transform(image), torch.tensor(self.labels[idx]).long()


class LeafModel(nn.Module):
    def __init__(self, name, num_classes, pretrained=True):
        super().__init__()
        self.backbone = timm.create_model(name, pretrained=pretrained, num_classes=0)
        self.drop = nn.Dropout(0.3)
        self.head = nn.Linear(self.backbone.num_features, num_classes)

    def forward(self, x):
        features = self.backbone(x)
        return self.head(self.drop(features))


def train_fn(loader, model, criterion, optimizer, scheduler, scaler, device):
    model.train()
    losses = []
    for images, labels in loader:
        images, labels = images.to(device), labels.to(device)
        optimizer.zero_grad()
        with autocast():
            preds = model(images)
            loss = criterion(preds, labels)
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        torch.nn.utils.clip_grad_norm_(model.parameters(), CFG.max_grad_norm)
        scaler.step(optimizer)
        scaler.update()
        scheduler.step()
        losses.append(loss.item())
    return sum(losses) / len(losses)


def valid_fn(loader, model, device):
    model.eval()
    correct = 0
    for images, labels in loader:
        with torch.no_grad():
            preds = model(images.to(device))
        correct += (preds.softmax(1).argmax(1).cpu() == labels).sum().item()
    return correct / len(loader.dataset)


def train_loop(folds, fold, device):
    train_df, valid_df = folds[folds["fold"] != fold], folds[folds["fold"] == fold]
    train_loader = DataLoader(
        LeafDataset(train_df, train_tfms), batch_size=CFG.batch_size, shuffle=True, num_workers=4, drop_last=True
    )
    valid_loader = DataLoader(LeafDataset(valid_df, valid_tfms), batch_size=32, num_workers=4)
    model = LeafModel(CFG.model_name, CFG.num_classes).to(device)
    criterion = nn.CrossEntropyLoss(label_smoothing=0.1)
    optimizer = torch.optim.Adam(model.parameters(), lr=CFG.lr, weight_decay=CFG.weight_decay)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=CFG.lr, epochs=CFG.epochs, steps_per_epoch=len(train_loader)
    )
    scaler = GradScaler()
    best = 0.0
    for epoch in range(CFG.epochs):
        loss = train_fn(train_loader, model, criterion, optimizer, scheduler, scaler, device)
        score = valid_fn(valid_loader, model, device)
        print(f"fold {fold} epoch {epoch} loss {loss:.4f} acc {score:.4f}")
        if score > best:
            best = score
            torch.save(model.state_dict(), f"fold{fold}.pth")


def main():
    df = pd.read_csv("train.csv")
    splitter = StratifiedKFold(n_splits=CFG.n_fold, shuffle=True, random_state=CFG.seed)
    for n, (_, valid_index) in enumerate(splitter.split(df, df["label"])):
        df.loc[valid_index, "fold"] = n
    for fold in range(CFG.n_fold):
        train_loop(df, fold, torch.device("cuda"))


if __name__ == "__main__":
    main()
