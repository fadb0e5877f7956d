import torch
import torch.nn as nn
import torch.optim as optim
from dataset import CarvanaDataset
from model import UNet
from torch.utils.data import DataLoader

LEARNING_RATE = 1e-4
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
BATCH_SIZE = 16
NUM_EPOCHS = 20
TRAIN_IMG_DIR, TRAIN_MASK_DIR = "data/train_images/", "data/train_masks/"
VAL_IMG_DIR, VAL_MASK_DIR = "data/val_images/", "data/val_masks/"


def dice_score(probs, target, eps=1e-7):
    preds = (probs > 0.5).float()
    return (2 * (preds * target).sum() + eps) / (preds.sum() + target.sum() + eps)


def train_fn(loader, model, optimizer, loss_fn, scaler):
    model.train()
    for data, targets in loader:
        data = data.to(device=DEVICE)
        targets = targets.to(device=DEVICE)
        with torch.amp.autocast(DEVICE):
            predictions = model(data)
            loss = loss_fn(predictions, targets)
        optimizer.zero_grad()
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()


def check_accuracy(loader, model):
    model.eval()
    dice = 0.0
    with torch.no_grad():
        for x, y in loader:
            probs = torch.sigmoid(model(x.to(DEVICE)))
            dice += dice_score(probs, y.to(DEVICE)).item()
    print(f"Dice score: {dice / len(loader):.4f}")


def main():
    model = UNet(n_channels=3, n_classes=1).to(DEVICE)
    loss_fn = nn.BCEWithLogitsLoss()
    optimizer = optim.Adam(model.parameters(), lr=LEARNING_RATE)
    train_loader = DataLoader(
        CarvanaDataset(TRAIN_IMG_DIR, TRAIN_MASK_DIR), batch_size=BATCH_SIZE, shuffle=True, num_workers=2
    )
    val_loader = DataLoader(CarvanaDataset(VAL_IMG_DIR, VAL_MASK_DIR), batch_size=BATCH_SIZE, num_workers=2)
    scaler = torch.amp.GradScaler(DEVICE)
    for epoch in range(NUM_EPOCHS):
        train_fn(train_loader, model, optimizer, loss_fn, scaler)
        torch.save({"state_dict": model.state_dict(), "optimizer": optimizer.state_dict()}, "checkpoint.pth")
        check_accuracy(val_loader, model)


if __name__ == "__main__":
    main()
