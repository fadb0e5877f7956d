"""``torchvision``: data sets with the shape of their images, and what transforms make of them.

Sizes are those of the data sets' pages in the torchvision documentation. An image is followed through
``Compose`` as channels, height, width and range; a transform that is not known gives up on all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from nnlint.dataclass import dataclass
from nnlint.evidence.place import Place
from nnlint.evidence.samples import Chain
from nnlint.evidence.source import Labels
from nnlint.network.attained import attained
from nnlint.network.device import Device
from nnlint.network.facts import Meaning, Range, Role
from nnlint.network.graph import Operation, Tensor
from nnlint.network.shape import UNKNOWN as UNKNOWN_SHAPE
from nnlint.network.shape import Shape
from nnlint.network.size import Size
from nnlint.readers.source.language.definitions import OBJECT, library_class, native
from nnlint.readers.source.language.iteration import iterate
from nnlint.readers.source.language.signature import bind_signature
from nnlint.readers.source.language.values import UNKNOWN, Arguments, Call, Instance, Value
from nnlint.readers.source.libraries.torch.data import DATASET
from nnlint.readers.source.libraries.torch.lengths import length
from nnlint.readers.source.libraries.torch.samples import numbers, transforms_of

PIXELS = Range(0.0, 255.0)

SIZES: dict[str, tuple[Size, Size, Size]] = {
    **dict.fromkeys(("MNIST", "FashionMNIST", "KMNIST", "QMNIST", "EMNIST"), (1, 28, 28)),
    **dict.fromkeys(("CIFAR10", "CIFAR100"), (3, 32, 32)),
    "SVHN": (3, 32, 32),
    "STL10": (3, 96, 96),
    "USPS": (1, 16, 16),
    "PCAM": (3, 96, 96),
    **dict.fromkeys(("ImageFolder", "ImageNet", "Flowers102", "OxfordIIITPet", "Food101"), (3, None, None)),
    **dict.fromkeys(("StanfordCars", "GTSRB", "Country211", "DTD", "FGVCAircraft"), (3, None, None)),
}
"""Data set -> channels, height and width of its images."""

SIGNATURES = {
    "SVHN": "root split='train' transform=None target_transform=None",
    "STL10": "root split='train' folds=None transform=None target_transform=None",
    **dict.fromkeys(
        ("StanfordCars", "GTSRB", "Country211", "PCAM"),
        "root split='train' transform=None target_transform=None",
    ),
    "DTD": "root split='train' partition=1 transform=None target_transform=None",
    "FGVCAircraft": "root split='trainval' annotation_level='variant' transform=None target_transform=None",
    "ImageFolder": "root transform=None target_transform=None",
    **dict.fromkeys(
        ("ImageNet", "Flowers102", "OxfordIIITPet", "Food101"),
        "root split=None transform=None target_transform=None",
    ),
}
SIGNATURE = "root train=True transform=None target_transform=None download=False"


@dataclass(frozen=True)
class Picture:
    """What is known of an image on its way. ``tensor``: it is one, (C, H, W), and no PIL image any more."""

    channels: Size
    height: Size
    width: Size
    range: Range | None = PIXELS
    tensor: bool = False


Step = Callable[[Call, Picture, Instance], Picture | None]


def _same(call: Call, picture: Picture, transform: Instance) -> Picture:
    return picture


def _to_tensor(call: Call, picture: Picture, transform: Instance) -> Picture:
    return replace(picture, tensor=True, range=Range(0.0, 1.0))


def _unsure(call: Call, picture: Picture, transform: Instance) -> None:
    """What depends on the version and on arguments is not followed."""


def _as_bytes(call: Call, picture: Picture, transform: Instance) -> Picture:
    """``ToImage``, ``PILToTensor``: a tensor of the pixels as they are."""
    return replace(picture, tensor=True)


def _to_type(call: Call, picture: Picture, transform: Instance) -> Picture:
    """Pixels as fractions, where the transform is told to scale them."""
    scales = transform.state.get("scale") is True
    return replace(picture, range=Range(0.0, 1.0) if scales and picture.range == PIXELS else None)


def _normalize(call: Call, picture: Picture, transform: Instance) -> Picture:
    """Less the mean, divided by the standard deviation, of each channel."""
    means, deviations = numbers(transform.state.get("mean")), numbers(transform.state.get("std"))
    span = picture.range
    if span is None or not means or not deviations or len(means) != len(deviations) or min(deviations) <= 0:
        return replace(picture, range=None)
    scales = list(zip(means, deviations, strict=True))
    low, high = (
        edge(((bound - m) / d for m, d in scales)) for bound, edge in zip(span, (min, max), strict=True)
    )
    return replace(picture, range=Range(low, high))


def _own(call: Call, picture: Picture, transform: Instance) -> Picture | None:
    """``Lambda``: a function of the program; of tensors only."""
    function = transform.state.get("lambd", UNKNOWN)
    if not picture.tensor:
        return None
    result = call.interpreter.call(function, Arguments([picture_tensor(call, picture)]), call.node)
    shape = result.shape if isinstance(result, Tensor) else UNKNOWN_SHAPE
    if not isinstance(result, Tensor) or shape.rank != IMAGE_RANK:
        return None
    channels, height, width = shape.sizes
    return Picture(channels, height, width, attained(result), tensor=True)


def _pair(value: Value) -> tuple[Size, Size] | None:
    """A height and width given as one number or two; None when they are not known."""
    items = getattr(value, "items", value)
    if isinstance(items, int):
        return (items, items)
    if not isinstance(items, tuple) or len(items) != 2 or not all(isinstance(v, int) for v in items):
        return None
    return (items[0], items[1])


def _resize(call: Call, picture: Picture, transform: Instance) -> Picture:
    """A pair sets both sides; one number sets the shorter side, so both where the image is square."""
    size = transform.state.get("size", UNKNOWN)
    pair = _pair(size)
    square = isinstance(picture.height, int) and picture.height == picture.width
    if pair is None or (isinstance(size, int) and not square):
        return replace(picture, height=None, width=None)
    return replace(picture, height=pair[0], width=pair[1])


def _crop(call: Call, picture: Picture, transform: Instance) -> Picture:
    height, width = _pair(transform.state.get("size", UNKNOWN)) or (None, None)
    return replace(picture, height=height, width=width)


def _gray(call: Call, picture: Picture, transform: Instance) -> Picture:
    channels = transform.state.get("num_output_channels", 1)
    return replace(picture, channels=channels if isinstance(channels, int) else None)


def _pad(call: Call, picture: Picture, transform: Instance) -> Picture:
    margin = transform.state.get("padding", UNKNOWN)
    if not (isinstance(margin, int) and isinstance(picture.height, int) and isinstance(picture.width, int)):
        return replace(picture, height=None, width=None)
    return replace(picture, height=picture.height + 2 * margin, width=picture.width + 2 * margin)


def _compose(call: Call, picture: Picture, transform: Instance) -> Picture | None:
    return through(call, picture, transform.state.get("_steps"))


KEEPING = (
    *("RandomHorizontalFlip", "RandomVerticalFlip", "RandomRotation", "ColorJitter", "RandomErasing"),
    *(
        "RandomAffine",
        "RandomPerspective",
        "RandomGrayscale",
        "GaussianBlur",
        "RandomInvert",
        "RandomPosterize",
    ),
    *("RandomSolarize", "RandomAdjustSharpness", "RandomAutocontrast", "RandomEqualize", "AutoAugment"),
    *("RandAugment", "TrivialAugmentWide", "AugMix", "ElasticTransform", "RandomPhotometricDistort"),
    *("RandomZoomOut", "RandomIoUCrop", "RandomChannelPermutation", "ScaleJitter", "RandomShortestSize"),
)
RANDOM = frozenset({*KEEPING, "RandomCrop", "RandomResizedCrop"})
"""Transforms that give another result each time."""

STEPS: dict[str, tuple[str, Step]] = {
    "ToTensor": ("", _to_tensor),
    "Normalize": ("mean std inplace=False", _normalize),
    "Resize": ("size", _resize),
    **dict.fromkeys(("CenterCrop", "RandomCrop", "RandomResizedCrop"), ("size", _crop)),
    **dict.fromkeys(("ToPILImage", "ConvertImageDtype"), ("", _unsure)),
    **dict.fromkeys(("ToImage", "PILToTensor"), ("", _as_bytes)),
    "ToDtype": ("dtype scale=False", _to_type),
    "Grayscale": ("num_output_channels=1", _gray),
    "Pad": ("padding", _pad),
    "Lambda": ("lambd", _own),
    **dict.fromkeys(KEEPING, ("", _same)),
}
"""Transform -> its signature and what it does to an image."""

IMAGE_RANK = 3  # (C, H, W)

SCALERS = frozenset({"ToTensor", "Normalize"})


def through(call: Call, picture: Picture, steps: Value) -> Picture | None:
    """An image after several transforms; None when one of them is not known."""
    if not isinstance(steps, tuple):
        return None
    for step in steps:
        rule = RULES.get(step.cls.name) if isinstance(step, Instance) else None
        result = rule(call, picture, step) if rule is not None else None
        if result is None:
            return None
        picture = result
    return picture


RULES: dict[str, Step] = {**{name: step for name, (_, step) in STEPS.items()}, "Compose": _compose}


def _transform_init(name: str, signature: str) -> Callable[[Call, Arguments], Value]:
    def run(call: Call, arguments: Arguments) -> Value:
        instance = arguments.positional[0]
        if name in SCALERS or arguments.keywords.get("scale") is True:
            call.interpreter.trace.notes["scales"] = True
        for key, value in bind_signature(signature, arguments.after_self()).items():
            call.interpreter.heap.write(instance.state, key, value)
        off = arguments.keywords.get("p") in (0, 0.0)
        call.interpreter.heap.write(instance.state, "_random", name in RANDOM and not off)
        return None

    return run


def _applied(call: Call, arguments: Arguments) -> Value:
    from nnlint.readers.source.libraries.torch.pictured import applied

    return applied(call, arguments)


def _compose_init(call: Call, arguments: Arguments) -> Value:
    steps = iterate(call.interpreter, arguments.get(1, "transforms", UNKNOWN))
    state = arguments.positional[0].state
    call.interpreter.heap.write(state, "_steps", None if steps is None else tuple(steps))
    if steps is not None:
        note_chain(call, arguments.positional[0], None)
    return None


def note_chain(call: Call, transform: Value, channels: int | None) -> None:
    """A chain of transforms was made, or given to a data set whose images are known."""
    steps = transforms_of(transform)
    listed = call.interpreter.trace.notes.setdefault("chains", [])
    if steps and isinstance(listed, list):
        listed.append(Chain(steps, call.place, channels))


def _dataset_init(name: str) -> Callable[[Call, Arguments], Value]:
    def run(call: Call, arguments: Arguments) -> Value:
        instance = arguments.positional[0]
        for key, value in bind_signature(SIGNATURES.get(name, SIGNATURE), arguments.after_self()).items():
            call.interpreter.heap.write(instance.state, key, value)
        channels = SIZES[name][0]
        note_chain(call, instance.state.get("transform"), channels if isinstance(channels, int) else None)
        return None

    return run


def _dataset_item(name: str) -> Callable[[Call, Arguments], Value]:
    def run(call: Call, arguments: Arguments) -> Value:
        dataset = arguments.positional[0]
        channels, height, width = SIZES[name]
        transform = dataset.state.get("transform")
        picture = (
            through(call, Picture(channels, height, width), (transform,)) if transform is not None else None
        )
        changed = "targets" in dataset.state or "data" in dataset.state  # some classes only, perhaps
        labels = Labels("integers", name, dataset.place, None if changed else CLASSES.get(name))
        attributes = {"shape": Shape(), "labels": labels}
        label = Tensor(Operation("input", (), attributes, call.place), Shape(), None, LABEL, device=HOST)
        target = label if dataset.state.get("target_transform") is None else UNKNOWN
        return (picture_tensor(call, picture), target)

    return run


LABEL = Role(Meaning.CLASS_INDICES)
CLASSES = {
    **dict.fromkeys(("MNIST", "FashionMNIST", "KMNIST", "QMNIST", "CIFAR10", "STL10", "SVHN"), 10),
    "CIFAR100": 100,
}
"""How many classes the labels of a data set name, by the pages of torchvision."""


def picture_tensor(call: Call, picture: Picture | None) -> Value:
    """The tensor that an image has become; nothing is known of it where its way is not."""
    if picture is None or not picture.tensor:
        shape, span = UNKNOWN_SHAPE, None
    else:
        shape, span = Shape((picture.channels, picture.height, picture.width)), picture.range
    attributes = {"shape": shape} if span is None else {"shape": shape, "range": span}
    return Tensor(Operation("input", (), attributes, call.place), shape, span, device=HOST)


def _pictures(name: str) -> Callable[[Call, Arguments], Value]:
    """``dataset.data``: all images as one tensor of bytes."""

    def run(call: Call, arguments: Arguments) -> Value:
        _, height, width = SIZES[name]
        count = length(call, arguments)
        shape = Shape((count if isinstance(count, int) else None, height, width))
        made = Operation("input", (), {"shape": shape}, call.place)
        return Tensor(made, shape, Range(0.0, 255.0), device=HOST)

    return run


IN_ONE = ("MNIST", "FashionMNIST", "KMNIST")
"""Data sets of torchvision that hold their images as a tensor."""

HOST = Device(True, "an image", Place(""))
"""Data sets of torchvision read from files: what they give is on the CPU."""

TRANSFORMS = {
    **{
        name: library_class(
            f"torchvision.transforms.{name}",
            (OBJECT,),
            {"__init__": native(name, _transform_init(name, signature)), "__call__": native(name, _applied)},
        )
        for name, (signature, _) in STEPS.items()
    },
    **{
        name: library_class(
            f"torchvision.transforms.{name}",
            (OBJECT,),
            {"__init__": native(name, _compose_init), "__call__": native(name, _applied)},
        )
        for name in ("Compose", "RandomApply", "RandomChoice", "RandomOrder")
    },
}

SYMBOLS: dict[str, Value] = {
    **{
        f"torchvision.transforms.{version}{name}": value
        for name, value in TRANSFORMS.items()
        for version in ("", "v2.", "transforms.")
    },
    **{
        f"torchvision.datasets.{name}": library_class(
            f"torchvision.datasets.{name}",
            (DATASET,),
            {
                "__init__": native(name, _dataset_init(name)),
                "__getitem__": native("__getitem__", _dataset_item(name)),
                "__len__": native("__len__", length),
                **dict.fromkeys(("classes", "class_to_idx", "targets", "data"), UNKNOWN),
                **({"data": native("data", _pictures(name), "property")} if name in IN_ONE else {}),
            },
        )
        for name in SIZES
    },
}
