"""Reading a pickle without importing or calling anything that it names.

A name in a pickle becomes one of a few harmless stand-ins, or an ``Opaque`` class that only remembers what
it was given. What a name would have done when really loaded is judged by where it comes from.
"""

from __future__ import annotations

import pickle
import sys
from collections.abc import Mapping
from dataclasses import field
from typing import Any, BinaryIO

import numpy as np

from nnlint.dataclass import dataclass
from nnlint.readers.weights.stored import TYPES, Malformed

STANDARD_HARMLESS = frozenset(
    {
        *("collections", "datetime", "decimal", "fractions", "uuid", "pathlib", "enum", "numbers", "array"),
        *("types.SimpleNamespace", "argparse.Namespace", "_codecs.encode", "re._compile", "random.Random"),
        *("copyreg._reconstructor", "copyreg.__newobj__", "copyreg.__newobj_ex__", "functools.partial"),
        *("typing", "zoneinfo", "dataclasses", "logging.getLogger", "logging.Logger", "weakref", "itertools"),
        *(
            "operator.itemgetter",
            "io.BytesIO",
            "io.StringIO",
            "_io.BytesIO",
            "_io.StringIO",
            "ipaddress",
            "abc",
        ),
        *(
            "_collections",
            "_datetime",
            "_struct",
            "math",
            "string",
            "types.MappingProxyType",
            "types.MethodType",
        ),
    }
)
"""Modules, or names of modules, of the standard library whose objects are values."""
BUILTIN_VALUES = frozenset(
    {
        *("set", "frozenset", "dict", "list", "tuple", "int", "float", "complex", "bool", "str", "bytes"),
        *("bytearray", "slice", "range", "object", "type", "print", "super", "property", "getattr"),
        *(
            "Ellipsis",
            "NotImplemented",
            "max",
            "min",
            "sum",
            "len",
            "abs",
            "enumerate",
            "zip",
            "map",
            "filter",
        ),
    }
)
GADGETS = frozenset(
    {
        *("torch.load", "torch.serialization.load", "torch.hub", "torch.utils.cpp_extension"),
        *("torch.jit.unsupported_tensor_ops.execWrapper", "torch.utils.collect_env.run"),
        *("torch.utils._config_module", "torch.fx.experimental.symbolic_shapes", "torch._dynamo.guards"),
        *("torch._inductor", "torch.utils.bottleneck", "torch.distributed.rpc"),
        *(
            "numpy.testing",
            "numpy.load",
            "numpy.f2py",
            "numpy.distutils",
            "pip",
            "setuptools",
            "pkg_resources",
        ),
        *("requests", "dill", "cloudpickle", "joblib.load", "pandas.read_pickle", "pandas.eval"),
        *("paramiko", "aiohttp", "httpx", "pydash", "ensurepip"),
    }
)
"""Names of libraries that run, load or fetch what they are given."""


@dataclass(frozen=True)
class Storage:
    """Where the values of tensors stand: ``key`` names them in the file. ``type``: None when untyped."""

    type: str | None
    key: str
    count: int


@dataclass(frozen=True)
class Strided:
    """A tensor as PyTorch pickles it: a view of a storage."""

    storage: Storage
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]
    type: str


class Opaque:
    """An object of some other class. ``given``: what it was made of; ``state``: what it was then set to."""

    qualified = ""

    def __new__(cls, *given: Any, **named: Any) -> Opaque:
        """Remember; nothing is called."""
        made = super().__new__(cls)
        made.given, made.state, made.entries = (*given, *named.values()), None, {}
        return made

    given: tuple[Any, ...]
    state: Any
    entries: dict[Any, Any]

    def __init__(self, *given: Any, **named: Any) -> None:
        pass

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def __setitem__(self, key: Any, value: Any) -> None:
        self.entries[key] = value

    def append(self, value: Any) -> None:
        """As a list takes it."""
        self.entries[len(self.entries)] = value

    def extend(self, values: Any) -> None:
        """As a list takes them."""
        for value in values:
            self.append(value)

    def add(self, value: Any) -> None:
        """As a set takes it."""
        self.append(value)


