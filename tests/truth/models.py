"""``PYTHONPATH=tests python -m truth.models [timm|torchvision] [--all] [PATTERN...]``: the reader over the packages' own sources.

Each factory is interpreted from the source of its package, and built by torch on the meta device; then the
shape that every submodule gives, and every parameter's, is compared.
"""

from __future__ import annotations

import argparse
import fnmatch
import inspect
import sys
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from truth.static import Reading, agrees, deep, exact, new_interpreter, read_model

FUEL = 3_000_000
Sizes = tuple[int, ...]


@dataclass(frozen=True)
class Target:
    """A factory of a package and the sizes of what its models take."""

    name: str
    build: Any
    inputs: tuple[Sizes, ...]
    keywords: Mapping[str, Any] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        return Path(sys.modules[self.build.__module__].__file__ or "")

    @property
    def factory(self) -> str:
        return str(self.build.__name__)


@dataclass
class Truth:
    """What torch says of a model."""

    shapes: dict[str, tuple[Sizes, ...]] = field(default_factory=dict)
    classes: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, Sizes] = field(default_factory=dict)


@dataclass
class Comparison:
    modules: int = 0
    known: int = 0
    parameters: int = 0
    counted: int = 0
    wrong: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


# torch


def observe(target: Target) -> Truth:
    """Build, run once on the meta device in evaluation mode, keep what each module gave first."""
    truth = Truth()
    model = _built(target).eval()
    with torch.device("meta"), torch.no_grad():
        for name, part in model.named_modules():
            truth.classes[name] = type(part).__name__
            part.register_forward_hook(_keep(truth, name))
        model(*(torch.empty(sizes) for sizes in target.inputs))
    truth.parameters = {name: tuple(p.shape) for name, p in model.named_parameters()}
    return truth


def _built(target: Target) -> Any:
    """On the meta device where the factory can: some compute with numbers that only real tensors hold."""
    try:
        with torch.device("meta"):
            return target.build(**target.keywords)
    except (RuntimeError, NotImplementedError):
        return target.build(**target.keywords).to("meta")


def _keep(truth: Truth, name: str) -> Any:
    def hook(module: Any, inputs: Any, output: Any) -> None:
        truth.shapes.setdefault(name, tuple(tuple(t.shape) for t in _tensors(output)))

    return hook


