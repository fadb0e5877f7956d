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
