"""What YAML, JSON and TOML say, by the libraries that read them; nothing of it is run."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

from nnlint.pattern import pattern

UNREAD: Final = object()
"""In stead of what cannot be told."""
MOST_VALUES, MOST_LEVELS = 20_000, 50
"""Of a file, those of aliases counted each time: a few lines of aliases can mean billions."""
STEEPEST = 4_000
"""Levels that text may have by the length of its lines and its brackets: 30,000 overflow libyaml's stack."""
Parser = Callable[[str], Any]

_INTERPOLATED = pattern(r"\$\{([\w.]+)\}")
_EXPONENT = r"^[-+]?\d[\d_]*(?:\.\d*)?[eE][-+]?\d+$"


def from_yaml(text: str) -> Any:
    """As ``yaml.safe_load``; UNREAD for what it refuses."""
    return _from_yaml(text, _safe)


def from_omega(text: str) -> Any:
    """As ``OmegaConf.load``, with interpolations of other entries in their place."""
    data = from_omega_raw(text)
    return data if data is UNREAD else interpolated(data, data)


def from_omega_raw(text: str) -> Any:
    """As ``OmegaConf.load``, with interpolations as they are written."""
    return _from_yaml(text, _with_exponents)


def _from_yaml(text: str, loader: Callable[[], Any]) -> Any:
    if max(map(len, text.splitlines()), default=0) + text.count("[") + text.count("{") > STEEPEST:
        return UNREAD
    import yaml  # only programs that read YAML wait for it

    return _parsed(lambda: yaml.load(text, loader()), yaml.YAMLError)


def _safe() -> Any:
    """The loader that makes nothing but plain values: in C, if PyYAML has it, which is ten times faster."""
    import yaml

    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@cache
def _with_exponents() -> Any:
    """OmegaConf's loader: ``1e-3`` is a number to it, and text in YAML 1.1."""
    loader: Any = type("Loader", (_safe(),), {})
    loader.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(_EXPONENT), list("-+0123456789"))
    return loader


def from_json(text: str) -> Any:
    """As ``json.loads``."""
    return _parsed(lambda: json.loads(text))


def from_toml(text: str) -> Any:
    """As ``tomllib.loads``."""
    return _parsed(lambda: tomllib.loads(text))


def _parsed(parse: Callable[[], Any], *refused: type[Exception]) -> Any:
    no_text: tuple[type[Exception], ...] = (*refused, ValueError, TypeError, RecursionError)
    try:
        data = parse()
    except no_text:
        return UNREAD
    return data if _is_small(data) else UNREAD


def _is_small(data: Any) -> bool:
    """Neither many values nor many levels; what holds itself has no end of either."""
    todo, left = [(data, 0)], MOST_VALUES
    while todo and left:
        (value, level), left = todo.pop(), left - 1
        if level > MOST_LEVELS:
            return False
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        todo += [(each, level + 1) for each in inner]
    return not todo


def interpolated(value: Any, root: Any) -> Any:
    """The value with ``${a.b}`` of the root for what says so; what else interpolates is UNREAD."""
    if isinstance(value, dict):
        return {key: interpolated(inner, root) for key, inner in value.items()}
    if isinstance(value, list):
        return [interpolated(inner, root) for inner in value]
    if not isinstance(value, str) or "${" not in value:
        return value
    reference = _INTERPOLATED.fullmatch(value)
    found = _at(root, reference[1].split(".")) if reference else UNREAD
    plain = found is None or isinstance(found, int | float) or (isinstance(found, str) and "${" not in found)
    return found if plain else UNREAD


def _at(data: Any, keys: list[str]) -> Any:
    for key in keys:
        if not isinstance(data, Mapping) or key not in data:
            return UNREAD
        data = data[key]
    return data
