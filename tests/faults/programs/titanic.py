"""Who survived: one logit, and the sigmoid only where probabilities are shown."""

import pandas as pd
import torch
import torch.nn as nn
from sklearn.metrics import accuracy_score, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

device = "cuda" if torch.cuda.is_available() else "cpu"


def load():
    data = pd.read_csv("titanic.csv")
    data["Sex"] = (data["Sex"] == "female").astype(float)
    data["Age"] = data["Age"].fillna(30)
    features = data[["Pclass", "Sex", "Age", "SibSp", "Parch", "Fare"]]
    target = data["Survived"]
    x_train, x_test, y_train, y_test = train_test_split(
        features, target, test_size=0.25, random_state=0, stratify=target
    )
    sc = StandardScaler()
    x_train = sc.fit_transform(x_train)
    x_test = sc.transform(x_test)
    tensors = [torch.from_numpy(a).float() for a in (x_train, x_test)]
    labels = [torch.from_numpy(a.to_numpy()).float() for a in (y_train, y_test)]
    return *tensors, *labels


class Classifier(nn.Module):
    def __init__(self, in_dim=6):
        super().__init__()
        self.fc1 = nn.Linear(in_dim, 32)
        self.fc2 = nn.Linear(32, 16)
        self.out = nn.Linear(16, 1)
        self.act = nn.ReLU()
        self.drop = nn.Dropout(p=0.3)

    def forward(self, x):
        h = self.act(self.fc1(x))
        h = self.drop(h)
        h = self.act(self.fc2(h))
        return self.out(h).squeeze(1)


def main():
    x_train, x_test, y_train, y_test = load()
    model = Classifier().to(device)
    criterion = nn.BCEWithLogitsLoss()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for epoch in range(200):
        model.train()
        perm = torch.randperm(len(x_train))
        for start in range(0, len(x_train), 64):
            idx = perm[start : start + 64]
            xb, yb = x_train[idx].to(device), y_train[idx].to(device)
            logits = model(xb)
            loss = criterion(logits, yb)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        if epoch % 20 == 0:
            model.eval()
            with torch.no_grad():
                logits = model(x_test.to(device))
                probs = torch.sigmoid(logits).cpu()
                acc = accuracy_score(y_test, probs > 0.5)
                auc = roc_auc_score(y_test, probs)
            print(f"{epoch:3d} acc {acc:.3f} auc {auc:.3f}")


if __name__ == "__main__":
    main()
