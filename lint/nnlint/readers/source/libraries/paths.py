"""Paths as programs build them: ``pathlib`` and ``os.path``."""

from __future__ import annotations

import ast
import posixpath
from pathlib import Path

from nnlint import looks
from nnlint.readers.source.language.definitions import OBJECT, library_class, native
from nnlint.readers.source.language.values import (
    UNKNOWN,
    Arguments,
    Bound,
    Call,
    Instance,
    Value,
)

THIS_FILE = "./__file__"
"""Stands for ``__file__``: what is beside it is found from the folder of the program."""


def path_text(value: Value) -> str | None:
    """A path as text: a string, or a Path whose parts are known."""
    if isinstance(value, str):
        return value
    if isinstance(value, Instance) and value.cls is PATH:
        text = value.state.get("_text")
        return text if isinstance(text, str) else None
    return None


def _texts(call: Call, arguments: Arguments) -> list[str] | None:
    nodes = call.node.args if isinstance(call.node, ast.Call) else []
    texts: list[str] = []
    shift = len(nodes) - len(arguments.positional)
    for n, value in enumerate(arguments.positional):
        text = path_text(value)
        node = nodes[n + shift] if 0 <= n + shift < len(nodes) else None
        if text is None and isinstance(node, ast.Name) and node.id == "__file__":
            text = THIS_FILE
        if text is None:
            return None
        texts.append(text)
    return None if arguments.open else texts


def _make(call: Call, text: str | None) -> Instance:
    return Instance(
        PATH, {"_text": UNKNOWN if text is None else text}, call.place, call.interpreter.new_key()
    )


def _new(call: Call, arguments: Arguments) -> Value:
    texts = _texts(call, Arguments(arguments.positional[1:], {}, arguments.open))
    return _make(call, None if texts is None else posixpath.join(".", *texts) if texts else ".")


def _divide(call: Call, arguments: Arguments) -> Value:
    texts = [path_text(value) for value in arguments.positional]
    return _make(call, None if None in texts else posixpath.join(*[t for t in texts if t is not None]))


def _get(call: Call, arguments: Arguments) -> Value:
    receiver, name = arguments.positional[0], arguments.get(1, "name", "")
    text = path_text(receiver)
    if name == "parent":
        return _make(call, None if text is None else posixpath.dirname(text) or ".")
    if name in ("name", "stem", "suffix"):
        return UNKNOWN if text is None else _piece(text, name)
    if name in ("resolve", "absolute", "expanduser", "as_posix"):
        return native(name, lambda c, a: receiver, "static")
    if name == "joinpath":
        return Bound(native(name, _divide), receiver)
    if name == "open":
        return Bound(native(name, opened), receiver)
    if name == "read_text":
        return native(name, lambda c, a: text_in(c, receiver), "static")
    if name == "with_name":
        base = None if text is None else posixpath.dirname(text)
        return native(name, lambda c, a: _with_name(c, base, a), "static")
    return native(str(name), lambda c, a: UNKNOWN, "static") if name in HARMLESS else UNKNOWN


def _with_name(call: Call, base: str | None, arguments: Arguments) -> Value:
    name = arguments.get(0, "name", UNKNOWN)
    return _make(call, posixpath.join(base, name) if base is not None and isinstance(name, str) else None)


def _piece(text: str, name: str) -> str:
    last = posixpath.basename(text)
    return {"name": last, "stem": posixpath.splitext(last)[0], "suffix": posixpath.splitext(last)[1]}[name]


HARMLESS = frozenset(
    {
        *("exists", "is_file", "is_dir", "mkdir", "iterdir", "glob", "rglob", "write_text"),
        *("stat", "unlink", "touch", "read_bytes", "write_bytes", "with_suffix", "relative_to"),
    }
)


def _joined(call: Call, arguments: Arguments) -> Value:
    texts = _texts(call, arguments)
    return UNKNOWN if not texts else posixpath.join(*texts)


