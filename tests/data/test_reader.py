"""Files become data sets: what is read, what belongs together, what is said about the rest."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits, load_wine

from data.conftest import datasets, only, problems, reading
from nnlint.evidence.data import SAMPLE_ROWS, Kind, Task, sampled_rows
from nnlint.evidence.files import Unsafe
from nnlint.evidence.target import UnknownColumn, with_target

WINE = load_wine(as_frame=True).frame
WRITERS = {
    "wine.csv": lambda path: WINE.to_csv(path, index=False),
    "wine.tsv": lambda path: WINE.to_csv(path, sep="\t", index=False),
    "semicolon.csv": lambda path: WINE.to_csv(path, sep=";", index=False),
    "pipe.csv": lambda path: WINE.to_csv(path, sep="|", index=False),
    "wine.csv.gz": lambda path: WINE.to_csv(path, index=False),
    "wine.parquet": lambda path: WINE.to_parquet(path),
    "wine.feather": lambda path: WINE.to_feather(path),
    "wine.jsonl": lambda path: WINE.to_json(path, orient="records", lines=True, double_precision=15),
}


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_of_a_table_gives_the_same_profile(name: str) -> None:
    WRITERS[name](name)
    data = only()
    assert [c.name for c in data.train.columns] == list(WINE.columns)
    assert data.train.rows == len(WINE)
    assert data.target is not None and data.target.classes == ("0", "1", "2")
    proline = data.train.column("proline")
    assert proline is not None and proline.distinct == WINE["proline"].nunique()
    assert proline.mean == pytest.approx(WINE["proline"].mean())
    assert proline.deviation == pytest.approx(WINE["proline"].std(ddof=0))


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_gives_the_rows_as_a_sample(name: str) -> None:
    WRITERS[name](name)
    sample = only().sample("all")
    assert sample is not None
    expected = WINE.drop(columns="target").to_numpy()
    np.testing.assert_allclose(sample.drop(columns="target").to_numpy(float), expected)
    assert list(sample["target"]) == [str(t) for t in WINE["target"]]


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("train.csv", "test.csv"),
        ("wine_train.csv", "wine_test.csv"),
        ("train/part-0.csv", "test/part-0.csv"),
        ("TrainingSet.csv", "holdoutSet.csv"),
        ("wine-tr.csv", "wine-testing.csv"),
    ],
)
def test_files_that_differ_by_a_split_word_are_splits(train: str, test: str) -> None:
    for name, rows in ((train, WINE[:100]), (test, WINE[100:])):
        Path(name).parent.mkdir(exist_ok=True)
        rows.to_csv(name, index=False)
    assert {s.role: s.rows for s in only().splits} == {"train": 100, "test": 78}


def test_files_of_other_columns_are_other_data_sets() -> None:
    WINE.to_csv("train.csv", index=False)
    pd.DataFrame({"u": [1, 2], "v": [3, 4]}).to_csv("test.csv", index=False)
    assert [len(d.splits) for d in datasets()] == [1, 1]


def test_parts_of_a_split_are_read_as_one_and_rows_are_found_in_their_file() -> None:
    Path("train").mkdir()
    WINE[:100].to_csv("train/part-0.csv", index=False)
    WINE[100:].to_csv("train/part-1.csv", index=False)
    split = only().train
    assert split.rows == 178
    assert (split.locate(105).path, split.locate(105).line) == ("train/part-1.csv", 7)


def test_options_name_splits_and_target() -> None:
    WINE[:100].to_csv("one.csv", index=False)
    WINE[100:].to_csv("two.csv", index=False)
    data = only(train="one.csv", test="two.csv", target="alcohol")
    assert [s.role for s in data.splits] == ["train", "test"]
    assert data.target is not None and data.target.task is Task.REGRESSION
    assert "alcohol" not in data.features and "target" in data.features


def test_target_that_no_data_set_has_is_answered_with_the_nearest_name() -> None:
    WINE.to_csv("wine.csv", index=False)
    with pytest.raises(UnknownColumn, match="did you mean 'alcohol'"):
        reading(target="alcool")


def test_target_that_cannot_be_told_gives_one_note() -> None:
    WINE.drop(columns="target").to_csv("wine.csv", index=False)
    found = reading()
    assert [n.path for n in found.notes] == ["wine.csv"]
    assert "--target" in found.notes[0].message


def test_target_can_be_changed_afterwards() -> None:
    WINE.to_csv("wine.csv", index=False)
    data = with_target(only(), "hue", "code")
    assert data.target is not None and data.target.task is Task.REGRESSION
    assert "target" in data.features and "hue" not in data.features


@pytest.mark.parametrize("shape", [(64,), (8, 8), (1, 8, 8)])
def test_npz_names_give_splits_and_target(shape: tuple[int, ...]) -> None:
    x, y = load_digits(return_X_y=True)
    x = x.reshape(-1, *shape)
    np.savez("digits.npz", x_train=x[:1000], y_train=y[:1000], x_test=x[1000:], y_test=y[1000:])
    data = only()
    assert {s.role: s.rows for s in data.splits} == {"train": 1000, "test": 797}
    assert data.rank == len(shape) + 1
    assert data.target is not None and len(data.target.classes) == 10
    sample = data.sample("train")
    assert sample is not None and sample[list(data.features)].shape == (1000, 64)
    assert list(sample["y"]) == [str(label) for label in y[:1000]]


def test_one_hot_labels_are_class_numbers() -> None:
    x, y = load_digits(return_X_y=True)
    np.savez("digits.npz", features=x, labels=np.eye(10)[y])
    data = only()
    assert data.target is not None and len(data.target.classes) == 10


def test_files_of_features_and_labels_stand_side_by_side() -> None:
    x, y = load_digits(return_X_y=True)
    np.save("X_train.npy", x[:900])
    np.save("y_train.npy", y[:900])
    np.save("X_test.npy", x[900:])
    np.save("y_test.npy", y[900:])
    data = only()
    assert [s.paths for s in data.splits] == [("X_train.npy", "y_train.npy"), ("X_test.npy", "y_test.npy")]
    assert len(data.features) == 64


def test_class_folders_of_images_are_a_data_set() -> None:
    from PIL import Image

    for i in range(8):
        path = Path("train" if i < 6 else "test") / "ab"[i % 2] / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((20, 30, 3), 30 * i, dtype="uint8")).save(path)
    data = only()
    assert data.target is not None and data.target.classes == ("a", "b")
    assert {s.role: s.rows for s in data.splits} == {"train": 6, "test": 2}
    assert data.image_sizes == (((30, 20, 3), 8),)
    sample = data.sample("test")
    assert sample is not None and list(sample.index) == ["test/a/6.png", "test/b/7.png"]


def test_kinds_follow_the_values() -> None:
    rows = [f"{i},0{i % 10}123,2024-01-{i % 28 + 1:02},{i % 2 == 0},{i / 7},c{i % 3}" for i in range(1, 60)]
    Path("t.csv").write_text("\n".join(["id,zip,day,flag,value,group", *rows, "60,,NA,null,?,c1"]) + "\n")
    data = datasets()[0]
    kinds = {c.name: c.kind for c in data.train.columns}
    assert kinds == {
        "id": Kind.NUMBER,
        "zip": Kind.CATEGORY,
        "day": Kind.TIME,
        "flag": Kind.BOOLEAN,
        "value": Kind.NUMBER,
        "group": Kind.CATEGORY,
    }
    assert data.identifiers == ("id",)
    assert {c.name: (c.nulls, c.others) for c in data.train.columns}["value"] == (0, 1)


def test_header_is_missed_where_all_is_numbers() -> None:
    WINE.to_csv("wine.csv", index=False, header=False)
    data = datasets()[0]
    assert data.train.rows == 178 and data.train.first_line == 1


def test_large_tables_are_sampled_with_every_class() -> None:
    rng = np.random.default_rng(0)
    label = (np.arange(120_000) % 2_000 == 0).astype(int)
    pd.DataFrame({"a": rng.normal(size=120_000), "label": label}).to_parquet("large.parquet")
    data = only()
    sample = data.sample("all")
    assert sample is not None and 0.9 * SAMPLE_ROWS < len(sample) <= SAMPLE_ROWS
    assert (sample["label"] == "1").sum() == 60
    a = data.train.column("a")
    assert a is not None and a.rows == 120_000


BROKEN = {
    "empty.csv": (b"", "the file is empty", 0),
    "header.csv": (b"a,b\n", "only column names", 0),
    "one.csv": (b"x\n1\n2\n", "only one column 'x'", 0),
    "binary.csv": (bytes(range(256)) * 8, "binary content", 0),
    "long.csv": (b"a,b\n1,2\n1,2,3\n", "3 fields where the header has 2", 3),
    "short.csv": (b"a,b,c\n1,2,3\n4,5\n", "2 fields where the header has 3", 3),
    "empty.parquet": (b"", "the file is empty", 0),
    "cut.parquet": (b"PAR1" + bytes(100), "not a readable Parquet file", 0),
    "lines.jsonl": (b'{"a": 1, "b": 2}\n{"a": 3,\n', "not a JSON object", 2),
    "cut.npz": (b"PK\x03\x04" + bytes(40), "not a whole NPZ archive", 0),
    "cut.npy": (b"\x93NUMPY\x01\x00v\x00{'descr'", "no readable header", 0),
    "cut.feather": (b"ARROW1\0\0" + bytes(30), "not a readable Arrow file", 0),
    "cut.csv.gz": (b"\x1f\x8b\x08\x00" + bytes(20), "not a whole gzip file", 0),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_file_is_named_with_its_reason(name: str) -> None:
    content, reason, line = BROKEN[name]
    Path(name).write_bytes(content)
    WINE.to_csv("wine.csv", index=False)
    assert "wine.csv" in {d.place.path for d in datasets()}
    problem = problems()[name]
    assert reason in problem.reason
    assert problem.place.line == line


def test_pickled_objects_are_not_loaded() -> None:
    np.save("objects.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    assert isinstance(problems()["objects.npy"], Unsafe)


def test_array_that_promises_more_than_it_holds_is_not_loaded() -> None:
    np.save("cut.npy", np.zeros((1000, 10)))
    path = Path("cut.npy")
    path.write_bytes(path.read_bytes()[:500])
    assert "truncated" in problems()["cut.npy"].reason


def test_sheets_of_a_workbook_are_tables() -> None:
    with pd.ExcelWriter("book.xlsx") as book:
        WINE[:100].to_excel(book, sheet_name="train", index=False)
        WINE[100:].to_excel(book, sheet_name="test", index=False)
    data = only()
    assert {s.role: s.rows for s in data.splits} == {"train": 100, "test": 78}
    proline = data.train.column("proline")
    assert proline is not None and proline.mean == pytest.approx(WINE["proline"][:100].mean())


@pytest.mark.parametrize("broken", ["cut.xlsx", "old.xls"])
def test_broken_workbook_is_said(broken: str) -> None:
    WINE.to_excel("book.xlsx", index=False)
    Path(broken).write_bytes(Path("book.xlsx").read_bytes()[:2000])
    assert broken in problems()


@pytest.mark.parametrize("form", ["dictionary", "pair", "files"])
def test_tensors_saved_together_are_a_data_set(form: str) -> None:
    import torch

    x, y = torch.tensor(WINE.drop(columns="target").to_numpy()), torch.tensor(WINE["target"].to_numpy())
    match form:
        case "dictionary":
            torch.save({"features": x, "labels": y}, "wine.pt")
        case "pair":
            torch.save((x, y), "wine.pt")
        case "files":
            torch.save(x, "X_train.pt")
            torch.save(y, "y_train.pt")
    from nnlint.readers import reader_of

    assert {reader_of(p) for p in Path().glob("*.pt")} == {"data"}
    data = only()
    assert data.format == "array" and data.train.rows == 178
    assert data.target is not None and data.target.classes == ("0", "1", "2")


def test_weights_are_no_samples() -> None:
    import torch

    from nnlint.readers import reader_of

    torch.save(torch.nn.Linear(20, 20).state_dict(), "train.pt")
    assert reader_of(Path("train.pt")) == "weights"


def test_data_set_of_hugging_face_names_its_label() -> None:
    import json

    import pyarrow as pa

    table = pa.table({"text": [f"words number {i}" for i in range(60)], "intent": [0, 1, 2] * 20})
    for split in ("train", "test"):
        Path(split).mkdir()
        for name in ("data-00000-of-00001.arrow", "cache-12ab.arrow"):
            with pa.OSFile(f"{split}/{name}", "wb") as file, pa.ipc.new_stream(file, table.schema) as stream:
                stream.write_table(table)
        features = {
            "text": {"dtype": "string", "_type": "Value"},
            "intent": {"names": list("abc"), "_type": "ClassLabel"},
        }
        Path(split, "dataset_info.json").write_text(json.dumps({"features": features}))
        Path(split, "state.json").write_text("{}")
    files = sorted(p for p in Path().rglob("*.arrow"))
    from nnlint.config import Settings
    from nnlint.evidence.data import Dataset
    from nnlint.readers.data import read

    (data,) = read(files, Settings(), lambda _: None).evidence
    assert isinstance(data, Dataset) and [s.rows for s in data.splits] == [60, 60]
    assert data.target is not None and data.target.column == "intent"


def test_list_of_objects_is_a_table() -> None:
    WINE.to_json("wine.json", orient="records", double_precision=15)
    data = only()
    assert data.train.rows == 178 and data.target is not None


@pytest.mark.parametrize(
    ("columns", "rows"), [(3, SAMPLE_ROWS), (400, SAMPLE_ROWS), (2_000, 4_000), (100_000, 1_000)]
)
def test_samples_of_wide_tables_have_fewer_rows(columns: int, rows: int) -> None:
    assert sampled_rows(columns) == rows