class Ordered(dict[Any, Any]):
    """A dictionary of some kind; what else it is set to (``_metadata`` of a state dict) is left out."""

    def __setstate__(self, state: Any) -> None:
        pass


class NumpyType(Opaque):
    """``numpy.dtype``."""

    @property
    def known(self) -> np.dtype[Any] | None:
        """The type of numbers; None for objects, text and structures."""
        text = self.given[0] if self.given else None
        order = self.state[1] if isinstance(self.state, tuple) and len(self.state) > 1 else "="
        if not isinstance(text, str) or text not in _NUMPY_TYPES or order not in ("<", ">", "=", "|"):
            return None
        return np.dtype(text if order == "|" else order + text)


_NUMPY_TYPES = frozenset(f"{kind}{size}" for kind in "iu" for size in (1, 2, 4, 8)) | {"f2", "f4", "f8", "b1"}


class NumpyArray(Opaque):
    """``numpy.ndarray``; its values come with its state: version, shape, type, order, bytes."""

    @property
    def known(self) -> np.ndarray[Any, Any] | None:
        """The array; None where it is none of numbers, or not whole."""
        if not isinstance(self.state, tuple) or len(self.state) != 5:
            return None
        _, shape, kind, by_column, data = self.state
        dtype = kind.known if isinstance(kind, NumpyType) else None
        if dtype is None or not isinstance(data, bytes) or not isinstance(shape, tuple):
            return None
        try:
            return np.frombuffer(data, dtype).reshape(shape, order="F" if by_column else "C")
        except (ValueError, TypeError):
            return None


def _strided(storage: Any, offset: Any, size: Any, stride: Any, *rest: Any) -> Any:
    """``_rebuild_tensor``, ``_v2`` and, with the type as fourth of the rest, ``_v3``."""
    named = (
        rest[2].qualified
        if len(rest) > 2 and isinstance(rest[2], type) and issubclass(rest[2], Opaque)
        else ""
    )
    if not isinstance(storage, Storage):
        return Opaque()
    kind = named.removeprefix("torch.") if named else storage.type
    numbers = (offset, *size, *stride)
    if kind is None or len(size) != len(stride) or not all(type(n) is int and n >= 0 for n in numbers):
        raise Malformed("a tensor has no sound offset, sizes and strides")
    return Strided(storage, offset, tuple(size), tuple(stride), kind)


def _first(value: Any = None, *_: Any) -> Any:
    return value


def _of_type(function: Any, _: Any, arguments: Any, *__: Any) -> Any:
    return function(*arguments) if function in _MAKERS and isinstance(arguments, tuple) else Opaque()


def _encoded(text: Any, *_: Any) -> Any:
    """How protocol 2 writes bytes."""
    return text.encode("latin-1", "replace") if isinstance(text, str) else b""


def _array(*_: Any) -> Any:
    return NumpyArray()


def _instance(cls: Any, *_: Any) -> Any:
    return cls() if isinstance(cls, type) and issubclass(cls, Opaque) else Opaque()


_MAKERS = (_strided, _first)
_TENSORS = ("_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_tensor_v3", "_rebuild_qtensor")
STAND_INS: Mapping[str, Any] = {
    **{f"torch._utils.{name}": _strided for name in _TENSORS},
    **{f"torch._utils.{name}": _first for name in ("_rebuild_parameter", "_rebuild_parameter_with_state")},
    "torch._tensor._rebuild_from_type_v2": _of_type,
    "torch.nn.parameter.Parameter": _first,
    "torch.Size": tuple,
    "collections.OrderedDict": Ordered,
    "collections.defaultdict": lambda *_: Ordered(),
    "builtins.dict": dict,
    "builtins.set": set,
    "builtins.list": list,
    "_codecs.encode": _encoded,
    "copyreg._reconstructor": _instance,
    "numpy.dtype": NumpyType,
    "numpy.ndarray": NumpyArray,
    "numpy.core.multiarray._reconstruct": _array,
    "numpy._core.multiarray._reconstruct": _array,
}
"""Qualified name -> what takes its place. All else is Opaque."""

