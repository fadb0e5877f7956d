"""Classes of wine with scikit-learn around a plain nn.Sequential, k-fold."""

import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import load_wine
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import StandardScaler

X, y = load_wine(return_X_y=True)
scores = []

for fold, (train_idx, test_idx) in enumerate(StratifiedKFold(5, shuffle=True, random_state=0).split(X, y)):
    scaler = StandardScaler().fit(X[train_idx])
    X_train = torch.tensor(scaler.transform(X[train_idx]), dtype=torch.float32)
    X_test = torch.tensor(scaler.transform(X[test_idx]), dtype=torch.float32)
    y_train, y_test = torch.tensor(y[train_idx]), torch.tensor(y[test_idx])

    model = nn.Sequential(
        nn.Linear(13, 32),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Linear(32, 16),
        nn.ReLU(),
        nn.Linear(16, 3),
    )
    loss_fn = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)

    for epoch in range(100):
        model.train()
        y_pred = model(X_train)
        loss = loss_fn(y_pred, y_train)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    model.eval()
    with torch.no_grad():
        accuracy = (model(X_test).argmax(dim=1) == y_test).float().mean().item()
    scores.append(accuracy)
    print(f"fold {fold}: loss {loss.item():.3f}, accuracy {accuracy:.3f}")

print(f"mean accuracy {np.mean(scores):.3f}")