def _same(call: Call, arguments: Arguments) -> Value:
    texts = _texts(call, arguments)
    return UNKNOWN if not texts else texts[0]


def _folder(call: Call, arguments: Arguments) -> Value:
    texts = _texts(call, arguments)
    return UNKNOWN if not texts else posixpath.dirname(texts[0]) or "."


def _as_text(call: Call, arguments: Arguments) -> Value:
    text = path_text(arguments.positional[0])
    return UNKNOWN if text is None else text


PATH = library_class(
    "pathlib.Path",
    (OBJECT,),
    {
        "__new__": native("Path", _new),
        "__truediv__": native("__truediv__", _divide),
        "__str__": native("__str__", _as_text),
        "__fspath__": native("__fspath__", _as_text),
        "__getattr__": native("__getattr__", _get),
    },
)
PATH.opaque = True


# configuration that lies in the project

CONFIGURATION = frozenset({".yaml", ".yml", ".json", ".toml"})
LONGEST = 2**16
"""Bytes: longer files are data."""
LEVELS = 4
"""Folders above the program's that it may be started from."""


def opened(call: Call, arguments: Arguments) -> Value:
    """``open(path)`` of a file that may hold configuration, for reading; of others nothing is told."""
    text, mode = path_text(arguments.get(0, "file", UNKNOWN)), arguments.get(1, "mode", "r")
    if text is None or posixpath.splitext(text)[1].lower() not in CONFIGURATION:
        return UNKNOWN
    if not isinstance(mode, str) or not set(mode) <= set("rbt"):
        return UNKNOWN
    return Instance(OPENED, {"_text": text}, call.place, call.interpreter.new_key())


def text_in(call: Call, source: Value) -> Value:
    """What stands in an opened file or at a path, where that is configuration of the project."""
    is_open = isinstance(source, Instance) and source.cls is OPENED
    text = source.state["_text"] if is_open else path_text(source)
    path = found_at(call, text) if isinstance(text, str) else None
    return UNKNOWN if path is None else content(path) or UNKNOWN


def found_at(call: Call, text: str) -> Path | None:
    """The file at a path: from the folder of the module, or one above it that the program is started from."""
    here = call.interpreter.frame.scope.module.file
    if here is None or posixpath.splitext(text)[1].lower() not in CONFIGURATION or posixpath.isabs(text):
        return None
    folder = here.parent
    candidates = [above / text for above in (folder, *looks.resolved(folder).parents[:LEVELS])]
    return next((path for path in candidates if looks.is_file(path)), None)


def content(path: Path) -> str | None:
    """The text of a short file; None where it cannot be had."""
    try:
        data = looks.read(path)
        return data.decode() if len(data) <= LONGEST else None
    except (OSError, UnicodeDecodeError):
        return None


OPENED = library_class(
    "io.TextIOWrapper",
    (OBJECT,),
    {"read": native("read", lambda call, arguments: text_in(call, arguments.positional[0]))},
)
OPENED.opaque = True


def _variable(call: Call, arguments: Arguments) -> Value:
    """A variable of the environment is taken to be unset, as an argument that is not given."""
    return (
        arguments.positional[1]
        if len(arguments.positional) > 1
        else arguments.keywords.get("default", UNKNOWN)
    )


SYMBOLS: dict[str, Value] = {
    "os.environ.get": native("os.environ.get", _variable),
    "os.getenv": native("os.getenv", _variable),
    "io.open": native("open", opened),
    "pathlib.Path": PATH,
    "pathlib.PurePath": PATH,
    "pathlib.PosixPath": PATH,
    "os.path.join": native("os.path.join", _joined),
    "os.path.dirname": native("os.path.dirname", _folder),
    **{
        f"os.path.{name}": native(f"os.path.{name}", _same)
        for name in ("abspath", "realpath", "expanduser", "normpath")
    },
}
