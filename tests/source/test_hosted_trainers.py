"""Trainers whose base class is not known: it calls ``compute_loss`` with the model it was constructed with."""

from __future__ import annotations

from pathlib import Path

from nnlint import engine
from nnlint.config import Settings

PROGRAM = """
import torch
from torch import nn
from transformers import Trainer

class Topic(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc, self.last = nn.Linear(768, 4), LAST

    def forward(self, input_ids, labels=None):
        return {"logits": self.last(self.fc(input_ids))}

class Weighted(Trainer):
    def compute_loss(self, model, inputs, return_outputs=False, **kwargs):
        labels = inputs.pop("labels")
        out = model(**inputs)
        loss = nn.CrossEntropyLoss()(out["logits"], labels)
        return (loss, out) if return_outputs else loss

Weighted(model=Topic(), train_dataset=rows).CALL()
"""


def _codes(last: str, call: str, folder: Path) -> list[str]:
    path = folder / "program.py"
    path.write_text(PROGRAM.replace("LAST", last).replace("CALL", call))
    result = engine.run([str(path)], Settings())
    assert result.failures == ()
    return [f.code for f in result.findings]


def test_the_loss_of_a_hosted_trainer_meets_the_model(tmp_path: Path) -> None:
    assert _codes("nn.Softmax(dim=-1)", "train", tmp_path) == ["HL101"]


def test_scores_in_a_hosted_trainer_are_fine(tmp_path: Path) -> None:
    assert _codes("nn.Identity()", "train", tmp_path) == []


def test_a_trainer_that_only_predicts_computes_no_loss_of_its_model(tmp_path: Path) -> None:
    assert _codes("nn.Softmax(dim=-1)", "predict", tmp_path) == []
