"""Which shapes stand beside which lines."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from nnlint import engine
from nnlint.config import Settings
from nnlint.server.hints import hints

Shown = Callable[[str], dict[str, list[str]]]
HEAD = "import torch\nfrom torch import nn\nimport torch.nn.functional as F\n\n"


@pytest.fixture
def shown(tmp_path: Path) -> Shown:
    """The labels by the text of the line, for a program."""

    def labels(program: str) -> dict[str, list[str]]:
        file = tmp_path / "model.py"
        text = HEAD + dedent(program)
        file.write_text(text)
        result = engine.run([str(file)], Settings())
        assert result.failures == ()
        found: dict[str, list[str]] = {}
        for hint in hints(result.evidence, file):
            found.setdefault(text.split("\n")[hint.place.end_line - 1].strip(), []).append(hint.label)
        return found

    return labels


def test_block_that_is_called_twice_has_both_shapes_and_its_calls_one(shown: Shown) -> None:
    found = shown(
        """\
        class Block(nn.Module):
            def __init__(self, inputs, outputs):
                super().__init__()
                self.conv = nn.Conv2d(inputs, outputs, 3, padding=1)

            def forward(self, maps):
                return F.max_pool2d(F.relu(self.conv(maps)), 2)

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.first, self.second = Block(3, 8), Block(8, 16)

            def forward(self, x):
                x = self.first(x)
                return self.second(x)

        Net()(torch.randn(4, 3, 32, 32))
        """
    )
    assert found == {
        "def forward(self, maps):": ["(4, 3, 32, 32) | (4, 8, 16, 16)"],
        "return F.max_pool2d(F.relu(self.conv(maps)), 2)": ["(4, 8, 16, 16) | (4, 16, 8, 8)"],
        "def forward(self, x):": ["(4, 3, 32, 32)"],
        "x = self.first(x)": ["(4, 8, 16, 16)"],
        "return self.second(x)": ["(4, 16, 8, 8)"],
        "Net()(torch.randn(4, 3, 32, 32))": ["(4, 16, 8, 8)"],
    }


def test_model_that_nothing_calls_shows_what_its_layers_tell(shown: Shown) -> None:
    found = shown(
        """\
        class Net(nn.Module):
            def __init__(self, width):
                super().__init__()
                self.embedding, self.lstm = nn.Embedding(100, 32), nn.LSTM(32, 64, batch_first=True)
                self.fc, self.unknown = nn.Linear(64, 5), nn.Linear(width, width)

            def forward(self, tokens, other):
                x, (h, c) = self.lstm(self.embedding(tokens))
                flat = other.view(other.size(0), -1)
                return self.fc(x[:, -1]), self.unknown(other)
        """
    )
    assert found == {
        "x, (h, c) = self.lstm(self.embedding(tokens))": ["(?, ?, 64)"],
        "flat = other.view(other.size(0), -1)": ["(?, ?)"],
        "return self.fc(x[:, -1]), self.unknown(other)": ["(?, 5)", "(…, ?)"],
    }


def test_layers_of_a_loop_show_the_first_and_the_last_of_many_shapes(shown: Shown) -> None:
    found = shown(
        """\
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.layers = nn.ModuleList(nn.Linear(2**n, 2 ** (n - 1)) for n in range(6, 0, -1))

            def forward(self, x):
                for layer in self.layers:
                    x = torch.relu(layer(x))
                return x

        Net()(torch.zeros(3, 64))
        """
    )
    assert found["x = torch.relu(layer(x))"] == ["(3, 32) | … | (3, 1)"]
