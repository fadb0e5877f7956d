"""The submodules of ready-made models ahead of their head, by the names that the libraries give them.

Programs cut such models into pieces: ``nn.Sequential(*list(model.children())[:-2])``, ``model.layer4``. What
stands for a stage is one operation, of which the shape is known where a table says so. Names, widths and
strides are those of torchvision 0.2x and timm 1.x.
"""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.dataclass import dataclass
from nnlint.network.shape import UNKNOWN as UNKNOWN_SHAPE
from nnlint.network.shape import Shape
from nnlint.network.size import Size
from nnlint.readers.source.facts.devices import with_weights
from nnlint.readers.source.language.definitions import library_class, native
from nnlint.readers.source.language.operators import as_tensor
from nnlint.readers.source.language.values import UNKNOWN, Arguments, Call, Instance, Value
from nnlint.readers.source.libraries.torch.modules import MODULE

GENERIC = ("stem", "blocks", "norm", "pool")
"""Where neither names nor number of the submodules are known."""

NAMES: dict[str, tuple[str, ...]] = {
    "vgg": ("features", "avgpool"),
    "alexnet": ("features", "avgpool"),
    "densenet": ("features",),
    "mobilenet_v2": ("features",),
    "mobilenet_v3": ("features", "avgpool"),
    "efficientnet": ("features", "avgpool"),
    "shufflenet": ("conv1", "maxpool", "stage2", "stage3", "stage4", "conv5"),
    "vit": ("conv_proj", "encoder"),
    "swin": ("features", "norm", "permute", "avgpool", "flatten"),
}
"""Beginning of a factory's name in torchvision -> what stands ahead of the head."""

RESIDUAL_WIDTHS = {"layer1": 1, "layer2": 2, "layer3": 4, "layer4": 8}
"""Stages of residual networks, and their widths against the first one's."""

Layer = tuple[str, tuple[Value, ...], dict[str, Value]]

_STEM: dict[str, Layer] = {
    "conv1": ("Conv2d", (3, 64, 7), {"stride": 2, "padding": 3, "bias": False}),
    "bn1": ("BatchNorm2d", (64,), {}),
    "relu": ("ReLU", (), {}),
    "maxpool": ("MaxPool2d", (3,), {"stride": 2, "padding": 1}),
}
_POOL: Layer = ("AdaptiveAvgPool2d", (1,), {})


@dataclass(frozen=True)
class Stage:
    """A part that is not followed: how wide and how many times smaller its maps are, None where not known."""

    width: int | None = None
    stride: int | None = None
    norm: str = ""  # the name of the norm in it
    weighted: bool = True


WITHOUT_WEIGHTS = ("avgpool", "maxpool", "pool", "flatten", "permute")


def parts(name: str, width: int | None, norm: str) -> Iterator[tuple[str, Layer | Stage]]:
    """The parts ahead of the head of the model ``name`` (``torchvision.models.vgg16``), in order.

    ``width``: of the features that the head reads; ``norm``: what norms are called in it, "" without.
    """
    library, _, factory = name.partition(".")
    factory = factory.removeprefix("models.")
    if factory.startswith(("resnet", "resnext", "wide_resnet")):
        yield from _residual(library, width, norm)
        return
    known = NAMES.items() if library == "torchvision" else ()
    for part in next((names for start, names in known if factory.startswith(start)), GENERIC):
        weighted = part not in WITHOUT_WEIGHTS
        yield part, Stage(norm=norm if weighted else "", weighted=weighted)


def _residual(library: str, width: int | None, norm: str) -> Iterator[tuple[str, Layer | Stage]]:
    for name, layer in _STEM.items():
        yield ("act1" if library == "timm" and name == "relu" else name), layer
    for name, times in RESIDUAL_WIDTHS.items():
        own = None if width is None else width * times // 8
        yield name, Stage(own, 1 if times == 1 else 2, norm)
    yield ("global_pool", Stage(weighted=False)) if library == "timm" else ("avgpool", _POOL)


def build_part(call: Call, part: Layer | Stage) -> Value:
    """The module that a part is."""
    i = call.interpreter
    if isinstance(part, Stage):
        module = Instance(PART, {}, call.place, i.new_key())
        MODULE.state["__init__"].code(call, Arguments([module]))
        i.heap.write(module.state, "_stage", part)
        i.heap.write(module.state, "_origin", None)
        if part.weighted:
            i.heap.write(module.state, "conv", _layer(call, "Conv2d", (None, part.width, 3), {}))
        if part.norm:
            i.heap.write(module.state, part.norm, _layer(call, "BatchNorm2d", (part.width,), {}))
        return module
    return _layer(call, *part)


def _layer(call: Call, name: str, given: tuple[Value, ...], named: dict[str, Value]) -> Value:
    cls = call.interpreter.project.libraries.symbol(f"torch.nn.{name}")
    positional = [UNKNOWN if value is None else value for value in given]
    return call.interpreter.construct(cls, Arguments(positional, named), call.node)


def _forward(call: Call, arguments: Arguments) -> Value:
    part, i = arguments.positional[0], call.interpreter
    x = as_tensor(i, arguments.get(1, "x", UNKNOWN), call.node)
    i.trace.opaque += 1
    (x,) = with_weights(i, part, [x], call.place)
    known = {"shape": _after(part.state.get("_stage", Stage()), x.shape)}
    return i.operate("unknown", (x,), known, call.place, name="body")


def _after(stage: Stage, shape: Shape) -> Shape:
    if stage.width is None or stage.stride is None or shape.rank != 4:
        return UNKNOWN_SHAPE
    height, width = (_smaller(size, stage.stride) for size in shape.sizes[2:])
    return Shape((shape.axis(0), stage.width, height, width))


def _smaller(size: Size, stride: int) -> Size:
    return -(-size // stride) if isinstance(size, int) else None


def _not_known(call: Call, arguments: Arguments) -> Value:
    return UNKNOWN


PART = library_class(
    "torchvision.models.Part",
    (MODULE,),
    {
        "forward": native("forward", _forward),
        **{
            name: native(name, _not_known)
            for name in ("children", "named_children", "__iter__", "__getitem__")
        },
    },
)
PART.opaque = True
