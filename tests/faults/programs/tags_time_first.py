"""Sequence labelling, time first as in the papers."""
import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

torch.manual_seed(5)
train_items, dev_items = torch.load("pos_train.pt"), torch.load("pos_dev.pt")

def collate(items):
    words = pad_sequence([w for w, _ in items])
    tags = pad_sequence([t for _, t in items], padding_value=-100)
    return words, tags

train_loader = DataLoader(train_items, batch_size=32, shuffle=True, collate_fn=collate)
dev_loader = DataLoader(dev_items, batch_size=64, collate_fn=collate)

class Tagger(nn.Module):
    def __init__(self, vocab=20000, tags=17):
        super().__init__()
        self.embed = nn.Embedding(vocab, 100)
        self.lstm = nn.LSTM(100, 128, bidirectional=True)
        self.drop = nn.Dropout(0.3)
        self.out = nn.Linear(256, tags)
    def forward(self, words):
        states, _ = self.lstm(self.drop(self.embed(words)))
        return self.out(states)

model = Tagger()
criterion = nn.CrossEntropyLoss(ignore_index=-100)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 10, 0.5)
for epoch in range(30):
    model.train()
    for words, tags in train_loader:
        scores = model(words)
        loss = criterion(scores.view(-1, 17), tags.view(-1))
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
    scheduler.step()
    model.eval()
    total = 0.0
    with torch.no_grad():
        for words, tags in dev_loader:
            total += criterion(model(words).view(-1, 17), tags.view(-1)).item()
    print(epoch, total / len(dev_loader))
