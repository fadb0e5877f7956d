"""Tables of data bases, by connection string: profiled where they are, only a bounded sample is fetched."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

import ibis
import polars as pl

from nnlint.dataclass import dataclass
from nnlint.evidence.data import Split, sampled_rows
from nnlint.evidence.files import Unreadable
from nnlint.evidence.place import Place
from nnlint.pattern import pattern
from nnlint.readers.data.engines import ROW, Remote
from nnlint.readers.data.kinds import HEAD_ROWS
from nnlint.readers.data.sampling import RARE_ROWS, SEED, rare
from nnlint.readers.data.tables import Malformed, Table, shortened, sound

if TYPE_CHECKING:
    import ibis.expr.types as ir

IN_FILES = ("duckdb", "sqlite")
"""Data bases that are a file: the table's name follows its path."""

SCANNED = {".parquet": "read_parquet", ".csv": "read_csv", ".tsv": "read_csv"}
"""End of a file's name -> what an engine reads it with."""


@dataclass(frozen=True)
class Address:
    """A connection string taken apart: the data base, and the table in it. ``shown``: without password."""

    url: str
    table: str
    shown: str
    schema: str = ""


def address_of(text: str) -> Address:
    """``postgres://user:password@host/base/table``, ``duckdb://file.db/table``. Raises Malformed."""
    parts = urlsplit(text)
    path, _, table = (parts.netloc + parts.path if parts.scheme in IN_FILES else parts.path).rpartition("/")
    if not path.strip("/") or not table:
        raise Malformed("no table is named: an address is scheme://.../database/table")
    schema, _, name = table.rpartition(".")
    if parts.scheme in IN_FILES:
        if not Path(path).is_file():
            raise Malformed(f"there is no data base {path}")
        return Address(f"{parts.scheme}://{path}", name, f"{parts.scheme}://{path}/{table}", schema)
    host = re.sub(r":[^:@]*@", "@", parts.netloc)
    url = urlunsplit((parts.scheme, parts.netloc, path, parts.query, ""))
    return Address(url, name, f"{parts.scheme}://{host}{path}/{table}", schema)


def opened(text: str) -> Table | Unreadable:
    """The table at an address, or why it cannot be had. Never raises."""
    shown = re.sub(r":[^:@/]*@", "@", text)
    try:
        address = address_of(text)
        shown = address.shown
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            backend = connected(address.url)
            table = backend.table(address.table, database=address.schema or None)
            return _table(table, backend, Path(shown), shown)
    except Malformed as problem:
        return Unreadable(Place(shown), "table", problem.reason)
    except Exception as error:
        secret = urlsplit(text).password
        reason = shortened(error).replace(secret, "***") if secret else shortened(error)
        return Unreadable(Place(shown), "table", f"the data base says: {reason}")


def scanned(path: Path, engine: str) -> Table | None:
    """A file as an engine of Ibis reads it; None for formats that engines do not read. Raises Malformed."""
    reader = SCANNED.get(path.suffix.lower())
    if reader is None:
        return None
    backend = connected(engine)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _table(getattr(backend, reader)(path.as_posix()), backend, path, "")
    except Exception as error:
        raise Malformed(f"the engine says: {shortened(error)}") from None


def connected(url: str) -> Any:
    """The back end of Ibis. Raises Malformed, naming what is to be installed."""
    scheme = url.partition(":")[0]
    try:
        return _spark(url) if MASTER.match(url) else ibis.connect(url)
    except ImportError:
        extra = {"postgres": "postgresql", "pyspark": "spark"}.get(scheme, scheme)
        raise Malformed(f"the driver is not installed: pip install 'nnlint[{extra}]'") from None
    except Exception as error:
        raise Malformed(f"cannot connect with {scheme}: {shortened(error)}") from None


MASTER = pattern(r"^pyspark://(local(\[[\d*,]+\])?)$")
"""Spark on this machine, as Spark spells it; brackets are not what a host may have in an address."""


def _spark(url: str) -> Any:
    from pyspark.sql import SparkSession  # type: ignore[import-not-found]  # an extra

    found = MASTER.match(url)
    builder = SparkSession.builder.master(found[1] if found else "local")
    return ibis.pyspark.connect(builder.config("spark.ui.enabled", "false").getOrCreate())


def _table(table: ir.Table, backend: Any, path: Path, address: str) -> Table:
    if not table.columns:
        raise Malformed("no columns")
    head, notes = sound(backend.to_pyarrow(table.limit(HEAD_ROWS)))
    if not head.height:
        raise Malformed("no rows, only column names")
    rows = Remote(table, backend)
    format_ = path.suffix.lstrip(".").lower() if not address else "table"
    return Table(path, format_, head.lazy(), remote=rows, address=address, notes=tuple(notes))


def sampled(rows: Remote, split: Split, target: str | None) -> pl.DataFrame:
    """At most ``sampled_rows`` rows (all, if there are no more), numbered as they came."""
    names = [c.name for c in split.columns]
    table = rows.table(names)
    most = sampled_rows(len(names))
    if split.rows <= most:
        return _numbered(rows, [table.limit(most)], names)
    share = 0.9 * most / split.rows
    profile = split.column(target) if target else None
    labels = [label for label, _ in rare(profile, share)] if profile is not None and profile.top else []
    parts = [_drawn(rows, table, share, split.rows).limit(most)]
    if labels and target and len(labels) * RARE_ROWS <= most:
        text = table[f"c{names.index(target)}"].cast("string")
        parts += [table.filter(text == label).limit(RARE_ROWS) for label in labels]
        parts[0] = parts[0].filter(~parts[0][f"c{names.index(target)}"].cast("string").isin(labels))
    return _numbered(rows, parts, names)


def _drawn(rows: Remote, table: ir.Table, share: float, height: int) -> ir.Table:
    """Rows drawn with a seed where the engine can, else every k-th."""
    drawn = table.sample(share, method="row", seed=SEED)
    try:
        rows.run([drawn.limit(1)])
    except Exception:  # engines say in many ways that they cannot
        step = max(1, round(1 / share))
        numbered = table.mutate(number=ibis.row_number())
        return numbered.filter(numbered.number % step == 0).drop("number")
    return drawn


def _numbered(rows: Remote, parts: list[ir.Table], names: list[str]) -> pl.DataFrame:
    whole = pl.concat(rows.run(parts), how="vertical_relaxed").head(sampled_rows(len(names)))
    whole.columns = names
    return whole.with_row_index(ROW)
