"""Programs that an audit of the checks on networks found misread: each line says what is to be found there."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import dedent

import pytest

from nnlint import engine
from nnlint.config import Settings

TORCH = """
import torch
import torch.nn as nn
import torch.nn.functional as F
"""
KERAS = """
import tensorflow as tf
from tensorflow.keras import layers
"""

PROGRAMS: dict[str, str] = {
    "a rate that only one mode sets": """
        class Attention(nn.Module):
            def __init__(self, width=32, p=0.1):
                super().__init__()
                self.qkv, self.p = nn.Linear(width, 3 * width), p

            def forward(self, x):
                q, k, v = self.qkv(x).chunk(3, -1)
                rate = 0.0
                if self.training:
                    rate = self.p
                return F.scaled_dot_product_attention(q, k, v, dropout_p=rate)
    """,
    "dropout of tensorflow knows no mode": """
        class Net(tf.keras.Model):
            def __init__(self):
                super().__init__()
                self.one, self.two = layers.Dense(32, activation="relu"), layers.Dense(4)

            def call(self, x, training=False):
                h = self.one(x)
                if training:
                    h = tf.nn.dropout(h, rate=0.1)
                return self.two(tf.nn.dropout(h, rate=0.3))  # NR307
    """,
    "the second factor is turned": """
        class Attention(layers.Layer):
            def __init__(self, width, scale):
                super().__init__()
                self.q, self.k, self.v = (layers.Dense(width) for _ in range(3))
                self.scale = scale

            def call(self, x):
                scores = tf.matmul(self.q(x), self.k(x), transpose_b=True)  # AR615
                return tf.matmul(tf.nn.softmax(scores, axis=-1), self.v(x))

        inputs = tf.keras.Input((50, 64))
        model = tf.keras.Model(inputs, layers.Dense(2)(Attention(64, 8.0)(inputs)[:, 0]))
        model.compile("adam", "mse")
    """,
    "frames that are merged and taken apart": """
        class Video(nn.Module):
            def __init__(self, first=False):
                super().__init__()
                self.frame, self.gru = nn.Linear(64, 32), nn.GRU(32, 32, batch_first=True)

            def forward(self, clips):
                b, t = clips.shape[:2]
                good = self.gru(self.frame(clips.view(b * t, 64)).relu().view(b, t, 32))[0]
                timed = self.frame(clips.transpose(0, 1).reshape(t * b, 64)).view(t, b, 32)
                mixed = self.frame(clips.view(b * t, 64)).relu().view(t, b, 32)  # AR605
                return good, timed, self.gru(mixed)[0]
    """,
    "a loss that is made to require a gradient": """
        net = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4))
        optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
        for _ in range(9):
            x, y = torch.randn(16, 8), torch.randint(0, 4, (16,))
            optimizer.zero_grad()
            loss = (net(x).argmax(1) != y).float().mean()  # HL114
            loss.requires_grad_(True)
            loss.backward()
            optimizer.step()
            print(loss.item())
    """,
    "what the recurrent layer gives is moved": """
        class Steps(nn.Module):
            def __init__(self):
                super().__init__()
                self.rnn, self.out = nn.GRU(6, 8), nn.Linear(8 * 12, 3)

            def forward(self, x):
                h, _ = self.rnn(x.transpose(0, 1))
                kept = h.transpose(0, 1).reshape(len(x), -1)
                return self.out(kept) + self.out(h.transpose(0, 1).view(len(x), -1))  # AR620

        scores = Steps()(torch.randn(4, 12, 6))
    """,
    "tensors and functions instead of modules": """
        w1 = torch.randn(784, 256, requires_grad=True)  # SP202
        b1 = torch.zeros(256, requires_grad=True)
        w2 = (torch.randn(256, 10) / 16).requires_grad_()
        x, y = torch.randn(64, 784), torch.randint(0, 10, (64,))
        for _ in range(9):
            loss = F.cross_entropy(torch.sigmoid(x @ w1 + b1) @ w2, y) + 1e-4 * w1.pow(2).sum()
            loss.backward()
            with torch.no_grad():
                for p in (w1, b1, w2):
                    p -= 0.1 * p.grad
                    p.grad.zero_()
            print(loss.item())
    """,
    "tensors that all start alike": """
        def params(sizes):
            return [torch.ones(a, b, requires_grad=True) for a, b in zip(sizes, sizes[1:])]  # SP201

        layers = params([6, 16, 3])
        start = torch.zeros(6, 1, requires_grad=True)
        x, y = torch.randn(20, 6), torch.randint(0, 3, (20,))
        optimizer = torch.optim.SGD([*layers, start], lr=0.1, momentum=0.9)
        for _ in range(9):
            scores = torch.sigmoid(x @ layers[0]) @ layers[1] + x @ start
            loss = F.cross_entropy(scores, y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            print(loss.item())
    """,
    "weights for classes without an output": """
        net = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4))
        x, y = torch.randn(8, 8), torch.randint(0, 3, (8,))
        good = F.cross_entropy(net(x), y, weight=torch.ones(4))
        loss = good + nn.CrossEntropyLoss(weight=torch.tensor([0.2, 0.3, 0.5]))(net(x), y)  # HL110
        loss.backward()
    """,
    "a penalty on what is rectified": """
        encoder = nn.Sequential(nn.Linear(10, 32), nn.ReLU())
        decoder = nn.Linear(32, 10)
        x = torch.randn(8, 10)
        code = encoder(x)
        loss = F.mse_loss(decoder(code), x) + 1e-3 * code.abs().mean()
        loss.backward()
    """,
    "a class of its own for a norm of the library": """
        class Norm(nn.BatchNorm2d):
            def __init__(self, channels):
                super().__init__(channels, momentum=0.99)

        body = nn.Sequential(nn.Conv2d(3, 8, 3), Norm(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1))  # NR313
        head = nn.Linear(8, 2)
        loss = F.cross_entropy(head(body(torch.randn(4, 3, 8, 8)).flatten(1)), torch.zeros(4).long())
        loss.backward()
    """,
    "dropout over what a sigmoid gave": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.one, self.two = nn.Linear(8, 32), nn.Linear(32, 2)

            def forward(self, x):
                x = F.dropout(self.one(x), 0.1, self.training, inplace=True)
                x = torch.sigmoid(x)
                return self.two(F.dropout(x, 0.3, self.training, inplace=True))  # AR617

        F.cross_entropy(Net()(torch.randn(4, 8)), torch.zeros(4).long()).backward()
    """,
    "variables of tensorflow": """
        def variables(sizes):
            made = [tf.Variable(tf.random.normal([a, b], stddev=0.1)) for a, b in zip(sizes, sizes[1:])]
            return made, tf.Variable(tf.ones([sizes[0], sizes[-1]]))  # SP201

        (first, second), skip = variables([20, 32, 3])
        optimizer = tf.keras.optimizers.SGD(0.1, momentum=0.9)
        for _ in range(20):
            x, y = tf.random.normal((16, 20)), tf.random.uniform((16,), maxval=3, dtype=tf.int32)
            with tf.GradientTape() as tape:
                scores = tf.nn.relu(x @ first) @ second + x @ skip @ second  # AR601
                loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, scores))
            variables_of = [first, second, skip]
            optimizer.apply_gradients(zip(tape.gradient(loss, variables_of), variables_of))
            print(float(loss))
    """,
    "a ready-made body without its head": """
        import torchvision

        class Net(nn.Module):
            def __init__(self, classes=4):
                super().__init__()
                body = torchvision.models.resnet18(weights="DEFAULT")
                self.pooled = nn.Sequential(*list(body.children())[:-1])
                self.maps = nn.Sequential(*list(body.children())[:-2])
                self.point, self.head = nn.Conv2d(512, classes, 1), nn.Linear(512, classes)

            def forward(self, x):
                good = self.head(self.pooled(x).flatten(1)) + self.point(self.maps(x)).mean((2, 3))
                return good, self.head(self.pooled(x))  # AR602

        scores, others = Net()(torch.randn(2, 3, 224, 224))
    """,
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_what_is_broken_is_found_where_it_stands(name: str, tmp_path: Path) -> None:
    text = dedent(PROGRAMS[name])
    source = (KERAS if "tf." in text else TORCH) + text
    (tmp_path / "main.py").write_text(source)
    expected = {
        (number, code)
        for number, line in enumerate(source.splitlines(), 1)
        for code in re.findall(r"# ([A-Z]{2}\d{3})$", line)
    }
    result = engine.run([str(tmp_path / "main.py")], Settings())
    found = {(f.place.line, f.code) for f in result.findings if f.level.rank > 0}
    assert found == expected
