"""Ready-made models of ``torchvision.models`` and ``timm``: a body that is not followed, and the head.

People replace the head (``model.fc = nn.Linear(512, 2)``), which then shapes what the model gives. Widths and
names of heads are those of torchvision 0.2x. The body is one operation of unknown kind, so nothing is
claimed of it but the width of its features and whether its mode matters.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from nnlint.dataclass import dataclass
from nnlint.network.graph import Initialization
from nnlint.network.shape import Shape
from nnlint.readers.source.facts.devices import with_weights
from nnlint.readers.source.language.definitions import library_class, native
from nnlint.readers.source.language.operators import as_tensor
from nnlint.readers.source.language.values import UNKNOWN, Arguments, Call, Instance, Value
from nnlint.readers.source.libraries.modules import all_weights
from nnlint.readers.source.libraries.torch.modules import MODULE
from nnlint.readers.source.libraries.torch.parts import build_part, parts

Layer = tuple[str, tuple[Value, ...]]
CLASSES = "classes"  # stands for the number of classes in the table


@dataclass(frozen=True)
class Family:
    """Models of one kind. ``head``: the attribute; ``layers``: one layer, or those of a Sequential."""

    head: str
    width: int | None
    layers: tuple[Layer, ...]
    norm: bool = True
    inner: str = ""  # the name of the last layer in a head that names its layers
    body: str = "body"  # of the norm that stands for all of them: programs freeze by parts of names


def _plain(head: str, width: int | None, norm: bool = True, body: str = "body") -> Family:
    return Family(head, width, (("Linear", (width, CLASSES)),), norm, body=body)


def _dropped(width: int, rate: float) -> Family:
    return Family("classifier", width, (("Dropout", (rate,)), ("Linear", (width, CLASSES))))


def _mobile(width: int, hidden: int) -> Family:
    layers: tuple[Layer, ...] = (("Linear", (width, hidden)), ("Hardswish", ()), ("Dropout", (0.2,)))
    return Family("classifier", width, (*layers, ("Linear", (hidden, CLASSES))))


_WIDE: tuple[Layer, ...] = (
    *(("ReLU", ()), ("Dropout", (0.5,)), ("Linear", (4096, 4096)), ("ReLU", ()), ("Dropout", (0.5,))),
    ("Linear", (4096, CLASSES)),
)
_ALEX: tuple[Layer, ...] = (
    *(("Dropout", (0.5,)), ("Linear", (9216, 4096)), ("ReLU", ()), ("Dropout", (0.5,))),
    *(("Linear", (4096, 4096)), ("ReLU", ()), ("Linear", (4096, CLASSES))),
)

FAMILIES: tuple[tuple[str, Family], ...] = (
    (r"resnet(18|34)", _plain("fc", 512, body="bn1")),
    (r"(resnet(50|101|152)|resnext\w+|wide_resnet\w+)", _plain("fc", 2048, body="bn1")),
    (r"vgg\d+_bn", Family("classifier", 25088, (("Linear", (25088, 4096)), *_WIDE))),
    (r"vgg\d+", Family("classifier", 25088, (("Linear", (25088, 4096)), *_WIDE), norm=False)),
    (r"alexnet", Family("classifier", 9216, _ALEX, norm=False)),
    (r"densenet121", _plain("classifier", 1024)),
    (r"densenet161", _plain("classifier", 2208)),
    (r"densenet169", _plain("classifier", 1664)),
    (r"densenet201", _plain("classifier", 1920)),
    (r"googlenet|shufflenet_v2_x1_0", _plain("fc", 1024)),
    (r"mobilenet_v2", _dropped(1280, 0.2)),
    (r"mobilenet_v3_large", _mobile(960, 1280)),
    (r"mobilenet_v3_small", _mobile(576, 1024)),
    (r"efficientnet_(b0|b1|v2_[sml])", _dropped(1280, 0.2)),
    (r"efficientnet_b2", _dropped(1408, 0.3)),
    (r"efficientnet_b3", _dropped(1536, 0.3)),
    (r"efficientnet_b4", _dropped(1792, 0.4)),
    (r"vit_b_(16|32)", Family("heads", 768, (("Linear", (768, CLASSES)),), inner="head")),
    (r"vit_l_(16|32)", Family("heads", 1024, (("Linear", (1024, CLASSES)),), inner="head")),
    (r"swin(_v2)?_[ts]", _plain("head", 768)),
    (r"swin(_v2)?_b", _plain("head", 1024)),
)
"""torchvision's factories by name."""

