"""``albumentations``: transforms of images, most of them random."""

from __future__ import annotations

from nnlint.network.device import Device
from nnlint.network.graph import Operation, Tensor
from nnlint.network.shape import UNKNOWN as UNKNOWN_SHAPE
from nnlint.network.shape import Shape
from nnlint.readers.source.language.definitions import OBJECT, library_class, native
from nnlint.readers.source.language.iteration import iterate
from nnlint.readers.source.language.signature import bind_signature
from nnlint.readers.source.language.values import UNKNOWN, Arguments, Call, Class, DictValue, Instance, Value

FIXED = (
    *("Normalize", "Resize", "LongestMaxSize", "SmallestMaxSize", "PadIfNeeded", "CenterCrop", "Crop"),
    *("ToFloat", "FromFloat", "ToTensorV2", "ToGray", "CLAHE", "Lambda", "NoOp", "Pad"),
)
"""Transforms that give the same result each time."""
RANDOM = (
    *("HorizontalFlip", "VerticalFlip", "Flip", "Transpose", "RandomRotate90", "Rotate", "SafeRotate", "D4"),
    *("ShiftScaleRotate", "Affine", "Perspective", "ElasticTransform", "GridDistortion", "OpticalDistortion"),
    *("RandomCrop", "RandomResizedCrop", "RandomSizedCrop", "RandomScale", "RandomCropFromBorders"),
    *("RandomBrightnessContrast", "RandomBrightness", "RandomContrast", "RandomGamma", "ColorJitter"),
    *("HueSaturationValue", "RGBShift", "ChannelShuffle", "ChannelDropout", "Blur", "GaussianBlur"),
    *("MedianBlur", "MotionBlur", "GaussNoise", "ISONoise", "MultiplicativeNoise", "CoarseDropout", "Cutout"),
    *("GridDropout", "MaskDropout", "RandomShadow", "RandomFog", "RandomRain", "RandomSnow", "Posterize"),
    *("Solarize", "Equalize", "Sharpen", "Emboss", "Downscale", "ImageCompression", "RandomGridShuffle"),
    *(
        "PixelDropout",
        "Superpixels",
        "InvertImg",
        "ToSepia",
        "FancyPCA",
        "RandomToneCurve",
        "PiecewiseAffine",
    ),
)
GROUPS = ("Compose", "OneOf", "SomeOf", "Sequential", "OneOrOther", "RandomOrder", "ReplayCompose")
NORMALIZE = "mean=(0.485,0.456,0.406) std=(0.229,0.224,0.225) max_pixel_value=255.0"


def _init(name: str) -> Value:
    random = name in RANDOM

    def run(call: Call, arguments: Arguments) -> Value:
        state, i = arguments.positional[0].state, call.interpreter
        if name == "Normalize":
            i.trace.notes["scales"] = True
            for key, value in bind_signature(NORMALIZE, arguments.after_self()).items():
                i.heap.write(state, key, value)
        off = arguments.keywords.get("p") in (0, 0.0)
        i.heap.write(state, "_random", random and not off)
        if random:
            i.trace.notes["augmented"] = True
        return None

    return native(name, run)


def _group_init(call: Call, arguments: Arguments) -> Value:
    steps = iterate(call.interpreter, arguments.get(1, "transforms", UNKNOWN))
    call.interpreter.heap.write(
        arguments.positional[0].state, "_steps", None if steps is None else tuple(steps)
    )
    return None


def _applied(call: Call, arguments: Arguments) -> Value:
    """``transform(image=image, mask=mask)``: a dict of the same names, of tensors where it ends in them."""
    steps = arguments.positional[0].state.get("_steps")
    last = steps[-1] if isinstance(steps, tuple) and steps else None
    if not isinstance(last, Instance) or last.cls.name != "ToTensorV2" or arguments.open:
        return UNKNOWN
    return DictValue({name: _tensor(call, name) for name in arguments.keywords})


def _tensor(call: Call, name: str) -> Value:
    if not name.startswith(("image", "mask")) or name.endswith("s"):
        return UNKNOWN
    shape = Shape((None, None, None)) if name.startswith("image") else UNKNOWN_SHAPE
    made = Operation("input", (), {"shape": shape}, call.place)
    return Tensor(made, shape, device=Device(True, "an image", call.place))


def _class(name: str, init: Value) -> Class:
    members = {"__init__": init, "__call__": native("__call__", _applied)}
    return library_class(f"albumentations.{name}", (OBJECT,), members)


_CLASSES = {
    **{name: _class(name, _init(name)) for name in (*FIXED, *RANDOM)},
    **{name: _class(name, native(name, _group_init)) for name in GROUPS},
}
SYMBOLS: dict[str, Value] = {
    **{f"albumentations.{name}": cls for name, cls in _CLASSES.items()},
    "albumentations.pytorch.ToTensorV2": _CLASSES["ToTensorV2"],
    "albumentations.pytorch.transforms.ToTensorV2": _CLASSES["ToTensorV2"],
}
