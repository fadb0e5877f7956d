"""Random networks as source text, in the styles that people write them in.

``write`` draws a network: a chain of steps that each know the shape they get and make sure that it suits
them. What a step gives is not computed here: torch says it, and the reader is asked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

Draw = Callable[[st.SearchStrategy[Any]], Any]
Sizes = tuple[int, ...]


@dataclass
class Writing:
    """A network under way: layers of ``__init__``, lines of ``forward``, the shape that ``x`` has now."""

    draw: Draw
    sizes: Sizes
    layers: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def number(self, low: int, high: int) -> int:
        return int(self.draw(st.integers(low, high)))

    def one(self, *options: Any) -> Any:
        return self.draw(st.sampled_from(options))

    def layer(self, code: str) -> str:
        """A new layer; what the forward calls."""
        self.layers.append(code)
        return f"self.l{len(self.layers) - 1}"

    def line(self, code: str) -> None:
        self.lines.append(code)


Step = Callable[[Writing], None]


# on features (N, T, C) or (N, C)


def linear(w: Writing) -> None:
    out = w.number(2, 6)
    bias = w.one("", ", bias=False")
    w.line(f"x = {w.layer(f'nn.Linear({w.sizes[-1]}, {out}{bias})')}(x)")
    w.sizes = (*w.sizes[:-1], out)


def activation(w: Writing) -> None:
    names = ("relu", "tanh", "sigmoid", "gelu", "silu", "elu", "softplus", "leaky_relu", "hardtanh", "relu6")
    classes = ("ReLU", "Tanh", "Sigmoid", "GELU", "SiLU", "ELU", "LeakyReLU", "Softplus", "Hardswish", "Mish")
    if w.one(True, False):
        w.line(f"x = F.{w.one(*names)}(x)")
    else:
        w.line(f"x = {w.layer(f'nn.{w.one(*classes)}()')}(x)")


def softmax(w: Writing) -> None:
    w.line(w.one("x = x.softmax(dim=-1)", "x = F.softmax(x, dim=-1)", "x = torch.log_softmax(x, -1)"))


def norm(w: Writing) -> None:
    w.line(f"x = {w.layer(f'nn.LayerNorm({w.sizes[-1]})')}(x)")


def residual(w: Writing) -> None:
    width = w.sizes[-1]
    inner = w.layer(
        f"nn.Sequential(nn.Linear({width}, {width * 2}), nn.ReLU(), nn.Linear({width * 2}, {width}))"
    )
    w.line(w.one(f"x = x + {inner}(x)", f"x = {inner}(x).add(x)", f"x += {inner}(x)"))


def stacked_loop(w: Writing) -> None:
    width, count = w.sizes[-1], w.number(1, 3)
    layers = w.layer(f"nn.ModuleList([nn.Linear({width}, {width}) for _ in range({count})])")
    w.line(f"for n, layer in enumerate({layers}):")
    w.line("    x = F.relu(layer(x)) if n else layer(x)")


def rearrangement(w: Writing) -> None:
    """Steps that keep (batch, ..., features) whatever there is between."""
    n, c = w.sizes[0], w.sizes[-1]
    rank = len(w.sizes)
    kind = w.one(
        "split", "chunk", "stack", "cat", "unsqueeze", "flatten", "expand", "repeat", "index", "roll"
    )
    if kind == "split" and c > 1:
        cut = w.number(1, c - 1)
        w.line(f"a, b = torch.split(x, [{cut}, {c - cut}], dim=-1)")
        w.line("x = torch.cat((b, a), dim=-1)")
    elif kind == "chunk" and c > 1:
        w.line("parts = x.chunk(2, dim=-1)")
        w.line("x = parts[0]")
        w.sizes = (*w.sizes[:-1], -(-c // 2))
    elif kind == "stack":
        w.line("x = torch.stack([x, x * 2], dim=1).mean(1)")
    elif kind == "cat":
        w.line(f"x = torch.cat([x, x], dim={w.one('-1', rank - 1)})")
        w.sizes = (*w.sizes[:-1], c * 2)
    elif kind == "unsqueeze":
        w.line(w.one("x = x.unsqueeze(1).squeeze(1)", "x = x[:, None][:, 0]", "x = x[..., None].squeeze(-1)"))
    elif kind == "flatten" and rank > 2:
        w.line(w.one("x = x.flatten(1)", "x = torch.flatten(x, 1)", "x = x.view(x.size(0), -1)"))
        total = 1
        for size in w.sizes[1:]:
            total *= size
        w.sizes = (n, total)
    elif kind == "expand":
        w.line(f"x = x.unsqueeze(1).expand(-1, 3, *[-1] * {rank - 1}).sum(dim=1)")
    elif kind == "repeat":
        ones = ", ".join(["1"] * (rank - 1))
        w.line(f"x = x.repeat({ones}, 2)")
        w.sizes = (*w.sizes[:-1], c * 2)
    elif kind == "index":
        cut = w.number(1, c)
        w.line(f"x = x[..., :{cut}]")
        w.sizes = (*w.sizes[:-1], cut)
    else:
        w.line("x = torch.roll(x, 1, -1)")


# on sequences (N, T, C)


def recurrent(w: Writing) -> None:
    kind, hidden, both = w.one("RNN", "LSTM", "GRU"), w.number(2, 4), w.one(True, False)
    layers, project = w.number(1, 2), w.one(True, False) and kind == "LSTM" and hidden > 2
    more = f", num_layers={layers}, bidirectional={both}" + (", proj_size=2" if project else "")
    first = w.one(True, False)
    layer = w.layer(f"nn.{kind}({w.sizes[-1]}, {hidden}{more}, batch_first={first})")
    width = (2 if project else hidden) * (2 if both else 1)
    into = "x" if first else "x.transpose(0, 1)"
    if w.one(True, False):
        w.line(f"x, state = {layer}({into})")
        if not first:
            w.line("x = x.transpose(0, 1)")
        w.sizes = (*w.sizes[:-1], width)
    else:
        w.line(f"_, state = {layer}({into})")
        w.line("x = state[0][-1]" if kind == "LSTM" else "x = state[-1]")
        w.sizes = (w.sizes[0], 2 if project else hidden)


def attention(w: Writing) -> None:
    c = w.sizes[-1]
    if c % 2:
        linear(w)
        return
    if w.one(True, False):
        layer = w.layer(f"nn.MultiheadAttention({c}, 2, batch_first=True)")
        w.line(w.one(f"x, weights = {layer}(x, x, x)", f"x = {layer}(x, x, x, need_weights=False)[0]"))
        return
    qkv, out = w.layer(f"nn.Linear({c}, {3 * c})"), w.layer(f"nn.Linear({c}, {c})")
    w.line("b, t, c = x.shape")
    w.line(f"q, k, v = {qkv}(x).view(b, t, 3, 2, c // 2).permute(2, 0, 3, 1, 4)")
    w.line(
        w.one(
            "scores = q @ k.transpose(-2, -1) * (c // 2) ** -0.5",
            "scores = torch.matmul(q, k.transpose(2, 3)) / math.sqrt(c // 2)",
            "scores = torch.einsum('bhid,bhjd->bhij', q, k)",
        )
    )
    w.line(
        w.one("y = scores.softmax(-1) @ v", "y = torch.einsum('bhij,bhjd->bhid', F.softmax(scores, -1), v)")
    )
    w.line(f"x = {out}(y.transpose(1, 2).{w.one('reshape', 'contiguous().view')}(b, t, c))")


def encoder(w: Writing) -> None:
    c = w.sizes[-1]
    if c % 2:
        linear(w)
        return
    block = f"nn.TransformerEncoderLayer({c}, 2, {c * 2}, batch_first=True)"
    layer = w.layer(w.one(block, f"nn.TransformerEncoder({block}, {w.number(1, 2)})"))
    w.line(f"x = {layer}(x)")


def pooled_steps(w: Writing) -> None:
    w.line(
        w.one(
            "x = x.mean(dim=1)", "x = x.max(dim=1).values", "x = x[:, -1]", "x = x.sum(1)", "x = x[:, 0, :]"
        )
    )
    w.sizes = (w.sizes[0], w.sizes[-1])


# on images (N, C, H, W)


def _out(size: int, kernel: int, stride: int, padding: int, dilation: int) -> int:
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


def conv(w: Writing) -> None:
    n, c, h, width = w.sizes
    kernel, stride, dilation = w.number(1, 3), w.number(1, 2), w.number(1, 2)
    padding, out = w.number(0, 2), w.number(1, 3) * c
    if min(_out(s, kernel, stride, padding, dilation) for s in (h, width)) < 1:
        return
    groups = w.one(1, c)
    more = f"stride={stride}, padding={padding}, dilation={dilation}, groups={groups}"
    w.line(f"x = {w.layer(f'nn.Conv2d({c}, {out}, {kernel}, {more})')}(x)")
    sides = (_out(s, kernel, stride, padding, dilation) for s in (h, width))
    w.sizes = (n, out, *sides)


def transposed(w: Writing) -> None:
    n, c, h, width = w.sizes
    if h * width > 400:
        return
    out = w.number(1, 4)
    w.line(f"x = {w.layer(f'nn.ConvTranspose2d({c}, {out}, 2, stride=2)')}(x)")
    w.sizes = (n, out, h * 2, width * 2)


def pool(w: Writing) -> None:
    n, c, h, width = w.sizes
    if min(h, width) < 2:
        return
    kind = w.one("MaxPool2d", "AvgPool2d")
    ceil = w.one("", ", ceil_mode=True")
    code = w.one(
        f"{w.layer(f'nn.{kind}(2{ceil})')}(x)",
        "F.max_pool2d(x, 2)" if not ceil else "F.avg_pool2d(x, 2, ceil_mode=True)",
    )
    w.line(f"x = {code}")
    w.sizes = (n, c, -(-h // 2) if ceil else h // 2, -(-width // 2) if ceil else width // 2)


def adaptive(w: Writing) -> None:
    n, c, _, _ = w.sizes
    side = w.number(1, 3)
    w.line(
        w.one(
            f"x = F.adaptive_avg_pool2d(x, {side})",
            f"x = {w.layer(f'nn.AdaptiveMaxPool2d(({side}, {side}))')}(x)",
        )
    )
    w.sizes = (n, c, side, side)


def image_norm(w: Writing) -> None:
    c = w.sizes[1]
    w.line(
        f"x = {w.layer(w.one(f'nn.BatchNorm2d({c})', f'nn.GroupNorm(1, {c})', f'nn.InstanceNorm2d({c})'))}(x)"
    )


def resized(w: Writing) -> None:
    n, c, h, width = w.sizes
    if h * width > 400:
        return
    w.line(
        w.one(
            "x = F.interpolate(x, scale_factor=2)",
            f"x = F.interpolate(x, size=({h * 2}, {width * 2}), mode='bilinear', align_corners=False)",
            f"x = {w.layer('nn.Upsample(scale_factor=2)')}(x)",
        )
    )
    w.sizes = (n, c, h * 2, width * 2)


def padded(w: Writing) -> None:
    n, c, h, width = w.sizes
    w.line(w.one("x = F.pad(x, (1, 2, 0, 1))", f"x = {w.layer('nn.ZeroPad2d((1, 2, 0, 1))')}(x)"))
    w.sizes = (n, c, h + 1, width + 3)


def skip(w: Writing) -> None:
    c = w.sizes[1]
    inner = w.layer(
        f"nn.Sequential(nn.Conv2d({c}, {c}, 3, padding=1, bias=False), nn.BatchNorm2d({c}), nn.ReLU())"
    )
    w.line(w.one(f"x = x + {inner}(x)", f"x = torch.cat([x, {inner}(x)], 1)[:, :{c}]"))


def to_sequence(w: Writing) -> None:
    n, c, h, width = w.sizes
    w.line(w.one("x = x.flatten(2).transpose(1, 2)", "x = x.view(x.size(0), x.size(1), -1).permute(0, 2, 1)"))
    w.sizes = (n, h * width, c)


def to_features(w: Writing) -> None:
    n, c, h, width = w.sizes
    w.line(w.one("x = torch.flatten(x, 1)", "x = x.view(x.size(0), -1)", "x = x.reshape(x.shape[0], -1)"))
    w.sizes = (n, c * h * width)


STEPS: dict[int, tuple[Step, ...]] = {
    2: (linear, activation, norm, residual, stacked_loop, softmax, rearrangement),
    3: (linear, activation, recurrent, attention, encoder, norm, residual, rearrangement, pooled_steps),
    4: (
        conv,
        transposed,
        pool,
        adaptive,
        image_norm,
        resized,
        padded,
        skip,
        activation,
        to_sequence,
        to_features,
    ),
}
INPUTS: dict[int, tuple[Sizes, ...]] = {
    2: ((3, 4), (2, 7)),
    3: ((2, 5, 4), (3, 4, 6)),
    4: ((2, 3, 9, 8), (2, 2, 8, 8), (2, 4, 12, 11)),
}


def write(draw: Draw) -> tuple[str, Sizes]:
    """The source of a module with a class ``Net``, and the sizes of its input."""
    start = draw(st.sampled_from(sorted(INPUTS)))
    sizes = draw(st.sampled_from(INPUTS[start]))
    w = Writing(draw, sizes)
    for _ in range(draw(st.integers(2, 7))):
        draw(st.sampled_from(STEPS[len(w.sizes)]))(w)
    return STYLES[draw(st.sampled_from(sorted(STYLES)))](w), sizes


HEAD = "import math\nimport torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n"


def _class(layers: list[str], lines: list[str], before: str = "", arguments: str = "") -> str:
    init = "".join(f"        {line}\n" for line in layers)
    body = "".join(f"        {line}\n" for line in lines)
    return (
        f"{HEAD}{before}\n\nclass Net(nn.Module):\n    def __init__(self{arguments}):\n        super().__init__()\n"
        f"{init}\n    def forward(self, x):\n{body}        return x\n"
    )


def _attributes(w: Writing) -> str:
    return _class([f"self.l{n} = {code}" for n, code in enumerate(w.layers)], w.lines)


def _helpers(w: Writing) -> str:
    """Layers come from helper functions of the module."""
    before = "".join(f"\ndef make_{n}():\n    return {code}\n" for n, code in enumerate(w.layers))
    return _class([f"self.l{n} = make_{n}()" for n in range(len(w.layers))], w.lines, before)


def _named(w: Writing) -> str:
    """Layers are set in a loop, by name."""
    made = ["layers = [", *(f"    {code}," for code in w.layers), "]", "for n, layer in enumerate(layers):"]
    return _class([*made, "    setattr(self, f'l{n}', layer)"], w.lines)


def _configured(w: Writing) -> str:
    """The widths come from a dataclass with defaults, and the forward is split into methods."""
    before = "from dataclasses import dataclass\n\n@dataclass\nclass Config:\n    scale: int = 1\n    bias: bool = True\n"
    layers = ["self.config = config", *(f"self.l{n} = {code}" for n, code in enumerate(w.layers))]
    source = _class(layers, ["x = self.body(x)"], before, ", config=Config()")
    body = "".join(f"        {line}\n" for line in w.lines)
    return f"{source}\n    def body(self, x):\n{body}        return x * self.config.scale\n"


def _inherited(w: Writing) -> str:
    """The base class has the layers, the class itself the forward."""
    init = "".join(f"        self.l{n} = {code}\n" for n, code in enumerate(w.layers)) or "        pass\n"
    before = f"\nclass Base(nn.Module):\n    def __init__(self):\n        super().__init__()\n{init}"
    return _class([], w.lines, before).replace("class Net(nn.Module)", "class Net(Base)")


STYLES: dict[str, Callable[[Writing], str]] = {
    "attributes": _attributes,
    "helpers": _helpers,
    "named": _named,
    "configured": _configured,
    "inherited": _inherited,
}