BY_SIZE = (
    *((1280, 0.2), (1280, 0.2), (1408, 0.3), (1536, 0.3), (1792, 0.4), (2048, 0.4), (2304, 0.5), (2560, 0.5)),
)
"""Features and dropout of efficientnet_pytorch's models, b0 to b7, by its page."""

TIMM: tuple[tuple[str, Family], ...] = (
    (r"resnet(18|34)\b.*", _plain("fc", 512, body="bn1")),
    (
        r"(resnet|resnext|wide_resnet|seresnet|res2net|ecaresnet|gluon_resnet).*",
        _plain("fc", None, body="bn1"),
    ),
    (
        r"(efficientnet|tf_efficientnet|mobilenet|mnasnet|densenet|ghostnet|hrnet|lcnet|tinynet).*",
        _plain("classifier", None),
    ),
    (r"(vit|deit|beit|swin|eva|mixer|cait)_?.*", _plain("head", None)),
)
"""timm's names; sizes of the body differ within a family, so widths are left open."""

FACTORIES = (
    *("resnet18", "resnet34", "resnet50", "resnet101", "resnet152", "resnext50_32x4d", "resnext101_32x8d"),
    *("wide_resnet50_2", "wide_resnet101_2", "vgg11", "vgg13", "vgg16", "vgg19", "vgg11_bn", "vgg13_bn"),
    *(
        "vgg16_bn",
        "vgg19_bn",
        "alexnet",
        "densenet121",
        "densenet161",
        "densenet169",
        "densenet201",
        "googlenet",
    ),
    *("shufflenet_v2_x1_0", "mobilenet_v2", "mobilenet_v3_large", "mobilenet_v3_small", "efficientnet_b0"),
    *("efficientnet_b1", "efficientnet_b2", "efficientnet_b3", "efficientnet_b4", "efficientnet_v2_s"),
    *("efficientnet_v2_m", "efficientnet_v2_l", "vit_b_16", "vit_b_32", "vit_l_16", "vit_l_32", "swin_t"),
    *("swin_s", "swin_b", "swin_v2_t", "swin_v2_s", "swin_v2_b"),
)


def family_of(name: str, table: tuple[tuple[str, Family], ...]) -> Family | None:
    """The family whose pattern the whole name matches."""
    return next((family for pattern, family in table if re.fullmatch(pattern, name)), None)


def built_in(call: Call, name: str, *given: Value) -> Value:
    """A layer of ``torch.nn`` inside of a ready-made model."""
    cls = call.interpreter.project.libraries.symbol(f"torch.nn.{name}")
    return call.interpreter.construct(cls, Arguments(list(given)), call.node)


def _layer(call: Call, layer: Layer, classes: Value) -> Value:
    name, given = layer
    values = [classes if value == CLASSES else UNKNOWN if value is None else value for value in given]
    return built_in(call, name, *values)


