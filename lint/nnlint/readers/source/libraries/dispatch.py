"""The libraries that are modelled, and what happens with values of those that are not."""

from __future__ import annotations

import ast
import importlib
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Protocol

from nnlint.evidence.source import Did, Loader, Named
from nnlint.network.graph import Initialization, Tensor
from nnlint.readers.source.facts import by_hand, opaque, references, unpickling, usage
from nnlint.readers.source.facts.idle import bind_loader
from nnlint.readers.source.facts.naming import callee_of
from nnlint.readers.source.facts.writes import overwritten
from nnlint.readers.source.files.nodes import everything
from nnlint.readers.source.language import containers
from nnlint.readers.source.language.assignment import assign
from nnlint.readers.source.language.iteration import iterate
from nnlint.readers.source.language.shapes import OpenShape
from nnlint.readers.source.language.values import (
    MISSING,
    NOWHERE,
    UNKNOWN,
    Arguments,
    Call,
    DictValue,
    Function,
    Instance,
    Library,
    ListValue,
    OneOf,
    Stream,
    Unknown,
    Value,
    Weight,
)
from nnlint.readers.source.libraries.aliases import canonical
from nnlint.readers.source.libraries.conventions import called, says_probability

if TYPE_CHECKING:
    from nnlint.readers.source.language.interpreter import Interpreter

MODELS: dict[str, str] = {
    **dict.fromkeys(
        (
            *("functools", "collections", "math", "argparse", "dataclasses", "typing", "copy", "itertools"),
            *("types", "enum", "abc", "contextlib", "operator", "builtins", "tqdm", "time", "os", "sys"),
            *("random", "io", "logging", "pathlib", "re", "warnings", "inspect"),
        ),
        "standard",
    ),
    **dict.fromkeys(("json", "yaml", "toml", "tomllib", "tomli"), "configuration"),
    **dict.fromkeys(("omegaconf", "hydra", "yacs", "easydict", "munch", "addict", "box"), "configuration"),
    "torch": "torch",
    **dict.fromkeys(("xgboost", "lightgbm", "catboost"), "tabular"),
    **dict.fromkeys(("torchvision", "timm", "efficientnet_pytorch"), "torchvision"),
    **dict.fromkeys(("pandas", "polars", "numpy", "sklearn", "imblearn", "PIL", "cv2"), "tabular"),
    **dict.fromkeys(("keras", "tensorflow", "tf_keras"), "keras"),
    **dict.fromkeys(("lightning", "pytorch_lightning"), "lightning"),
    **dict.fromkeys(("transformers", "diffusers"), "huggingface"),
    "einops": "einops",
    **dict.fromkeys(("accelerate", "lightning_fabric"), "launchers"),
    "albumentations": "albumentations",
    "fastai": "fastai",
}
"""Root package -> the model package that describes it."""

QUIET = frozenset(
    {
        *(
            "numpy",
            "pandas",
            "sklearn",
            "scipy",
            "matplotlib",
            "seaborn",
            "PIL",
            "cv2",
            "wandb",
            "tensorboard",
        ),
        *(
            "tensorboardX",
            "torchinfo",
            "torchsummary",
            "tqdm",
            "rich",
            "yaml",
            "torch",
            "torchvision",
            "h5py",
            "keras",
            "tensorflow",
            "tf_keras",
        ),
        *("os", "sys", "time", "random", "json", "logging", "pathlib", "re", "warnings", "math", "operator"),
        *("collections", "itertools", "functools", "typing", "mlflow", "torchmetrics", "requests", "pickle"),
        *("datetime", "shutil", "glob", "csv", "string", "subprocess", "threading", "signal", "gc", "psutil"),
    }
)
"""Packages whose functions look at a model or optimiser and leave its mode and layers alone."""


NEVER_OPENED = QUIET | MODELS.keys()
"""Well-known packages: even when their source lies at hand it is not part of the project."""


SCALING = frozenset({"Normalize", "ToTensor", "Normalization", "Rescaling", "to_tensor", "normalize"})
"""Functions and classes of libraries that are not modelled further and bring inputs to a common scale."""


