"""What programs print while they train is a history like any other."""

from __future__ import annotations

from pathlib import Path

import pytest

from nnlint.config import Settings
from nnlint.evidence.runs import History
from nnlint.readers import reader_of
from nnlint.readers.runs import read

Curves = dict[tuple[str, str], list[tuple[float | None, float]]]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def curves(text: str) -> Curves:
    """Quantity and split of each curve, with its epochs and values."""
    path = Path("train.log")
    path.write_text(text, newline="")
    assert reader_of(path) == "runs"
    (history,) = read([path], Settings(), lambda _: None).evidence
    assert isinstance(history, History)
    return {(c.quantity, c.split): [(p.epoch, p.value) for p in c.points] for c in history.curves}


THREE = [(1.0, 0.9), (2.0, 0.7), (3.0, 0.6)]


@pytest.mark.parametrize(
    "line",
    [
        "Epoch {n}/3 | train loss: {loss} | time 3s",
        "10:02:11,042 - INFO - Epoch [{n}/3], Step [100/600], Loss: {loss}, ETA: 4.2 min",
        "Epoch {n}: 100%|####| 10/10 [00:01<00:00, 9.1it/s, v_num=0, loss={loss}]",
        "Epoch {n}:   0%|    | 0/10\rEpoch {n}:  50%|##  | 5/10 [loss=7.1]\rEpoch {n}: 100%|####| 10/10 [loss={loss}]",
        "{{'loss': {loss}, 'learning_rate': 5e-05, 'epoch': {n}.0}}",
        "Train Epoch: {n} [640/60000 (1%)]\tLoss: {loss}",
        "Epoch {n}/3\n32/32 [====] - 2s 53ms/step - loss: {loss}",
    ],
)
def test_a_loss_is_read_line_by_line(line: str) -> None:
    text = "\n".join(line.format(n=int(n), loss=loss) for n, loss in THREE) + "\n"
    assert curves(text)["loss", "train"] == THREE


def test_words_before_a_figure_tell_its_split() -> None:
    epoch = "Epoch {}\n---\ntrain Loss: {} Acc: 0.5\nTest set: Average loss: {}, Accuracy: 45/60 (75%)\n"
    text = "".join(epoch.format(int(n), loss, loss + 1) for n, loss in THREE)
    found = curves(text)
    assert found["loss", "train"] == THREE
    assert found["loss", "test"] == [(n, loss + 1) for n, loss in THREE]
    assert {value for _, value in found["score", "test"]} == {0.75}


@pytest.mark.parametrize(
    "text",
    [
        "In step 3 the loss: 0.5 of an epoch is explained.\n" * 2,
        "torch==2.1\nnumpy==1.26\n",
        "epoch 1 begins\nepoch 2 begins\nepoch 3 begins\nno loss of generality\n",
    ],
)
def test_other_texts_are_no_logs(text: str) -> None:
    Path("notes.txt").write_text(text)
    assert reader_of(Path("notes.txt")) is None
