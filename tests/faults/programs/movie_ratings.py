"""Ratings of movies from embeddings of users and movies."""

import pandas as pd
import torch
from sklearn.model_selection import train_test_split
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Ratings(Dataset):
    def __init__(self, frame):
        self.users = torch.tensor(frame["user"].values)
        self.movies = torch.tensor(frame["movie"].values)
        self.ratings = torch.tensor(frame["rating"].values, dtype=torch.float32)

    def __len__(self):
        return len(self.ratings)

    def __getitem__(self, i):
        return self.users[i], self.movies[i], self.ratings[i]


class Recommender(nn.Module):
    def __init__(self, n_users, n_movies, n_factors=32):
        super().__init__()
        self.user_factors = nn.Embedding(n_users, n_factors)
        self.movie_factors = nn.Embedding(n_movies, n_factors)
        self.hidden = nn.Linear(2 * n_factors, 64)
        self.dropout = nn.Dropout(0.2)
        self.output = nn.Linear(64, 1)

    def forward(self, user, movie):
        pair = torch.cat([self.user_factors(user), self.movie_factors(movie)], dim=1)
        hidden = torch.relu(self.hidden(pair))
        return self.output(self.dropout(hidden)).squeeze(1)


def main(path="ratings.csv", epochs=10):
    frame = pd.read_csv(path)
    frame["user"] = frame["userId"].astype("category").cat.codes.astype("int64")
    frame["movie"] = frame["movieId"].astype("category").cat.codes.astype("int64")
    train_frame, test_frame = train_test_split(frame, test_size=0.1, random_state=1)
    train_loader = DataLoader(Ratings(train_frame), batch_size=1024, shuffle=True)
    test_loader = DataLoader(Ratings(test_frame), batch_size=4096)
    model = Recommender(frame["user"].nunique(), frame["movie"].nunique())
    optimizer = torch.optim.Adam(model.parameters(), lr=0.002, weight_decay=1e-6)
    loss_fn = nn.SmoothL1Loss()
    for epoch in range(epochs):
        model.train()
        for user, movie, rating in train_loader:
            prediction = model(user, movie)
            loss = loss_fn(prediction, rating)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            errors = [((model(u, m) - r) ** 2).mean().item() for u, m, r in test_loader]
        print(f"epoch {epoch}: rmse {(sum(errors) / len(errors)) ** 0.5:.3f}")


if __name__ == "__main__":
    main()