NAMED_RESULTS = {"values": 0, "indices": 1}
"""Names of what torch's reductions along an axis give."""


class Model(Protocol):
    """A package that models a library: names, and behaviour of its values."""

    SYMBOLS: dict[str, Value]


class Libraries:
    """Look-up of library names, and the operations on values that only a library knows."""

    def __init__(self) -> None:
        self._symbols: dict[str, Value] = {}
        self._loaded: set[str] = set()

    def holds(self, model: str) -> bool:
        """Whether any program read so far uses a library of that model (``torch``, ``tabular``)."""
        return model in self._loaded

    # names

    def module(self, name: str) -> Library | None:
        """A modelled package, or None."""
        return Library(name) if name.partition(".")[0] in MODELS else None

    def symbol(self, name: str) -> Value:
        """What a qualified name of a library stands for; a Library value when it is not modelled."""
        root = name.partition(".")[0]
        model = MODELS.get(root)
        if model is None:
            return Library(name)
        if model not in self._loaded:
            self._loaded.add(model)
            module: Any = importlib.import_module(f"nnlint.readers.source.libraries.{model}")
            self._symbols.update(module.SYMBOLS)
        return self._symbols.get(canonical(name), Library(name))

    def star(self, module: Value) -> dict[str, Value] | None:
        """Public names for ``from module import *``; None when they are not known."""
        if not isinstance(module, Library) or module.name.partition(".")[0] not in MODELS:
            return None
        self.symbol(f"{module.name}.x")
        prefix = canonical(f"{module.name}.x").removesuffix("x")
        names = {n.removeprefix(prefix): v for n, v in self._symbols.items() if n.startswith(prefix)}
        return {n: v for n, v in names.items() if "." not in n and not n.startswith("_")}

    # values

    def attribute(self, i: Interpreter, value: Value, name: str, node: ast.AST | None) -> Value:
        """Attributes of tensors, containers and streams."""
        if isinstance(value, Tensor | Weight):
            from nnlint.readers.source.libraries.torch.tensors import tensor_attribute

            return tensor_attribute(i, value, name, node)
        if isinstance(value, str | ListValue | DictValue):
            return containers.method(value, name)
        if isinstance(value, Stream) and value.loader is not None:
            return value.loader.dataset if name == "dataset" else UNKNOWN
        if isinstance(value, tuple) and name in NAMED_RESULTS and len(value) == 2:
            return value[NAMED_RESULTS[name]]  # ``x.max(dim=1).values``
        return UNKNOWN

    def set_tensor_attribute(
        self, i: Interpreter, target: Value, name: str, value: Value, node: ast.AST
    ) -> None:
        """``tensor.name = value``."""
        from nnlint.readers.source.libraries.torch.tensors import set_tensor_attribute

        set_tensor_attribute(i, target, name, value, node)

    def item(self, i: Interpreter, container: Value, index: Value, node: ast.AST) -> Value:
        """``container[index]`` for tensors and library objects."""
        if isinstance(container, Tensor | Weight):
            from nnlint.readers.source.libraries.torch.indexing import index_tensor

            return index_tensor(i, container, index, node)
        if isinstance(container, OpenShape):
            return container.item(index)
        if isinstance(container, OneOf) and "tabular" in self._loaded:
            from nnlint.readers.source.libraries.tabular import selecting

            return selecting.item(Call(i, node), Arguments([container, index]))
        return UNKNOWN

    def set_item(self, i: Interpreter, container: Value, index: Value, value: Value, node: ast.AST) -> None:
        """``container[index] = value`` for tensors and library objects."""
        if isinstance(container, Weight):
            from nnlint.readers.source.libraries.torch.init import partly_set

            partly_set(i, container, node)
        elif isinstance(container, Tensor):
            from nnlint.readers.source.libraries.torch.indexing import write_item

            write_item(i, value, node)

    def unpack(self, i: Interpreter, value: Value, count: int) -> list[Value] | None:
        """``a, b = tensor`` and the like."""
        if isinstance(value, Tensor | Weight):
            return [self.item(i, value, n, NOWHERE) for n in range(count)]
        if isinstance(value, OpenShape):
            return value.sizes(count)
        return None

    def iterate(self, i: Interpreter, value: Instance) -> list[Value] | None:
        """The elements of an object that can be looped over, None when not known."""
        method = value.cls.find("__iter__")
        if method is MISSING:
            return None
        result = i.call_method(value, "__iter__", Arguments([]), NOWHERE)
        return None if isinstance(result, Instance) else iterate(i, result)

    def element(self, i: Interpreter, value: Instance) -> Value:
        """One element of an object whose elements are alike."""
        method = value.cls.find("__iter__")
        if method is MISSING:
            return UNKNOWN
        result = i.call_method(value, "__iter__", Arguments([]), NOWHERE)
        return result.element if isinstance(result, Stream) else UNKNOWN

    def loader(self, i: Interpreter, value: Value) -> Loader | None:
        """The loader behind an iterable."""
        if not isinstance(value, Instance) or "_loader" not in value.state:
            return None
        from nnlint.readers.source.libraries.torch.data import current

        return current(i, value)

    def contains(self, container: Value, item: Value) -> bool | None:
        """``item in container`` for library objects."""
        if isinstance(container, Instance) and isinstance(item, str):
            held = container.state.get("_items")
            if isinstance(held, DictValue) and not held.open:
                return item in held.state
        return None

    def binary(self, i: Interpreter, op: ast.operator, left: Value, right: Value, node: ast.AST) -> Value:
        """Arithmetic of library objects; MISSING when no library has a say."""
        if "tabular" not in self._loaded:
            return MISSING
        from nnlint.readers.source.libraries.tabular import arithmetic

        return arithmetic.binary(i, op, left, right, node)

    def unary(self, i: Interpreter, op: ast.unaryop, value: Value, node: ast.AST) -> Value:
        """``-value`` and ``~value`` of library objects; MISSING when no library has a say."""
        if "tabular" not in self._loaded:
            return MISSING
        from nnlint.readers.source.libraries.tabular import arithmetic

        return arithmetic.unary(i, op, value, node)

    def compare(self, i: Interpreter, op: ast.cmpop, left: Value, right: Value, node: ast.AST) -> Value:
        """Comparisons of library objects; MISSING when no library has a say."""
        if "tabular" not in self._loaded or not isinstance(left, Instance | OneOf):
            return MISSING
        from nnlint.readers.source.libraries.tabular import arithmetic

        return arithmetic.compare(i, op, left, right, node)

    # events

    def call_unknown(self, call: Call, function: Value, arguments: Arguments) -> Value:
        """A call that is not understood: what it got may have changed."""
        i = call.interpreter
        root = function.name.partition(".")[0] if isinstance(function, Library) else ""
        if isinstance(function, Library) and function.name.rpartition(".")[2] in SCALING:
            i.trace.notes["scales"] = True
        if root in QUIET:
            return UNKNOWN
        i.trace.opaque += 1
        read = [value for value in arguments.all() if isinstance(value, Tensor)]
        if read and i.trace.inside:
            i.operate("unknown", read, {}, call.place)  # the values are used here, too
        subjects = []
        for value in arguments.all():
            if isinstance(value, Instance) and "_data" in value.state:
                self._touched(i, value)
            elif isinstance(value, Instance):
                subjects.append(value.key)
                self._forget(i, value)
            elif isinstance(value, ListValue):
                subjects += [item.key for item in value.items or () if isinstance(item, Instance)]
                i.heap.write(value.state, "items", None)
            elif isinstance(value, DictValue):
                subjects += [item.key for item in value.state.values() if isinstance(item, Instance)]
            elif isinstance(value, Weight):
                i.heap.write(value.state, "initialization", Initialization("unknown"))
        name = function.name if isinstance(function, Library) else called(call.node)
        if subjects or name:
            i.trace.did(Did.OPAQUE, call.place, *subjects, method=name, callee=callee_of(i, call.node))
        return UNKNOWN

    def _touched(self, i: Interpreter, value: Instance) -> None:
        """Data in unknown hands: it may have been scaled."""
        from nnlint.readers.source.libraries.tabular.values import touched

        i.heap.write(value.state, "_data", touched(value))

    def _forget(self, i: Interpreter, value: Instance) -> None:
        """A model in unknown hands: its mode and weights may have been set."""
        from nnlint.readers.source.libraries.modules import forget, is_module

        if is_module(value):
            forget(i, value)

    def after_call(
        self, i: Interpreter, node: ast.Call, function: Value, arguments: Arguments, result: Value
    ) -> None:
        """In-place operations rebind the name they were called on; unknown methods are noted."""
        if isinstance(function, Unknown) and isinstance(node.func, ast.Attribute):
            opaque.method(i, node, node.func, arguments)
        references.used(i, node)
        by_hand.called(i, node)
        usage.direct(i, node, function)
        usage.waits(i, node, result)
        unpickling.loads(i, node, function, arguments)
        if not isinstance(result, Tensor) or not result.operation.attributes.get("inplace"):
            return
        target = _written(i, node, result.operation.inputs[:1])
        if isinstance(target, ast.Name | ast.Attribute):
            said = getattr(node.func, "attr", getattr(node.func, "id", "")).endswith("_")
            assign(i, target, result if said else overwritten(result))

    def named(self, i: Interpreter, name: str, value: Value, node: ast.AST) -> None:
        """A value was given a name: loaders and data take their role from it, probabilities are noted."""
        if isinstance(value, Tensor) and says_probability(name):
            i.trace.named.append(Named(name, value, i.place(node)))
        self.named_attribute(i, name, value)
        loader = self.loader(i, value)
        if loader is not None:
            bind_loader(i, value.key, loader, name)

    def named_attribute(self, i: Interpreter, name: str, value: Value) -> None:
        """Loaders, data sets and tables take their role from the name of what they are assigned to."""
        if isinstance(value, Instance) and value.is_a("torch.utils.data.DataLoader"):
            from nnlint.readers.source.libraries.torch.data import name_loader

            name_loader(i, value, name)
        elif isinstance(value, Instance) and value.is_a("torch.utils.data.Dataset"):
            from nnlint.readers.source.libraries.torch.samples import name_dataset

            name_dataset(i, value, name)
        elif isinstance(value, Instance) and "_data" in value.state:
            from nnlint.readers.source.libraries.tabular import rows

            rows.name(i, name, value)

    def returned(self, i: Interpreter, function: Function, value: Value) -> None:
        """A function with a telling name gave a value, at its last ``return``."""
        returns = [n for n in everything(function.node) if isinstance(n, ast.Return)]
        self.named(i, function.name, value, returns[-1] if returns else function.node)

    def enter(self, i: Interpreter, manager: Value, stack: ExitStack, node: ast.AST) -> Value:
        """``with manager as value``: no_grad and the like change how the body is recorded."""
        if isinstance(manager, Instance):
            if "_autocast" in manager.state:
                stack.enter_context(i.trace.in_numbers(manager.state["_autocast"]))
                return manager
            mode = manager.cls.find("_gradients")
            if mode is not MISSING:
                state = manager.state.get("on", mode)
                i.trace.gradients = manager.state.get("before", i.trace.gradients)
                stack.enter_context(i.trace.recording_gradients(state if isinstance(state, bool) else None))
                return manager
            if manager.cls.find("__enter__") is not MISSING:
                return i.call_method(manager, "__enter__", Arguments([]), node)
        return manager if isinstance(manager, Instance) else UNKNOWN


def _written(i: Interpreter, node: ast.Call, inputs: tuple[Tensor, ...]) -> ast.expr | None:
    """The name that an in-place operation writes to: its argument's, or that of the object it is a method of.

    None for a call that only ends in such an operation: it writes to what it made itself.
    """
    named = [node.args[0]] if node.args else []
    if isinstance(node.func, ast.Attribute):
        named.append(node.func.value)
    for expression in named:
        if isinstance(expression, ast.Name | ast.Attribute):
            value = i.evaluate(expression)
            if any((value.tensor if isinstance(value, Weight) else value) is tensor for tensor in inputs):
                return expression
    return None
