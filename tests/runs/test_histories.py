"""Logs of training are read whatever wrote them, and no table of data is taken for one."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nnlint import engine
from nnlint.config import Settings
from nnlint.evidence.data import Dataset
from nnlint.evidence.files import Unreadable
from nnlint.evidence.runs import History
from nnlint.finding import Finding
from nnlint.readers.runs.events import _masked

Values = Mapping[str, list[float]]


def histories(folder: Path) -> list[History]:
    return [
        e for e in engine.read([str(folder)], Settings(), lambda _: None).evidence if isinstance(e, History)
    ]


def history(folder: Path, name: str, text: str) -> History:
    folder.joinpath(name).write_text(text, encoding="utf-8")
    (found,) = histories(folder)
    return found


def values(found: History) -> dict[tuple[str, str], list[float]]:
    return {(c.stem, c.split): [p.value for p in c.points] for c in found.curves if c.quantity}


def findings(folder: Path) -> tuple[Finding, ...]:
    return engine.run([str(folder)], Settings()).findings


LOSSES = {("loss", "train"): [1.0, 0.5], ("loss", "validation"): [1.1, 0.7]}

KERAS = "epoch,loss,val_loss\n0,1.0,1.1\n1,0.5,0.7\n"
LIGHTNING = "epoch,step,train_loss,val_loss\n0,9,1.0,\n0,9,,1.1\n1,19,0.5,\n1,19,,0.7\n"
FASTAI = "epoch,train_loss,valid_loss,time\n0,1.0,1.1,00:03\n1,0.5,0.7,00:03\n"
PHASES = "epoch;phase;loss\n0;train;1.0\n0;val;1.1\n1;train;0.5\n1;val;0.7\n"
LINES = '{"epoch": 0, "train/loss": 1.0, "val/loss": 1.1}\n{"epoch": 1, "train/loss": 0.5, "val/loss": 0.7}\n'
RECORDS = json.dumps([{"epoch": 0, "loss": 1.0, "valLoss": 1.1}, {"epoch": 1, "loss": 0.5, "valLoss": 0.7}])
LISTS = json.dumps({"loss": [1.0, 0.5], "val_loss": [1.1, 0.7]})
PANDAS = json.dumps({"loss": {"0": 1.0, "1": 0.5}, "val_loss": {"0": 1.1, "1": 0.7}})
TRAINER = json.dumps(
    {
        "best_metric": None,
        "log_history": [
            {"epoch": 1.0, "step": 10, "loss": 1.0},
            {"epoch": 1.0, "step": 10, "eval_loss": 1.1},
            {"epoch": 2.0, "step": 20, "loss": 0.5},
            {"epoch": 2.0, "step": 20, "eval_loss": 0.7},
        ],
    }
)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("training.csv", KERAS),
        ("metrics.csv", LIGHTNING),
        ("history.csv", FASTAI),
        ("log.csv", PHASES),
        ("log.jsonl", LINES),
        ("metrics.json", LINES),
        ("records.json", RECORDS),
        ("history.json", LISTS),
        ("frame.json", PANDAS),
        ("trainer_state.json", TRAINER),
    ],
)
def test_formats_give_the_same_curves(tmp_path: Path, name: str, text: str) -> None:
    assert values(history(tmp_path, name, text)) == LOSSES


def test_logs_of_the_splits_of_a_run_are_one_history(tmp_path: Path) -> None:
    (tmp_path / "train_log.csv").write_text("step,loss\n1,1.0\n2,0.5\n")
    (tmp_path / "val_log.csv").write_text("step,loss\n1,1.1\n2,0.7\n")
    (found,) = histories(tmp_path)
    assert values(found) == LOSSES


@pytest.mark.parametrize(
    "text",
    [
        "id,epoch,magnitude,class\n1,2000,4.1,a\n2,1950,3.9,b\n",  # of stars
        "step,loss,region\n17,120.5,north\n3,80.1,south\n12,4.0,east\n1,9.9,west\n8,1.1,east\n",  # of claims
        "loss,age,target\n1.0,33,0\n2.0,41,1\n",
        "epochs,lr,val_accuracy\n10,0.1,0.8\n20,0.01,0.9\n",  # of experiments
    ],
)
def test_tables_of_data_stay_data(tmp_path: Path, text: str) -> None:
    (tmp_path / "table.csv").write_text(text)
    evidence = engine.read([str(tmp_path)], Settings(), lambda _: None).evidence
    assert [type(e) for e in evidence] == [Dataset]


def test_a_configuration_is_no_log(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(
        json.dumps({"optimizer": {"lr": 0.1}, "loss": [0.5, 1], "batch": 3})
    )
    (tmp_path / "package.json").write_text(json.dumps({"name": "x", "version": 1}))
    assert histories(tmp_path) == []


def test_only_the_last_of_appended_runs_counts(tmp_path: Path) -> None:
    found = history(tmp_path, "log.csv", "epoch,loss\n0,9.0\n1,8.0\n2,7.0\n0,1.0\n1,0.5\n")
    assert values(found) == {("loss", "train"): [1.0, 0.5]}


def test_what_a_resumed_run_repeats_counts_once(tmp_path: Path) -> None:
    found = history(tmp_path, "log.csv", "epoch,loss\n0,9.0\n1,8.0\n2,7.0\n2,1.0\n3,0.5\n2,1.0\n3,0.4\n")
    assert values(found) == {("loss", "train"): [9.0, 8.0, 1.0, 0.4]}


def test_the_line_of_the_first_nan_is_told(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("epoch,loss,val_loss\n0,1.0,1.0\n1,2.0,3.0\n2,nan,nan\n3,nan,nan\n")
    (finding,) = findings(tmp_path)
    assert (finding.code, finding.place.line) == ("RN105", 4)


def test_nan_in_between_means_not_measured(tmp_path: Path) -> None:
    found = history(
        tmp_path, "log.csv", "epoch,loss,val_loss\n0,1.0,nan\n1,0.8,1.1\n2,0.5,nan\n3,0.4,0.7\n4,0.3,nan\n"
    )
    assert values(found)["loss", "validation"] == [1.1, 0.7]


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        ("g_loss,d_loss", "adversarial"),
        ("loss_G,loss_D_real", "adversarial"),
        ("policy_loss,value_loss,ep_rew_mean", "reinforcement"),
        ("train_loss,val_loss", "supervised"),
        ("train/box_loss,train/cls_loss", "supervised"),
        ("cross_entropy_loss,val_cross_entropy_loss", "supervised"),
    ],
)
def test_games_and_rewards_are_told_by_names(tmp_path: Path, names: str, kind: str) -> None:
    rows = "".join(f"{i}{',1.0' * len(names.split(','))}\n" for i in range(3))
    assert history(tmp_path, "log.csv", f"epoch,{names}\n{rows}").kind == kind


def field(number: int, wire: int, content: bytes) -> bytes:
    head = bytes([number << 3 | wire])
    return head + (varint(len(content)) if wire == 2 else b"") + content


def varint(value: int) -> bytes:
    return bytes([value & 0x7F | 0x80, *varint(value >> 7)]) if value > 0x7F else bytes([value])


def event(step: int, tag: str, value: float) -> bytes:
    scalar = field(1, 2, tag.encode()) + field(2, 5, struct.pack("<f", value))
    content = (
        field(1, 1, struct.pack("<d", 0.0)) + field(2, 0, varint(step)) + field(5, 2, field(1, 2, scalar))
    )
    head = struct.pack("<Q", len(content))
    return head + struct.pack("<I", _masked(head)) + content + struct.pack("<I", _masked(content))


def test_checksums_are_those_of_the_format() -> None:
    crc = 0xE3069283  # of "123456789", RFC 3720
    assert _masked(b"123456789") == ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def test_event_files_of_the_splits_of_a_run_are_one_history(tmp_path: Path) -> None:
    for split, figures in {"train": [1.0, 0.5], "validation": [1.25, 0.75]}.items():
        (tmp_path / split).mkdir()
        records = b"".join(event(i, "epoch_loss", v) for i, v in enumerate(figures))
        (tmp_path / split / "events.out.tfevents.1.host").write_bytes(records)
    (found,) = histories(tmp_path)
    assert values(found) == {("loss", "train"): [1.0, 0.5], ("loss", "validation"): [1.25, 0.75]}


def test_an_event_file_that_is_cut_off_is_read_up_to_there(tmp_path: Path) -> None:
    records = b"".join(event(i, "loss", v) for i, v in enumerate([1.0, 0.5, 0.25]))
    (tmp_path / "events.out.tfevents.1.host").write_bytes(records[:-7])
    (found,) = histories(tmp_path)
    assert values(found) == {("loss", "train"): [1.0, 0.5]}


@pytest.mark.parametrize("content", [b"", b"no events at all", b"\x10" + bytes(40)])
def test_a_damaged_event_file_is_unreadable(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "events.out.tfevents.1.host").write_bytes(content)
    evidence = engine.read([str(tmp_path)], Settings(), lambda _: None).evidence
    assert [type(e) for e in evidence] == [Unreadable]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    cut=st.integers(0, 400),
    at=st.integers(0, 400),
    inserted=st.sampled_from(["nan", '"', "{", "1e999", "\n", ",,"]),
)
@pytest.mark.parametrize(
    ("name", "text"), [("a.csv", LIGHTNING * 3), ("trainer_state.json", TRAINER), ("a.json", LINES * 3)]
)
def test_no_log_fails_the_reader(
    tmp_path: Path, name: str, text: str, cut: int, at: int, inserted: str
) -> None:
    (tmp_path / name).write_text(text[:at] + inserted + text[at : at + cut], encoding="utf-8")
    assert engine.run([str(tmp_path)], Settings()).failures == ()


def healthy(epoch: int) -> float:
    return 0.3 + math.exp(-epoch / 4)


@pytest.mark.parametrize("kind", ["g_loss,d_loss", "policy_loss,value_loss"])
def test_losses_of_games_and_rewards_may_do_what_they_like(tmp_path: Path, kind: str) -> None:
    rows = "".join(f"{i},{1 + i % 3},{2.0**i}\n" for i in range(20))
    (tmp_path / "log.csv").write_text(f"epoch,{kind}\n{rows}")
    assert findings(tmp_path) == ()


def test_data_give_the_loss_of_one_answer_for_all(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text(
        "a,b,label\n" + "".join(f"{i * 7 % 31},{i * i % 17},{i % 5}\n" for i in range(300))
    )
    rows = "".join(f"{i},{1.6094 + (-1) ** i * 0.001},1.61\n" for i in range(10))
    (tmp_path / "log.csv").write_text(f"epoch,loss,val_loss\n{rows}")
    told = [f for f in findings(tmp_path) if f.code.startswith("RN")]
    assert [f.code for f in told] == ["RN109"]
    assert "ln 5" in told[0].message


def test_a_log_beside_data_is_not_linted_as_data(tmp_path: Path) -> None:
    rows = "".join(f"{i},{healthy(i):.4f},{healthy(i) * 1.05:.4f}\n" for i in range(60))
    (tmp_path / "log.csv").write_text(f"epoch,loss,val_loss\n{rows}")
    assert findings(tmp_path) == ()