def _tensors(value: Any) -> Iterator[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _tensors(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _tensors(part)


# comparing


def compare(truth: Truth, reading: Reading) -> Comparison:
    result = Comparison(wrong=[f"conflict {c}" for c in reading.conflicts])
    for name, actual in truth.shapes.items():
        if not actual:
            continue
        result.modules += 1
        static = tuple(t.shape for t in reading.outputs.get(name, ()))
        if static and len(static) != len(actual):
            static = ()
        complete = bool(static) and all(exact(s) for s in static)
        result.known += complete
        if not complete:
            shown = " ".join(map(str, static)) or "nothing"
            result.unknown.append(f"{name} {truth.classes[name]}: {shown} for {actual}")
        for shape, sizes in zip(static, actual, strict=False):
            if not agrees(shape, sizes):
                result.wrong.append(f"{name} {truth.classes[name]}: {shape}, torch gives {sizes}")
    for name, sizes in truth.parameters.items():
        result.parameters += 1
        shape = reading.parameters.get(name)
        result.counted += shape is not None and exact(shape)
        if shape is not None and not agrees(shape, sizes):
            result.wrong.append(f"parameter {name}: {shape}, torch has {sizes}")
    if not reading.failure and (extra := _named(reading) - truth.parameters.keys()):
        result.wrong.append(f"parameters that torch has not: {sorted(extra)[:4]}")
    return result


def _named(reading: Reading) -> set[str]:
    """Parameters whose names are known: ``setattr`` with a name that is not keeps a place for one."""
    return {name for name in reading.parameters if "?" not in name}


# packages


def import_torchvision() -> Any:
    """torchvision, also where its compiled operators do not fit this build of torch."""
    library = torch.library.Library("torchvision", "FRAGMENT")
    for schema in (
        "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
        "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    ):
        with suppress(RuntimeError):  # it is there
            library.define(schema)
    import torchvision

    return torchvision


def torchvision_targets() -> Iterator[Target]:
    models = import_torchvision().models
    for name in models.list_models():
        build = models.get_model_builder(name)
        inputs: tuple[Sizes, ...] = ((1, 3, 224, 224),)
        if ".detection." in build.__module__:
            continue  # they end in compiled operators
        if ".video." in build.__module__:
            inputs = ((1, 3, 16, 224, 224),)
        elif ".optical_flow" in build.__module__:
            inputs = ((1, 3, 128, 128),) * 2
        elif "inception" in name:
            inputs = ((1, 3, 299, 299),)
        elif "swin_v2" in name:
            inputs = ((1, 3, 256, 256),)
        takes = inspect.signature(build).parameters
        keywords = {"weights_backbone": None} if "weights_backbone" in takes else {}
        yield Target(name, build, inputs, keywords)


def timm_targets() -> Iterator[Target]:
    import_torchvision()
    import timm

    for name in timm.list_models():
        config = timm.models.get_pretrained_cfg(name)
        size = tuple(config.input_size) if config is not None else (3, 224, 224)
        yield Target(name, timm.models.model_entrypoint(name), ((1, *size),))


PACKAGES = {"torchvision": torchvision_targets, "timm": timm_targets}


def chosen(targets: Iterator[Target], patterns: list[str], every: bool) -> Iterator[Target]:
    """Those that a pattern names, or all, or the first of each file."""
    seen: dict[str, int] = {}
    for target in targets:
        module = target.build.__module__
        seen[module] = seen.get(module, 0) + 1
        named = any(fnmatch.fnmatch(target.name, p) for p in patterns)
        if named or (not patterns and (every or seen[module] == 1)):
            yield target


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m truth.models", description=__doc__)
    parser.add_argument("package", choices=sorted(PACKAGES))
    parser.add_argument("patterns", nargs="*", help="names of models (the first of each file)")
    parser.add_argument("--all", action="store_true", help="every model, not one of each file")
    parser.add_argument("-v", "--verbose", action="store_true", help="list the modules that are not known")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    interpreter, total, wrong = new_interpreter(), Comparison(), 0
    print(f"{'model':36}{'modules':>8}{'known':>7}{'params':>8}{'counted':>8}{'wrong':>6}{'seconds':>8}")
    for target in chosen(PACKAGES[options.package](), options.patterns, options.all):
        try:
            truth = observe(target)
        except Exception as error:
            print(f"{target.name:36}not run by torch on meta: {str(error).splitlines()[:1]}")
            continue
        start = time.perf_counter()
        with deep():
            reading = read_model(
                interpreter, target.path, target.factory, target.inputs, target.keywords, FUEL
            )
        spent = time.perf_counter() - start
        result = compare(truth, reading)
        print(
            f"{target.name:36}{result.modules:8}{result.known / max(1, result.modules):7.0%}{result.parameters:8}"
            f"{result.counted / max(1, result.parameters):8.0%}{len(result.wrong):6}{spent:8.2f}  {reading.failure}",
            flush=True,
        )
        for line in result.wrong[:5]:
            print("    wrong:", line)
        for line in result.unknown if options.verbose else ():
            print("    unknown:", line)
        wrong += len(result.wrong)
        for name in ("modules", "known", "parameters", "counted"):
            setattr(total, name, getattr(total, name) + getattr(result, name))
    print(
        f"{'all':36}{total.modules:8}{total.known / max(1, total.modules):7.0%}{total.parameters:8}"
        f"{total.counted / max(1, total.parameters):8.0%}{wrong:6}"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
