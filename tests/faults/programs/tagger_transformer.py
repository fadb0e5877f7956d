"""Tags for words with a Transformer encoder; padding is ignored by the loss."""

import math

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

PAD_ID, IGNORE = 0, -100


class PositionalEncoding(nn.Module):
    def __init__(self, d_model: int, dropout: float = 0.1, max_len: int = 512):
        super().__init__()
        self.dropout = nn.Dropout(p=dropout)
        position = torch.arange(max_len).unsqueeze(1)
        div_term = torch.exp(torch.arange(0, d_model, 2) * (-math.log(10000.0) / d_model))
        pe = torch.zeros(1, max_len, d_model)
        pe[0, :, 0::2] = torch.sin(position * div_term)
        pe[0, :, 1::2] = torch.cos(position * div_term)
        self.register_buffer("pe", pe)

    def forward(self, x: Tensor) -> Tensor:
        return self.dropout(x + self.pe[:, : x.size(1)])


class Tagger(nn.Module):
    def __init__(self, vocab: int, tags: int, d_model: int = 128, heads: int = 4, layers: int = 3):
        super().__init__()
        self.d_model = d_model
        self.embed = nn.Embedding(vocab, d_model, padding_idx=PAD_ID)
        self.position = PositionalEncoding(d_model)
        layer = nn.TransformerEncoderLayer(d_model, heads, dim_feedforward=512, dropout=0.1, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, num_layers=layers)
        self.to_tags = nn.Linear(d_model, tags)

    def forward(self, tokens: Tensor) -> Tensor:
        padding = tokens == PAD_ID
        x = self.position(self.embed(tokens) * math.sqrt(self.d_model))
        x = self.encoder(x, src_key_padding_mask=padding)
        return self.to_tags(x)


def run_epoch(model: Tagger, loader: DataLoader, loss_fn: nn.Module, optimizer=None) -> float:
    model.train(optimizer is not None)
    total = 0.0
    for tokens, tags in loader:
        with torch.set_grad_enabled(optimizer is not None):
            scores = model(tokens)  # (N, T, tags)
            loss = loss_fn(scores.reshape(-1, scores.size(-1)), tags.reshape(-1))
        if optimizer is not None:
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
        total += loss.item()
    return total / len(loader)


def main() -> None:
    train, dev = torch.load("tags_train.pt"), torch.load("tags_dev.pt")
    train_loader = DataLoader(train, batch_size=32, shuffle=True)
    dev_loader = DataLoader(dev, batch_size=64)
    model = Tagger(vocab=12_000, tags=17)
    loss_fn = nn.CrossEntropyLoss(ignore_index=IGNORE)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-4, weight_decay=0.01)
    for epoch in range(10):
        print(epoch, run_epoch(model, train_loader, loss_fn, optimizer), run_epoch(model, dev_loader, loss_fn))


if __name__ == "__main__":
    main()
