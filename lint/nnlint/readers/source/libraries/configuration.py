"""Configuration that lies beside the program: YAML, JSON and TOML as the usual libraries read them.

Sources: documentation of PyYAML, json, tomllib, OmegaConf, Hydra (compose, instantiate), yacs and EasyDict.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from nnlint.readers.source.language.attributes import get_attribute
from nnlint.readers.source.language.definitions import OBJECT, first, library_class, native, nothing
from nnlint.readers.source.language.values import (
    UNKNOWN,
    Arguments,
    Call,
    Class,
    DictValue,
    Function,
    ListValue,
    ModuleValue,
    Native,
    Partial,
    Value,
    new_list,
)
from nnlint.readers.source.libraries import composed, stored_values
from nnlint.readers.source.libraries.paths import text_in
from nnlint.readers.source.libraries.standard import deep_copy
from nnlint.readers.source.libraries.stored_values import UNREAD, Parser


def as_value(data: Any, cls: Class | None = None) -> Value:
    """What was read, as the program has it. ``cls``: the class of its dicts, if not the built-in one."""
    if isinstance(data, dict):
        return DictValue({k: as_value(v, cls) for k, v in data.items()}, None, cls)
    if isinstance(data, list):
        return new_list(tuple(as_value(v, cls) for v in data))
    return data if data is None or isinstance(data, str | int | float | bool) else UNKNOWN


def _reading(parse: Parser, cls: Class | None = None, *, paths: bool = False) -> Native:
    """A function of an opened file, or of a string: text, or with ``paths`` where the file lies."""

    def run(call: Call, arguments: Arguments) -> Value:
        source = next(iter((*arguments.positional, *arguments.keywords.values())), UNKNOWN)
        text = source if isinstance(source, str) and not paths else text_in(call, source)
        data = parse(text) if isinstance(text, str) else UNREAD
        return UNKNOWN if data is UNREAD else as_value(data, cls)

    return native("load", run)


# dicts whose keys are attributes


def _made(call: Call, arguments: Arguments) -> Value:
    """``EasyDict(d, key=value)``: a dict, and those in it, with attributes."""
    source = next((v for v in arguments.positional if isinstance(v, DictValue)), DictValue({}))
    made = with_attributes(source)
    made.state.update({name: with_attributes(value) for name, value in arguments.keywords.items()})
    return made


def with_attributes(value: Value) -> Any:
    """The same values, the dicts among them with their keys as attributes."""
    if isinstance(value, DictValue):
        return DictValue({k: with_attributes(v) for k, v in value.state.items()}, value.factory, SETTINGS)
    if isinstance(value, ListValue) and value.items is not None:
        return new_list(tuple(map(with_attributes, value.items)), value.kind)
    return value


def _clone(call: Call, arguments: Arguments) -> Value:
    return deep_copy(call, arguments.positional[0], {})


def _merge_file(call: Call, arguments: Arguments) -> Value:
    """``cfg.merge_from_file(path)``."""
    settings, path = arguments.positional[0], arguments.get(1, "cfg_filename", UNKNOWN)
    text = text_in(call, path)
    data = stored_values.from_yaml(text) if isinstance(text, str) else UNREAD
    if isinstance(settings, DictValue) and isinstance(data, dict):
        _merge(call, settings, as_value(data, SETTINGS))
    return None


def _merge(call: Call, into: DictValue, other: Value) -> None:
    for key, value in other.items() if isinstance(other, DictValue) else ():
        known = into.state.get(key)
        if isinstance(known, DictValue) and isinstance(value, DictValue):
            _merge(call, known, value)
        else:
            call.interpreter.heap.write(into.state, key, value)


SETTINGS = library_class(
    "omegaconf.DictConfig",
    (OBJECT,),
    {
        "clone": native("clone", _clone),
        "merge_from_file": native("merge_from_file", _merge_file),
        **{name: native(name, nothing) for name in ("freeze", "defrost", "merge_from_list")},
    },
)


# OmegaConf


def _merged(call: Call, arguments: Arguments) -> Value:
    """``OmegaConf.merge(a, b)``: later ones win; of what is not known nothing is taken over."""
    found = DictValue({}, None, SETTINGS)
    for part in arguments.positional:
        if not isinstance(part, DictValue):
            return UNKNOWN
        _merge(call, found, with_attributes(part))
    return found


def _created(call: Call, arguments: Arguments) -> Value:
    source = arguments.get(0, "obj", DictValue({}))
    return with_attributes(source) if isinstance(source, DictValue | ListValue) else UNKNOWN


def _structured(call: Call, arguments: Arguments) -> Value:
    """``OmegaConf.structured(Config)``: the defaults of a dataclass."""
    source = arguments.get(0, "obj", UNKNOWN)
    if not isinstance(source, Class):
        return source
    return call.interpreter.construct(source, Arguments([]), call.node)


# Hydra


def _main(call: Call, arguments: Arguments) -> Value:
    """``@hydra.main(config_path="conf", config_name="config")``: what they say is the first argument."""
    folder, name = arguments.get(0, "config_path", None), arguments.get(1, "config_name", None)
    here = call.interpreter.frame.scope.module.file
    data = UNREAD
    if here is not None and isinstance(folder, str) and isinstance(name, str):
        data = composed.compose(here.parent / folder, name)
    given = UNKNOWN if data is UNREAD else as_value(data, SETTINGS)

    def decorate(call: Call, arguments: Arguments) -> Value:
        function = arguments.get(0, "task_function", UNKNOWN)
        fits = isinstance(function, Function) and isinstance(given, DictValue) and not function.defaults
        return replace(function, defaults=(given,)) if fits else function

    return native("main", decorate, "decorator")


WORDS_OF_HYDRA = ("_target_", "_partial_", "_recursive_", "_convert_", "_args_")


def _instantiate(call: Call, arguments: Arguments) -> Value:
    """``instantiate(cfg, **more)``: the call of ``_target_`` with the other entries."""
    settings, *positional = arguments.positional or [arguments.get(0, "config", UNKNOWN)]
    if not isinstance(settings, DictValue) or not isinstance(settings.state.get("_target_"), str):
        return UNKNOWN
    own = {k: v for k, v in settings.items() if isinstance(k, str) and k not in WORDS_OF_HYDRA}
    given = {k: _inner(call, v) for k, v in own.items()}
    more = {k: v for k, v in arguments.keywords.items() if k not in (*WORDS_OF_HYDRA, "config")}
    handed = Arguments(positional, {**given, **more}, arguments.open or settings.open)
    target = _located(call, settings.state["_target_"])
    if settings.state.get("_partial_", arguments.keywords.get("_partial_")) is True:
        return Partial(target, handed)
    return call.interpreter.call(target, handed, call.node)


def _inner(call: Call, value: Value) -> Value:
    if isinstance(value, DictValue) and "_target_" in value.state:
        return _instantiate(call, Arguments([value]))
    if isinstance(value, ListValue) and value.items is not None:
        return new_list(tuple(_inner(call, v) for v in value.items), value.kind)
    return value


def _located(call: Call, dotted: str) -> Value:
    """What a dotted name means: something of the project, or of a library."""
    i, parts = call.interpreter, dotted.split(".")
    for length in range(len(parts) - 1, 0, -1):
        module = i.project.import_module(i, ".".join(parts[:length]), 0, i.frame.scope.module)
        if isinstance(module, ModuleValue):
            found: Value = module
            for name in parts[length:]:
                found = get_attribute(i, found, name)
            return found
    return i.project.libraries.symbol(dotted)


SETTINGS_DICT = native("dict", _made)
_OMEGA: dict[str, Callable[[Call, Arguments], Value]] = {
    "create": _created,
    "merge": _merged,
    "structured": _structured,
    "to_container": first,
    "from_cli": lambda call, arguments: DictValue({}, None, SETTINGS),
    "from_dotlist": lambda call, arguments: UNKNOWN,
    "to_yaml": lambda call, arguments: UNKNOWN,
    **dict.fromkeys(("set_struct", "set_readonly", "resolve", "save", "register_new_resolver"), nothing),
}
_YAML, _JSON = _reading(stored_values.from_yaml), _reading(stored_values.from_json)
_TOML = _reading(stored_values.from_toml)

SYMBOLS: dict[str, Value] = {
    **{f"yaml.{name}": _YAML for name in ("load", "safe_load", "full_load", "unsafe_load")},
    **{f"json.{name}": _JSON for name in ("load", "loads")},
    **{f"{library}.{name}": _TOML for library in ("tomllib", "tomli") for name in ("load", "loads")},
    "toml.load": _reading(stored_values.from_toml, paths=True),
    "toml.loads": _TOML,
    "omegaconf.OmegaConf.load": _reading(stored_values.from_omega, SETTINGS, paths=True),
    **{f"omegaconf.OmegaConf.{name}": native(name, code) for name, code in _OMEGA.items()},
    "hydra.main": native("hydra.main", _main),
    "hydra.utils.instantiate": native("instantiate", _instantiate),
    "yacs.config.CfgNode": SETTINGS_DICT,
    **dict.fromkeys(("easydict.EasyDict", "addict.Dict", "box.Box"), SETTINGS_DICT),
    **{f"munch.{name}": SETTINGS_DICT for name in ("Munch", "munchify", "DefaultMunch")},
}