def build(call: Call, name: str, family: Family, classes: Value, pretrained: bool | None) -> Value:
    """A model of the family, its weights loaded where it is pretrained."""
    i = call.interpreter
    model = Instance(BACKBONE, {}, call.place, i.new_key())
    MODULE.state["__init__"].code(call, Arguments([model]))
    write = i.heap.write
    write(model.state, "_origin", {"factory": name, "pretrained": pretrained, "made": call.place})
    write(model.state, "_width", family.width)
    write(model.state, "_head", family.head)
    norm = family.body if family.norm else ""
    for part_name, part in parts(name, family.width, norm):
        write(model.state, part_name, build_part(call, part))
    layers = [_layer(call, layer, classes) for layer in family.layers]
    if len(layers) == 1 and not family.inner:
        write(model.state, family.head, layers[0])
    else:
        sequential = i.project.libraries.symbol("torch.nn.Sequential")
        head = i.construct(sequential, Arguments([] if family.inner else layers), call.node)
        write(model.state, family.head, head)
        if family.inner:
            i.call_method(head, "add_module", Arguments([family.inner, layers[0]]), call.node)
    loaded = Initialization("loaded" if pretrained else "unknown", {}, call.place)
    if pretrained is not False:
        for _, weight in all_weights(model):
            write(weight.state, "initialization", loaded)
    return model


def _forward(call: Call, arguments: Arguments) -> Value:
    model, i = arguments.positional[0], call.interpreter
    x = as_tensor(i, arguments.get(1, "x", UNKNOWN), call.node)
    i.trace.opaque += 1  # the body is not followed
    (x,) = with_weights(i, model, [x], call.place)
    shape = Shape((x.shape.axis(0) if x.shape.rank else None, model.state.get("_width")))
    origin = model.state.get("_origin")
    known = {"shape": shape, **origin} if isinstance(origin, dict) else {"shape": shape}
    features = i.operate("unknown", (x,), known, call.place, name="body")
    head = model.state.get(model.state.get("_head", ""), UNKNOWN)
    return i.call(head, Arguments([features]), call.node)


def _torchvision(name: str, family: Family) -> Callable[[Call, Arguments], Value]:
    def run(call: Call, arguments: Arguments) -> Value:
        weights = arguments.keywords.get("weights", arguments.keywords.get("pretrained"))
        given = weights if weights is not None else arguments.get(0, "weights", None)
        pretrained = None if given is UNKNOWN or arguments.open else given not in (None, False)
        classes = arguments.keywords.get("num_classes", UNKNOWN if arguments.open else 1000)
        return build(call, f"torchvision.models.{name}", family, classes, pretrained)

    return run


def _create_model(call: Call, arguments: Arguments) -> Value:
    name, pretrained = arguments.get(0, "model_name", UNKNOWN), arguments.get(1, "pretrained", False)
    family = family_of(name.partition(".")[0], TIMM) if isinstance(name, str) else None
    if family is None:
        return UNKNOWN
    classes = arguments.keywords.get("num_classes", UNKNOWN if arguments.open else 1000)
    if classes == 0:
        return UNKNOWN  # timm's way of asking for the features
    return build(call, f"timm.{name}", family, classes, pretrained if isinstance(pretrained, bool) else None)


def _efficientnet(pretrained: bool) -> Callable[[Call, Arguments], Value]:
    """``EfficientNet.from_pretrained("efficientnet-b0")`` of efficientnet_pytorch: its head is ``_fc``."""

    def run(call: Call, arguments: Arguments) -> Value:
        name = arguments.get(0, "model_name", UNKNOWN)
        size = name[-1:] if isinstance(name, str) and re.fullmatch(r"efficientnet-b[0-7]", name) else ""
        width = BY_SIZE[int(size)][0] if size else None
        classes = arguments.keywords.get("num_classes", UNKNOWN if arguments.open else 1000)
        return build(
            call, "efficientnet_pytorch.EfficientNet", _plain("_fc", width, body="_bn0"), classes, pretrained
        )

    return run


BACKBONE = library_class("torchvision.models.Model", (MODULE,), {"forward": native("forward", _forward)})

SYMBOLS: dict[str, Value] = {
    **{
        f"torchvision.models.{name}": native(name, _torchvision(name, family))
        for name in FACTORIES
        if (family := family_of(name, FAMILIES)) is not None
    },
    "timm.create_model": native("create_model", _create_model),
    **{
        f"efficientnet_pytorch.EfficientNet.{name}": native(name, _efficientnet(name == "from_pretrained"))
        for name in ("from_pretrained", "from_name")
    },
}
