import torch
from config import TrainConfig
from networks import YieldRegressor
from torch import nn

from data import make_loaders


def fit(model, loader, criterion, optimizer):
    model.train()
    total = 0.0
    for x, y in loader:
        optimizer.zero_grad()
        out = model(x)
        loss = criterion(out, y)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(x)
    return total / len(loader.dataset)


@torch.no_grad()
def validate(model, loader, criterion):
    model.eval()
    return sum(criterion(model(x), y).item() * len(x) for x, y in loader) / len(loader.dataset)


def main():
    cfg = TrainConfig()
    torch.manual_seed(cfg.seed)
    train_loader, test_loader = make_loaders("crops.csv", cfg)
    model = YieldRegressor(cfg.in_features, cfg.hidden_sizes, cfg.dropout)
    criterion = nn.HuberLoss()
    optimizer = torch.optim.AdamW(model.parameters(), lr=cfg.lr, weight_decay=cfg.weight_decay)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, cfg.epochs)
    for epoch in range(cfg.epochs):
        train_loss = fit(model, train_loader, criterion, optimizer)
        scheduler.step()
        print(f"{epoch:3d} {train_loss:.4f} {validate(model, test_loader, criterion):.4f}")
    torch.save(model.state_dict(), "crops.pt")


if __name__ == "__main__":
    main()
