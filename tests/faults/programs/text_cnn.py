"""Convolutions of several widths over words, in a ModuleList."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader


class TextCNN(nn.Module):
    def __init__(self, vocab_size, embed_dim=128, num_filters=64, kernel_sizes=(3, 4, 5), num_classes=4, p=0.5):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_dim, padding_idx=0)
        self.convs = nn.ModuleList([nn.Conv1d(embed_dim, num_filters, k) for k in kernel_sizes])
        self.dropout = nn.Dropout(p)
        self.fc = nn.Linear(num_filters * len(kernel_sizes), num_classes)

    def forward(self, tokens):
        x = self.embedding(tokens).transpose(1, 2)  # (N, E, T)
        pooled = [F.relu(conv(x)).max(dim=2).values for conv in self.convs]
        x = self.dropout(torch.cat(pooled, dim=1))
        return self.fc(x)


def loop(model, loader, loss_fn, optimizer):
    model.train()
    running = 0.0
    for step, (tokens, label) in enumerate(loader, 1):
        logits = model(tokens)
        loss = loss_fn(logits, label)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        running += loss.item()
        if step % 100 == 0:
            print(f"  step {step}: {running / step:.4f}")


def accuracy(model, loader):
    model.eval()
    right = count = 0
    with torch.inference_mode():
        for tokens, label in loader:
            right += (model(tokens).argmax(dim=-1) == label).sum().item()
            count += len(label)
    return right / count


def main():
    train_set, test_set = torch.load("agnews_train.pt"), torch.load("agnews_test.pt")
    train_loader = DataLoader(train_set, batch_size=64, shuffle=True)
    test_loader = DataLoader(test_set, batch_size=256)
    model = TextCNN(vocab_size=30_000)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    loss_fn = nn.CrossEntropyLoss()
    for epoch in range(5):
        loop(model, train_loader, loss_fn, optimizer)
        print(f"epoch {epoch}: {accuracy(model, test_loader):.4f}")


if __name__ == "__main__":
    main()
