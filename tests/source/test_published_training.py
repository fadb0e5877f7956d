"""Training as papers' repositories write it: what is right is left alone, and one edit that breaks it is found."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from nnlint import engine
from nnlint.config import Settings

HEAD = """
import torch
from torch import nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset
"""

RECOMMENDER = """
import pandas as pd

def read(test):
    train = pd.read_csv("train.rating", sep="\\t", names=["user", "item"])
    items = train["item"].max() + 1
    held = [[int(x) for x in line.split()] for line in open(test)]
    return train.values.tolist(), held, items

class Ratings(Dataset):
    def __init__(self, rows, items):
        self.rows, self.items = rows, items

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, n):
        return self.rows[n][0], self.rows[n][1], 1.0

train_rows, test_rows, items = read("test.negative")
train_loader = DataLoader(Ratings(train_rows, items), batch_size=256, shuffle=True)
test_loader = DataLoader(Ratings(test_rows, items), batch_size=100)
model = nn.Embedding(4000, 1)
optimizer = torch.optim.Adam(model.parameters())
for user, item, label in train_loader:
    optimizer.zero_grad()
    F.binary_cross_entropy_with_logits(model(user).squeeze(1), label.float()).backward()
    optimizer.step()
with torch.no_grad():
    for user, item, label in test_loader:
        print("test", model(user).topk(10))
"""

CRITIC = """
def train(loader, steps):
    critic = nn.Sequential(nn.Conv2d(3, 8, 4), nn.BatchNorm2d(8), nn.LeakyReLU(0.2), nn.Conv2d(8, 1, 1))
    maker = nn.Sequential(nn.ConvTranspose2d(64, 3, 4), nn.Tanh())
    to_judge = torch.optim.RMSprop(critic.parameters(), lr=5e-5)
    to_make = torch.optim.RMSprop(maker.parameters(), lr=5e-5)
    for real, _ in loader:
        for p in critic.parameters():
            p.requires_grad = True
        critic.zero_grad()
        noise = torch.randn(real.size(0), 64, 1, 1)
        loss = critic(maker(noise).detach()).mean() - critic(real).mean()
        loss.backward()
        to_judge.step()
        for p in critic.parameters():
            p.requires_grad = False
        maker.zero_grad()
        (-critic(maker(noise)).mean()).backward()
        to_make.step()
"""

OWN_FILE = """
from torch import load, save

net = nn.Linear(4, 2)
with open("state.pt", "wb") as f:
    save(net.state_dict(), f)
with open("state.pt", "rb") as f:
    net.load_state_dict(load(f))
"""

AGENT = """
import gym

class Value(nn.Module):
    def __init__(self, states, actions):
        super().__init__()
        self.hidden, self.out = nn.Linear(states + actions, 64), nn.Linear(64, 1)

    def forward(self, s, a):
        return self.out(F.relu(self.hidden(torch.cat([s, a], 1))))

def main(memory, start=1000):
    env, test_env = gym.make("Hopper"), gym.make("Hopper")
    one, two = Value(11, 3), Value(11, 3)
    weight = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.Adam(list(one.parameters()) + list(two.parameters()), lr=1e-3)
    tuned = torch.optim.Adam([weight], lr=1e-3)
    for step in range(100000):
        env.step(env.action_space.sample())
        if step > start:
            s, a, target = memory.sample(256)
            loss = F.mse_loss(one(s, a), target) + F.mse_loss(two(s, a), target) + weight.exp().sum()
            optimizer.zero_grad()
            tuned.zero_grad()
            loss.backward()
            optimizer.step()
            tuned.step()
        if step % 5000 == 0:
            test_env.step(test_env.action_space.sample())
"""

ONCE = """
def measure(loader):
    net = nn.Linear(4, 1)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for n, (x, y) in enumerate(loader):
        if n == 3:
            F.mse_loss(net(x), y).backward()
            optimizer.step()
            break
"""

LAUNCHED = """
from accelerate import Accelerator

def main(rows):
    accelerator = Accelerator()
    net = nn.Linear(8, 3)
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3)
    loader = DataLoader(rows, batch_size=32, shuffle=True)
    net, optimizer, loader = accelerator.prepare(net, optimizer, loader)
    for epoch in range(3):
        for x, y in loader:
            accelerator.backward(F.cross_entropy(net(x), y))
            optimizer.step()
            optimizer.zero_grad()
"""

GRAPH = """
class Mix(nn.Module):
    def __init__(self, before, after):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(before, after).uniform_(-0.1, 0.1))
        self.bias = nn.Parameter(torch.zeros(after))

    def forward(self, x, edges):
        return torch.spmm(edges, torch.mm(x, self.weight)) + self.bias

class Net(nn.Module):
    def __init__(self, before, classes):
        super().__init__()
        self.one, self.two = Mix(before, 16), Mix(16, classes)

    def forward(self, x, edges):
        x = F.dropout(x, 0.5, training=self.training)
        x = F.relu(self.one(x, edges))
        x = F.dropout(x, 0.5, training=self.training)
        return F.log_softmax(self.two(x, edges), dim=1)

def train(x, edges, labels, known):
    net = Net(x.shape[1], 7)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01, weight_decay=5e-4)
    for epoch in range(200):
        net.train()
        optimizer.zero_grad()
        F.nll_loss(net(x, edges)[known], labels[known]).backward()
        optimizer.step()
