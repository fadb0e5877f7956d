"""Damaged files of every format: what cannot be read is said, nothing raises, nothing is printed."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_wine

from data.conftest import only, problems, reading
from nnlint.check import all_checks
from nnlint.evidence.data import Dataset
from nnlint.evidence.files import Unsafe

FRAME = load_wine(as_frame=True).frame[:40].assign(text=["a,b", "c"] * 20, flag=[True, False] * 20)
CHECKS = [c for c in all_checks() if c.code.startswith("DS") and issubclass(Dataset, c.needs[0])]


def whole(name: str) -> bytes:
    path = Path(name)
    match path.suffix:
        case ".csv" | ".gz":
            FRAME.to_csv(path)
        case ".parquet":
            FRAME.to_parquet(path)
        case ".feather":
            FRAME.to_feather(path)
        case ".jsonl":
            FRAME.to_json(path, orient="records", lines=True)
        case ".npy":
            np.save(path, FRAME.iloc[:, :13].to_numpy())
        case ".npz":
            np.savez_compressed(path, x=FRAME.iloc[:, :13].to_numpy(), y=FRAME["target"])
    return path.read_bytes()


def damaged(content: bytes, chance: random.Random) -> bytes:
    data, at = bytearray(content), chance.randrange(len(content))
    match chance.choice(["cut", "flip", "insert", "zero"]):
        case "cut":
            return bytes(data[:at])
        case "flip":
            for _ in range(chance.choice([1, 3, 20])):
                data[chance.randrange(len(data))] = chance.randrange(256)
        case "insert":
            data[at:at] = chance.randbytes(chance.choice([1, 50]))
        case "zero":
            data[at : at + 20] = bytes(20)
    return bytes(data)


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.parquet", "t.feather", "t.jsonl", "t.npy", "t.npz"])
def test_damaged_file_neither_raises_nor_prints(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    content, chance = whole(name), random.Random(name)
    for _ in range(30):
        Path(name).write_bytes(damaged(content, chance))
        evidence = reading().evidence
        assert evidence
        for data in (e for e in evidence if isinstance(e, Dataset)):
            for check in CHECKS:
                list(check.function(data, *[None] * (len(check.needs) - 1)))
    assert capfd.readouterr().err == ""


def test_archive_that_explodes_is_not_unpacked() -> None:
    np.savez_compressed("zeros.npz", x=np.zeros((6_000, 10_000), dtype="uint8"))
    assert isinstance(problems()["zeros.npz"], Unsafe)


def test_gzip_that_explodes_is_not_unpacked() -> None:
    import gzip

    Path("zeros.csv.gz").write_bytes(gzip.compress(b"0,0\n" * 10_000_000))
    assert isinstance(problems()["zeros.csv.gz"], Unsafe)


def test_image_that_explodes_is_not_decoded() -> None:
    from PIL import Image

    for label in "ab":
        Path(label).mkdir()
        for number in range(3):
            Image.new("L", (8, 8)).save(f"{label}/{number}.png")
    Image.new("1", (30_000, 30_000)).save("a/large.png")
    assert isinstance(problems()["a/large.png"], Unsafe)


TABLE = pd.DataFrame(
    {"age": [41.5, 30.0, 25.5] * 20, "town": ["Köln", "Århus", "Oslo"] * 20, "label": [0, 1] * 30}
)


def profile_of(content: bytes, name: str = "t.csv") -> dict[str, object]:
    Path(name).write_bytes(content)
    return {c.name: c.mean if c.mean is not None else [v for v, _ in c.top] for c in only().train.columns}


PLAIN = {"age": TABLE["age"].mean(), "town": ["Köln", "Oslo", "Århus"], "label": 0.5}


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "latin-1", "cp1252", "utf-16", "utf-16-le", "utf-32"]
)
def test_every_encoding_gives_the_same_values(encoding: str) -> None:
    assert profile_of(TABLE.to_csv(index=False).encode(encoding)) == PLAIN


def test_lines_of_two_encodings_give_the_same_values() -> None:
    lines = TABLE.to_csv(index=False).splitlines(keepends=True)
    mixed = b"".join(line.encode("utf-8" if i % 2 else "latin-1") for i, line in enumerate(lines))
    assert profile_of(mixed) == PLAIN


WRITTEN = {
    "comment": "# made by a sensor\n# on Monday\n" + TABLE.to_csv(index=False),
    "declared separator": "sep=;\n" + TABLE.to_csv(index=False, sep=";"),
    "title": "The report,,\n\n" + TABLE.to_csv(index=False),
    "line ends of old Macs": TABLE.to_csv(index=False, lineterminator="\r"),
    "line ends of Windows": TABLE.to_csv(index=False, lineterminator="\r\n"),
    "spaces": TABLE.to_csv(index=False, sep=" "),
    "decimal comma": TABLE.to_csv(index=False, sep=";", decimal=","),
    "row names of R": "\n".join(
        line if i == 0 else f"{i},{line}" for i, line in enumerate(TABLE.to_csv(index=False).splitlines())
    ),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_every_way_of_writing_gives_the_same_values(name: str) -> None:
    found = profile_of(WRITTEN[name].encode())
    assert {k: v for k, v in found.items() if k} == PLAIN


@pytest.mark.parametrize("packing", ["gzip", "bz2", "xz", "zstd", "zip"])
def test_packed_file_is_told_by_its_content(packing: str) -> None:
    import pyarrow as pa

    content = TABLE.to_csv(index=False).encode()
    if packing == "zstd":
        with pa.output_stream("t.csv", compression="zstd") as file:
            file.write(content)
    else:
        TABLE.to_csv("t.csv", index=False, compression=packing)  # type: ignore[call-overload]
    assert profile_of(Path("t.csv").read_bytes()) == PLAIN


NAMES = [
    'a"ge; DROP TABLE rows; --',
    "it's, \n'x'",
    "*",
    "^a.*$",
    "{x}",
    "rows",
    "number c0",
    "\0row",
    "",
    "🔥\x1b[31m",
]


@pytest.mark.parametrize("form", ["csv", "parquet", "feather"])
def test_any_name_of_a_column_is_taken_as_it_is(form: str) -> None:
    frame = pd.DataFrame({n: np.random.default_rng(i).normal(size=60) for i, n in enumerate(NAMES)})
    frame["label"] = [0, 1] * 30
    if form == "csv":
        frame = frame.drop(columns="\0row")
        frame.to_csv("t.csv", index=False)
    else:
        getattr(frame, f"to_{form}")(f"t.{form}")
    data = only()
    sample = data.sample("all")
    assert sample is not None and len(data.train.columns) == len(frame.columns)
    assert [c.mean for c in data.train.columns] == pytest.approx(list(frame.mean()))
    for check in CHECKS:
        list(check.function(data, *[None] * (len(check.needs) - 1)))


def test_repeated_names_are_told_apart() -> None:
    Path("t.csv").write_text("age,age,label\n" + "1,2,0\n3,4,1\n" * 30)
    found = reading()
    assert [c.name for c in found.evidence[0].train.columns] == ["age", "age.1", "label"]  # type: ignore[attr-defined]
    assert any("several columns are called 'age'" in n.message for n in found.notes)


REFUSED = {
    "line": (b"x" * (70 << 20), "a line of more than 64 MB"),
    "columns": (b",".join([b"1"] * 100_000) + b"\n", "100,000 columns"),
    "zero byte": (TABLE.to_csv(index=False).encode() + b"\0", "a zero byte"),
    "web page": (b"<!DOCTYPE html><html><body>Sign in</body></html>\n", "a web page"),
    "pointer": (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7\nsize 12\n", "git lfs pull"),
    "quotation": (b'a,b\n1,"2\n3,4\n5,6\n', "a quotation mark is never closed"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_table_is_said(name: str) -> None:
    content, reason = REFUSED[name]
    Path("t.csv").write_bytes(content)
    assert reason in problems()["t.csv"].reason


def test_whole_numbers_beyond_floats_are_not_called_constant() -> None:
    pd.DataFrame({"code": [2**62 + i for i in range(60)], "label": [0, 1] * 30}).to_csv("t.csv", index=False)
    column = only().train.column("code")
    assert column is not None and column.distinct is None


@pytest.mark.parametrize("width", [3, 1_000])
def test_columns_by_the_thousand_have_the_figures_of_few(width: int) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {f"a{i}": rng.normal(size=40) for i in range(width)}
        | {f"b{i}": rng.integers(0, 5, 40) for i in range(width)}
    )
    frame.loc[3, "a1"] = np.inf
    frame.loc[4, "a1"] = None
    frame.to_parquet("t.parquet")
    columns = {c.name: c for c in only().train.columns}
    assert columns["a0"].mean == pytest.approx(frame["a0"].mean())
    assert columns["a0"].deviation == pytest.approx(frame["a0"].std(ddof=0))
    assert (columns["a1"].infinite, columns["a1"].missing, columns["a1"].integral) == (1, 1, False)
    assert dict(columns["b2"].top) == {str(v): n for v, n in frame["b2"].value_counts().items()}


def test_types_of_arrow_are_read_or_left_out() -> None:
    import decimal

    import pyarrow as pa
    from pyarrow import parquet

    numbers = range(60)
    table = pa.table(
        {
            "price": pa.array([decimal.Decimal(f"{i}.25") for i in numbers], pa.decimal256(60, 2)),
            "half": pa.array(np.arange(60).astype("f2")),
            "unsigned": pa.array([2**64 - 1 - i for i in numbers], pa.uint64()),
            "zoned": pa.array(pd.date_range("2020", periods=60, tz="Europe/Oslo")),
            "list": pa.array([[1.0, 2.0]] * 60),
            "code": pa.array(["a", "b"] * 30).dictionary_encode(),
        }
    )
    parquet.write_table(table, "t.parquet")
    kinds = {c.name: (str(c.kind), c.mean) for c in only().train.columns}
    assert kinds["price"] == ("number", pytest.approx(29.75))
    assert kinds["half"] == ("number", pytest.approx(29.5))
    assert [kinds[n][0] for n in ("zoned", "list", "code")] == ["time", "nested", "category"]


def test_partitions_are_columns_and_pieces_are_one_table() -> None:
    frame = TABLE.assign(year=[2019, 2020, 2021] * 20)
    frame.to_parquet("sales", partition_cols=["year"])
    data = only()
    year = data.train.column("year")
    assert data.train.rows == 60 and year is not None and year.mean == 2020


@pytest.mark.parametrize(
    "names",
    [
        ("part-00000-1a2b.snappy.parquet", "part-00001-1a2b.snappy.parquet"),
        ("data-00000-of-00002.parquet", "data-00001-of-00002.parquet"),
        ("2020-01.parquet", "2020-02.parquet", "2020-03.parquet", "2020-04.parquet"),
    ],
)
def test_pieces_of_a_table_are_one_data_set(names: tuple[str, ...]) -> None:
    for name in names:
        TABLE.to_parquet(name)
    assert only().train.rows == 60 * len(names)
