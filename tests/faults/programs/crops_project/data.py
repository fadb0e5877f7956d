import pandas as pd
import torch
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from torch.utils.data import DataLoader, TensorDataset


def make_loaders(path, cfg):
    frame = pd.read_csv(path)
    X = frame.drop(columns=["yield"]).to_numpy()
    y = frame["yield"].to_numpy()
    X_tr, X_te, y_tr, y_te = train_test_split(X, y, test_size=0.2, random_state=cfg.seed)
    scaler = StandardScaler()
    X_tr = scaler.fit_transform(X_tr)
    X_te = scaler.transform(X_te)
    mean, std = y_tr.mean(), y_tr.std()
    train = TensorDataset(torch.Tensor(X_tr), torch.Tensor((y_tr - mean) / std))
    test = TensorDataset(torch.Tensor(X_te), torch.Tensor((y_te - mean) / std))
    return (
        DataLoader(train, batch_size=cfg.batch_size, shuffle=True),
        DataLoader(test, batch_size=cfg.batch_size),
    )