"""

NEXT_ITEM = """
class Sequences(nn.Module):
    def __init__(self, items, width=50):
        super().__init__()
        self.items = nn.Embedding(items, width)
        self.drop = nn.Dropout(0.5)
        self.norm = nn.LayerNorm(width)

    def encode(self, seen):
        return self.norm(self.drop(self.items(seen)))

    def forward(self, seen, wanted):
        return (self.encode(seen) * self.items(wanted)).sum(-1)

    def score(self, seen, candidates):
        return self.items(candidates) @ self.encode(seen)[:, -1].unsqueeze(-1)

@torch.no_grad()
def evaluate(model, users):
    return [model.score(seen, candidates).argsort() for seen, candidates in users]

def main(batches, users):
    model = Sequences(3000)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for epoch in range(200):
        model.train()
        for seen, wanted, label in batches:
            optimizer.zero_grad()
            F.binary_cross_entropy_with_logits(model(seen, wanted), label).backward()
            optimizer.step()
        model.eval()
        print(evaluate(model, users))
"""

CLOSURE = """
def fit(x, y):
    net = nn.Linear(4, 1)
    optimizer = torch.optim.LBFGS(net.parameters(), lr=0.8)
    for n in range(15):
        def closure():
            optimizer.zero_grad()
            loss = F.mse_loss(net(x), y)
            loss.backward()
            return loss
        optimizer.step(closure)
"""

ATTENTION = """
class Attention(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.q, self.k, self.v = nn.Linear(width, width), nn.Linear(width, width), nn.Linear(width, width)
        self.drop = nn.Dropout(0.1)

    def forward(self, x):
        scores = self.q(x) @ self.k(x).transpose(1, 2) / 8
        weights = scores.softmax(dim=-1)
        return self.drop(weights) @ self.v(x)

Attention(64)(torch.randn(2, 10, 64))
"""

SLOTS = """
class Slots(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.q, self.k, self.v = nn.Linear(width, width), nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, slots, x):
        shares = (self.q(slots) @ self.k(x).transpose(1, 2) / 8).softmax(dim=1)
        return (shares / shares.sum(dim=-1, keepdim=True)) @ self.v(x)

Slots(64)(torch.randn(2, 4, 64), torch.randn(2, 10, 64))
"""

CLASSES = """
class Layers(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.two = nn.Linear(784, 64), nn.Linear(64, 64)

    def predict(self, x):
        found = []
        for label in range(10):
            found += [self.two(F.relu(self.one(x + label))).pow(2).mean(1).unsqueeze(1)]
        return torch.cat(found, 1).argmax(1)

    def fit(self, x, y):
        optimizer = torch.optim.Adam(self.parameters(), lr=0.03)
        for n in range(1000):
            optimizer.zero_grad()
            F.cross_entropy(self.two(F.relu(self.one(x))), y).backward()
            optimizer.step()

net = Layers()
net.fit(torch.randn(100, 784), torch.zeros(100).long())
print(net.predict(torch.randn(100, 784)))
"""

GOOD = {
    "a number counted over other rows": ("TL510", RECOMMENDER),
    "a critic that rests": ("NR309", CRITIC),
    "a file that the program wrote": ("TL532", OWN_FILE),
    "two critics and a tuned number": ("TL501 OP406 TL503", AGENT),
    "one step, and out": ("TL501", ONCE),
    "a launched loop": ("TL501", LAUNCHED),
    "convolutions over a graph": ("HL103 NR307", GRAPH),
    "a model's own way of giving scores": ("TL505 TL507", NEXT_ITEM),
    "a closure": ("TL502", CLOSURE),
    "attention": ("AR621", ATTENTION),
    "attention of slots": ("AR621", SLOTS),
    "a list of one for each class": ("TL508", CLASSES),
}
BROKEN = (
    ("TL501", AGENT, "            optimizer.zero_grad()\n", ""),
    ("TL503", AGENT, "            optimizer.step()\n", ""),
    ("OP406", AGENT, "list(one.parameters()) + list(two.parameters())", "one.parameters()"),
    ("TL501", LAUNCHED, "            optimizer.zero_grad()\n", ""),
    ("HL103", GRAPH, "F.log_softmax(self.two(x, edges), dim=1)", "self.two(x, edges)"),
    (
        "NR307",
        GRAPH,
        "        x = F.dropout(x, 0.5, training=self.training)\n        r",
        "        x = F.dropout(x, 0.5)\n        r",
    ),
    ("TL505", NEXT_ITEM, "        model.eval()\n", ""),
    ("TL507", NEXT_ITEM, "@torch.no_grad()\n", ""),
    ("TL502", CLOSURE, "            loss.backward()\n", ""),
    ("AR621", ATTENTION, "dim=-1", "dim=1"),
)


@pytest.mark.parametrize("name", GOOD)
def test_good_training_is_left_alone(tmp_path: Path, name: str) -> None:
    codes, text = GOOD[name]
    assert not found(tmp_path, text) & set(codes.split())


@pytest.mark.parametrize(("code", "text", "old", "new"), BROKEN)
def test_one_edit_that_breaks_it_is_found(tmp_path: Path, code: str, text: str, old: str, new: str) -> None:
    assert old in text
    assert code in found(tmp_path, text.replace(old, new, 1))


def found(folder: Path, text: str) -> set[str]:
    path = folder / "train.py"
    path.write_text(textwrap.dedent(HEAD + text))
    return {finding.code for finding in engine.run([str(path)], Settings()).findings}
