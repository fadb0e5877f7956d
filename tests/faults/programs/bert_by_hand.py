"""Fine-tuning a pretrained language model with a loop of its own."""

import torch
from torch import nn
from torch.utils.data import DataLoader
from transformers import AutoModel, AutoTokenizer, get_linear_schedule_with_warmup

NAME, MAX_LEN, EPOCHS = "bert-base-uncased", 160, 3


class SentimentClassifier(nn.Module):
    def __init__(self, n_classes):
        super().__init__()
        self.bert = AutoModel.from_pretrained(NAME)
        self.drop = nn.Dropout(p=0.3)
        self.out = nn.Linear(768, n_classes)

    def forward(self, input_ids, attention_mask):
        hidden = self.bert(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        output = self.drop(hidden[:, 0])
        return self.out(output)


def train_epoch(model, data_loader, loss_fn, optimizer, device, scheduler):
    model.train()
    losses = []
    for d in data_loader:
        input_ids = d["input_ids"].to(device)
        attention_mask = d["attention_mask"].to(device)
        targets = d["targets"].to(device)
        outputs = model(input_ids=input_ids, attention_mask=attention_mask)
        loss = loss_fn(outputs, targets)
        losses.append(loss.item())
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
        optimizer.step()
        scheduler.step()
        optimizer.zero_grad()
    return sum(losses) / len(losses)


def eval_model(model, data_loader, device):
    model.eval()
    correct = 0
    with torch.no_grad():
        for d in data_loader:
            outputs = model(
                input_ids=d["input_ids"].to(device), attention_mask=d["attention_mask"].to(device)
            )
            _, preds = torch.max(outputs, dim=1)
            correct += torch.sum(preds == d["targets"].to(device)).item()
    return correct / len(data_loader.dataset)


def main():
    device = torch.device("cuda:0")
    tokenizer = AutoTokenizer.from_pretrained(NAME)

    def collate(batch):
        texts, labels = zip(*batch)
        encoded = tokenizer(list(texts), padding=True, truncation=True, max_length=MAX_LEN, return_tensors="pt")
        return {**encoded, "targets": torch.tensor(labels)}

    train_loader = DataLoader(torch.load("reviews_train.pt"), batch_size=16, shuffle=True, collate_fn=collate)
    val_loader = DataLoader(torch.load("reviews_val.pt"), batch_size=16, collate_fn=collate)
    model = SentimentClassifier(3).to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-5)
    scheduler = get_linear_schedule_with_warmup(
        optimizer, num_warmup_steps=100, num_training_steps=len(train_loader) * EPOCHS
    )
    loss_fn = nn.CrossEntropyLoss().to(device)
    for epoch in range(EPOCHS):
        loss = train_epoch(model, train_loader, loss_fn, optimizer, device, scheduler)
        print(f"{epoch + 1}/{EPOCHS} loss {loss:.3f} val {eval_model(model, val_loader, device):.3f}")


if __name__ == "__main__":
    main()
