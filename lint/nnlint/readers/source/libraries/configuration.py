"""Settings that a program reads from files: ``yaml.safe_load``, ``OmegaConf.load``, ``@hydra.main``.

What the file beside the program says counts as what the program would say in its place.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nnlint import looks
from nnlint.readers.source.files.written import COMPUTED, LARGEST, SUFFIXES, NotRead, parse
from nnlint.readers.source.language.definitions import native
from nnlint.readers.source.language.interpreter import Interpreter
from nnlint.readers.source.language.values import (
    OPEN,
    UNKNOWN,
    Arguments,
    Call,
    DictValue,
    Function,
    Instance,
    ListValue,
    Value,
    new_list,
)
from nnlint.readers.source.libraries.paths import OPENED, path_text


def from_disk(i: Interpreter, text: str, *, attributes: bool, folder: Path | None = None) -> Value:
    """The settings in a file that a path names, from the program's folder or the project's; else UNKNOWN."""
    path = Path(text)
    if path.is_absolute() or path.suffix not in SUFFIXES:
        return UNKNOWN
    homes = dict.fromkeys(Path(frame.text.path).parent for frame in reversed(i.frames) if frame.text.path)
    places = (folder,) if folder is not None else [root for home in homes for root in i.project.roots(home)]
    for place in places:
        if looks.is_file(place / path):
            return _read(place / path, attributes)
    return UNKNOWN


def _read(path: Path, attributes: bool) -> Value:
    try:
        data = looks.read(path)
        if len(data) > LARGEST:
            return UNKNOWN
        return _value(parse(data, path.suffix, lenient=attributes), attributes)
    except (OSError, NotRead):
        return UNKNOWN


def _value(plain: Any, attributes: bool) -> Value:
    if isinstance(plain, dict):
        return DictValue({k: _value(v, attributes) for k, v in plain.items()}, None, attributes)
    if isinstance(plain, list):
        return new_list(tuple(_value(v, attributes) for v in plain))
    known = plain is None or isinstance(plain, str | int | float)
    return plain if known and plain is not COMPUTED else UNKNOWN


def _loader(attributes: bool) -> Callable[[Call, Arguments], Value]:
    def run(call: Call, arguments: Arguments) -> Value:
        given = arguments.positional[0] if arguments.positional else UNKNOWN
        opened = isinstance(given, Instance) and given.cls is OPENED
        text = given.state.get("_text") if isinstance(given, Instance) and opened else path_text(given)
        if not isinstance(text, str) or not (opened or attributes):
            return UNKNOWN
        return from_disk(call.interpreter, text, attributes=attributes)

    return run


def _as_attributes(call: Call, arguments: Arguments) -> Value:
    """``EasyDict(settings)``: the same, whose keys are attributes as well."""
    given = arguments.get(0, "obj", None)
    if isinstance(given, DictValue):
        return deep(given, True)
    return DictValue(dict(arguments.keywords), None, True) if given is None else UNKNOWN


def _plain(call: Call, arguments: Arguments) -> Value:
    given = arguments.get(0, "cfg", UNKNOWN)
    return deep(given, False) if isinstance(given, DictValue) else UNKNOWN


def deep(value: Value, attributes: bool) -> Value:
    """A copy of settings, with or without keys as attributes."""
    if not isinstance(value, DictValue):
        return value
    return DictValue({k: deep(v, attributes) for k, v in value.state.items()}, None, attributes)


def _merge(call: Call, arguments: Arguments) -> Value:
    merged = DictValue({}, None, True)
    for value in arguments.positional:
        if not isinstance(value, DictValue) or arguments.open:
            return UNKNOWN
        _put(merged, value)
    return merged


def _put(into: DictValue, value: DictValue) -> None:
    """Later settings replace earlier ones, key by key."""
    for key, part in value.state.items():
        before = into.state.get(key)
        if isinstance(before, DictValue) and isinstance(part, DictValue):
            _put(before, part)
        else:
            into.state[key] = deep(part, True)


# hydra


def launched(i: Interpreter, function: Function) -> Value:
    """What ``@hydra.main(config_path="conf", config_name="config")`` passes; UNKNOWN without such a file."""
    for node in function.node.decorator_list if not isinstance(function.node, ast.Lambda) else ():
        named = {k.arg: k.value for k in node.keywords} if isinstance(node, ast.Call) else {}
        folder, name = _text(named.get("config_path")), _text(named.get("config_name"))
        if name is not None and ast.unparse(node).startswith("hydra.main("):
            home = Path(function.text.path).parent / (folder or ".")
            return _composed(i, home, name.removesuffix(".yaml"))
    return UNKNOWN


def _text(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _composed(i: Interpreter, home: Path, name: str) -> Value:
    """A file of settings, on top of what its list of defaults names."""
    own = from_disk(i, f"{name}.yaml", attributes=True, folder=home)
    if not isinstance(own, DictValue):
        return UNKNOWN
    listed = own.state.pop("defaults", None)
    composed = DictValue({}, None, True)
    entries = listed.items if isinstance(listed, ListValue) else None
    for entry in entries or ():
        if isinstance(entry, DictValue):
            for group, option in entry.items():
                composed.state[group] = _group(i, home, str(group), option)
        elif isinstance(entry, str) and entry != "_self_":
            base = from_disk(i, f"{entry}.yaml", attributes=True, folder=home)
            if isinstance(base, DictValue):
                _put(composed, base)
            else:
                composed.state[OPEN] = True
    _put(composed, own)
    return composed


def _group(i: Interpreter, home: Path, group: str, option: Value) -> Value:
    if not isinstance(option, str) or " " in group:
        return UNKNOWN
    return from_disk(i, f"{group}/{option.removesuffix('.yaml')}.yaml", attributes=True, folder=home)


SYMBOLS: dict[str, Value] = {
    **{
        f"yaml.{name}": native(f"yaml.{name}", _loader(False))
        for name in ("safe_load", "load", "full_load", "unsafe_load")
    },
    **{f"{module}.load": native(f"{module}.load", _loader(False)) for module in ("json", "tomllib", "tomli")},
    "json.loads": native("json.loads", _loader(False)),
    "omegaconf.OmegaConf.load": native("OmegaConf.load", _loader(True)),
    "omegaconf.OmegaConf.create": native("OmegaConf.create", _as_attributes),
    "omegaconf.OmegaConf.merge": native("OmegaConf.merge", _merge),
    "omegaconf.OmegaConf.to_container": native("OmegaConf.to_container", _plain),
    "omegaconf.OmegaConf.from_cli": native("OmegaConf.from_cli", lambda c, a: DictValue({}, None, True)),
    **{
        name: native(name, _as_attributes)
        for name in ("easydict.EasyDict", "addict.Dict", "munch.munchify", "munch.Munch", "box.Box")
    },
}
