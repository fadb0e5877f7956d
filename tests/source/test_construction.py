"""How models are put together in real programs, and what the reader makes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from source.reading import kinds, network, output

FORWARD = """
    def forward(self, x):
        return self.net(x)
"""

CONSTRUCTIONS = {
    "a list of layers spread into Sequential": """
        class Net(nn.Module):
            def __init__(self, sizes=(8, 16, 4)):
                super().__init__()
                layers = []
                for a, b in zip(sizes[:-1], sizes[1:]):
                    layers += [nn.Linear(a, b), nn.ReLU()]
                self.net = nn.Sequential(*layers[:-1])
    """,
    "comprehension in a ModuleList": """
        class Net(nn.Module):
            def __init__(self, widths=[8, 16, 4]):
                super().__init__()
                self.layers = nn.ModuleList([nn.Linear(a, b) for a, b in zip(widths, widths[1:])])
            def net(self, x):
                for n, layer in enumerate(self.layers):
                    x = layer(x)
                    if n < len(self.layers) - 1:
                        x = F.relu(x)
                return x
    """,
    "activation by name out of a dict": """
        ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh}
        class Net(nn.Module):
            def __init__(self, act="relu"):
                super().__init__()
                self.net = nn.Sequential(nn.Linear(8, 16), ACTIVATIONS[act](), nn.Linear(16, 4))
    """,
    "activation by getattr": """
        class Net(nn.Module):
            def __init__(self, act="ReLU"):
                super().__init__()
                self.net = nn.Sequential(nn.Linear(8, 16), getattr(nn, act)(), nn.Linear(16, 4))
    """,
    "a factory chosen by if": """
        def activation(name):
            if name == "relu":
                return nn.ReLU()
            elif name == "gelu":
                return nn.GELU()
            raise ValueError(name)
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.net = nn.Sequential(nn.Linear(8, 16), activation("relu"), nn.Linear(16, 4))
    """,
    "a factory chosen by match": """
        def activation(name):
            match name:
                case "gelu":
                    return nn.GELU()
                case "relu" | "ReLU":
                    return nn.ReLU()
                case _:
                    raise ValueError
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.net = nn.Sequential(nn.Linear(8, 16), activation("relu"), nn.Linear(16, 4))
    """,
    "partial": """
        from functools import partial
        Wide = partial(nn.Linear, 8)
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.net = nn.Sequential(Wide(16), nn.ReLU(), nn.Linear(out_features=4, in_features=16))
    """,
    "a dataclass as configuration": """
        from dataclasses import dataclass, field
        @dataclass
        class Config:
            inputs: int = 8
            hidden: int = 16
            outputs: int = field(default=4)
        class Net(nn.Module):
            def __init__(self, config=Config()):
                super().__init__()
                c = config
                self.net = nn.Sequential(nn.Linear(c.inputs, c.hidden), nn.ReLU(), nn.Linear(c.hidden, c.outputs))
    """,
    "argparse defaults": """
        import argparse
        parser = argparse.ArgumentParser()
        parser.add_argument("--hidden-size", type=int, default=16)
        parser.add_argument("--out", default="4", type=int)
        args = parser.parse_args()
        class Net(nn.Module):
            def __init__(self, hidden, out):
                super().__init__()
                self.net = nn.Sequential(nn.Linear(8, hidden), nn.ReLU(), nn.Linear(hidden, out))
        model = Net(args.hidden_size, args.out)
    """,
    "OrderedDict with f-string keys": """
        from collections import OrderedDict
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                parts = OrderedDict()
                for n, (a, b) in enumerate([(8, 16), (16, 4)]):
                    parts[f"fc{n}"] = nn.Linear(a, b)
                    if n == 0:
                        parts[f"act{n}"] = nn.ReLU()
                self.net = nn.Sequential(parts)
    """,
    "inheritance with super and a hook method": """
        class Base(nn.Module):
            def __init__(self, hidden):
                super().__init__()
                self.hidden = hidden
                self.net = self.build()
            def build(self):
                raise NotImplementedError
        class Net(Base):
            def __init__(self):
                super().__init__(hidden=16)
            def build(self):
                return nn.Sequential(nn.Linear(8, self.hidden), nn.ReLU(), nn.Linear(self.hidden, 4))
    """,
    "surgery on the last layer": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.net = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 10))
        model = Net()
        model.net[2] = nn.Linear(16, 4)
    """,
    "add_module in a loop": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.net = nn.Sequential()
                self.net.add_module("a", nn.Linear(8, 16))
                self.net.add_module("r", nn.ReLU())
                self.net.append(nn.Linear(16, 4))
    """,
    "closures and lambdas": """
        def maker(width):
            return lambda n: nn.Linear(n, width)
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.net = nn.Sequential(maker(16)(8), nn.ReLU(), maker(4)(16))
    """,
    "walrus and while": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                width, layers = 8, []
                while (nxt := width * 2) <= 16:
                    layers.append(nn.Linear(width, nxt))
                    width = nxt
                self.net = nn.Sequential(*layers, nn.ReLU(), nn.Linear(width, 4))
    """,
    "a registry filled by a decorator": """
        REGISTRY = {}
        def register(name):
            def wrap(cls):
                REGISTRY[name] = cls
                return cls
            return wrap
        @register("mlp")
        class Mlp(nn.Module):
            def __init__(self, hidden=16):
                super().__init__()
                self.body = nn.Sequential(nn.Linear(8, hidden), nn.ReLU(), nn.Linear(hidden, 4))
            def forward(self, x):
                return self.body(x)
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.net = REGISTRY["mlp"]()
    """,
}