STORAGES: Mapping[str, str] = {
    "Double": "float64",
    "Float": "float32",
    "Half": "float16",
    "BFloat16": "bfloat16",
    "Long": "int64",
    "Int": "int32",
    "Short": "int16",
    "Char": "int8",
    "Byte": "uint8",
    "Bool": "bool",
    "ComplexFloat": "complex64",
    "ComplexDouble": "complex128",
    "QInt8": "int8",
    "QUInt8": "uint8",
    "QInt32": "int32",
}


@dataclass
class Unpickled:
    """What a pickle holds, and the names in it that would do something when it is really loaded."""

    value: Any = None
    harmful: list[str] = field(default_factory=list)


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file, encoding="latin-1")
        self.harmful: list[str] = []
        self._classes: dict[str, Any] = {}

    def find_class(self, module: str, name: str) -> Any:
        """The stand-in of a name. Nothing is imported."""
        qualified = f"{_PYTHON_2.get(module, module)}.{name}"
        if harmful(qualified):
            self.harmful.append(qualified)
        if qualified in STAND_INS:
            return STAND_INS[qualified]
        if qualified not in self._classes:
            self._classes[qualified] = type(
                name.rpartition(".")[2][:80] or "_", (Opaque,), {"qualified": qualified}
            )
        return self._classes[qualified]

    def persistent_load(self, pid: Any) -> Any:
        """A storage of tensors, as PyTorch names it."""
        if not isinstance(pid, tuple) or len(pid) < 5 or pid[0] != "storage":
            return Opaque()
        _, kind, key, _, count, *_ = pid
        named = getattr(kind, "qualified", "").rpartition(".")[2].removesuffix("Storage")
        if not isinstance(key, str) or type(count) is not int:
            raise Malformed("a storage of tensors has no name or size")
        return Storage(STORAGES.get(named), key, count)


_PYTHON_2 = {"__builtin__": "builtins", "copy_reg": "copyreg", "cPickle": "pickle", "commands": "subprocess"}


def harmful(qualified: str) -> bool:
    """Whether the name is one of those that run code, open files or reach the network."""
    parts = qualified.split(".")
    if parts[0] == "builtins":
        return parts[1] not in BUILTIN_VALUES and not parts[1].endswith(("Error", "Exception", "Warning"))
    prefixes = {".".join(parts[: i + 1]) for i in range(len(parts))}
    if prefixes & GADGETS or _DANGEROUS & set(parts[1:-1]):
        return True
    return parts[0] in _STANDARD and not prefixes & STANDARD_HARMLESS


_STANDARD = sys.stdlib_module_names | {"posix", "nt", "commands"}
_DANGEROUS = frozenset(
    {"os", "sys", "subprocess", "builtins", "importlib", "shutil", "posix", "pickle", "ctypes"}
)


def unpickled(file: BinaryIO) -> Unpickled:
    """Read one pickle. Raises Malformed when it is none, or not whole and without ``harmful`` names."""
    unpickler = _Unpickler(file)
    try:
        value = unpickler.load()
    except Malformed:
        if not unpickler.harmful:
            raise
        value = None
    except Exception as error:  # the unpickler raises whatever a stand-in does with what it is given
        if not unpickler.harmful:
            raise Malformed(
                f"its pickle is corrupt or cut off ({str(error)[:80] or type(error).__name__})"
            ) from None
        value = None
    return Unpickled(value, unpickler.harmful)


def type_of(strided: Strided) -> Any:
    """The type of a tensor's values, None when it is not known."""
    return TYPES.get(strided.type)