@pytest.mark.parametrize("name", CONSTRUCTIONS)
def test_the_same_network_is_seen_however_it_is_built(name: str, tmp_path: Path) -> None:
    source = CONSTRUCTIONS[name]
    at = source.index("class Net(")
    end = source.find("\n        model", at)
    parts = (source[:end], source[end:]) if end > 0 else (source, "")
    found = network(tmp_path, parts[0] + FORWARD.replace("\n    ", "\n            ") + parts[1])
    assert kinds(found) == ["linear", "relu", "linear"]
    assert (str(found.outputs[0].shape), found.parameter_count) == ("(…, 4)", 8 * 16 + 16 + 16 * 4 + 4)


def test_layers_have_their_dotted_names(tmp_path: Path) -> None:
    found = network(
        tmp_path,
        """
        class Block(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 3, 1)
            def forward(self, x):
                return self.conv(x)
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.blocks = nn.ModuleDict({"stem": Block(), "tail": nn.Sequential(Block())})
            def forward(self, x):
                return self.blocks["tail"](self.blocks["stem"](x))
        """,
    )
    assert [layer.name for layer in found.layers] == ["blocks.stem.conv", "blocks.tail.0.conv"]


def test_undecided_branches_are_joined(tmp_path: Path) -> None:
    shape = output(
        tmp_path,
        """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.a, self.b = nn.Linear(8, 4), nn.Linear(8, 4)
            def forward(self, x):
                if x.sum() > 0:
                    y = self.a(x)
                else:
                    y = self.b(x)
                return y
        """,
    )
    assert shape == "(…, 4)"


def test_an_alternative_that_is_not_the_default_is_not_taken(tmp_path: Path) -> None:
    found = network(
        tmp_path,
        """
        class Net(nn.Module):
            def __init__(self, probabilities=False):
                super().__init__()
                self.fc, self.probabilities = nn.Linear(8, 4), probabilities
            def forward(self, x):
                x = self.fc(x)
                return x.softmax(-1) if self.probabilities else x
        """,
    )
    assert kinds(found) == ["linear"]


def test_what_is_unknown_stays_unknown(tmp_path: Path) -> None:
    found = network(
        tmp_path,
        """
        from somewhere import mystery
        class Net(nn.Module):
            def __init__(self, width):
                super().__init__()
                self.fc = nn.Linear(width, 4)
            def forward(self, x):
                return mystery(self.fc(x))
        """,
    )
    assert not found.understood
    assert found.parameter_count is None


HEAD = """
    from .sizes import OUT
    class Head(nn.Module):
        def __init__(self, n):
            super().__init__()
            self.fc = nn.Linear(n, OUT)
        def forward(self, x):
            return self.fc(x)
"""


@pytest.mark.parametrize(
    "imports",
    [
        "from net.blocks import Head",
        "from net import Head",
        "import net.blocks as b; Head = b.Head",
        "from net import *",
    ],
)
def test_models_are_followed_over_files(imports: str, tmp_path: Path) -> None:
    shape = output(
        tmp_path,
        f"""
        {imports}
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.head = Head(8)
            def forward(self, x):
                return self.head(x)
        """,
        **{
            "net/__init__": "from .blocks import Head\n__all__ = ['Head']",
            "net/blocks": HEAD,
            "net/sizes": "OUT = 4",
        },
    )
    assert shape == "(…, 4)"


def test_circular_imports_end(tmp_path: Path) -> None:
    shape = output(
        tmp_path,
        """
        import other
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(8, other.WIDTH)
            def forward(self, x):
                return self.fc(x)
        """,
        other="import main\nWIDTH = 4",
    )
    assert shape == "(…, 4)"
