"""Ready models of transformers: modes, heads and losses in programs that train with a loop of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from nnlint.config import Settings
from nnlint.engine import run

PROGRAM = """
import torch
from torch.nn import functional as F
from torch.utils.data import DataLoader
from transformers import AutoModelForSequenceClassification, get_linear_schedule_with_warmup

def main(train_set, val_set):
    train_loader = DataLoader(train_set, batch_size=16, shuffle=True)
    val_loader = DataLoader(val_set, batch_size=16)
    model = AutoModelForSequenceClassification.from_pretrained("bert-base-cased", num_labels=3).cuda()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-5)
    scheduler = get_linear_schedule_with_warmup(optimizer, 100, 3 * len(train_loader))
    for epoch in range(3):
        model.train()
        for batch in train_loader:
            batch = {name: value.cuda() for name, value in batch.items()}
            outputs = model(**batch)
            loss = outputs.loss
            loss.backward()
            optimizer.step()
            scheduler.step()
            optimizer.zero_grad()
        model.eval()
        right = 0
        with torch.no_grad():
            for batch in val_loader:
                batch = {name: value.cuda() for name, value in batch.items()}
                scores = model(**batch).logits
                right += (scores.argmax(-1) == batch["labels"]).sum().item()
        print(epoch, right / len(val_set))
"""


def codes(folder: Path, old: str, new: str, program: str = PROGRAM) -> set[str]:
    """What is said of the program with ``new`` in the place of ``old``."""
    assert old in program
    (folder / "main.py").write_text(program.replace(old, new))
    result = run([str(folder)], Settings())
    assert not result.failures
    return {finding.code for finding in result.findings}


def test_a_good_program_is_clean(tmp_path: Path) -> None:
    assert codes(tmp_path, "", "") == set()


@pytest.mark.parametrize(
    ("code", "old", "new"),
    [
        ("TL501", "optimizer.zero_grad()", "pass"),
        ("TL502", "loss.backward()", "print(loss.item())"),
        ("TL503", "optimizer.step()", "pass"),
        ("TL505", "model.eval()", "pass"),
        ("TL506", "model.train()", "pass"),
        ("TL507", "torch.no_grad()", "torch.enable_grad()"),
        ("OP401", "lr=3e-5", "lr=0.1"),
        ("OP405", "scheduler.step()", "pass"),
        ("HL101", "outputs.loss", 'F.cross_entropy(outputs.logits.softmax(-1), batch["labels"])'),
        ("HL114", "outputs.loss", 'F.cross_entropy(outputs.logits.detach(), batch["labels"])'),
    ],
)
def test_a_fault_is_found(code: str, old: str, new: str, tmp_path: Path) -> None:
    assert code in codes(tmp_path, old, new)


TRAINER = """
from datasets import load_dataset
from transformers import AutoModelForSequenceClassification, Trainer, TrainingArguments

def main():
    encoded = load_dataset("encoded_reviews")
    model = AutoModelForSequenceClassification.from_pretrained("bert-base-cased", num_labels=2)
    settings = TrainingArguments("out", learning_rate=2e-5, num_train_epochs=3, weight_decay=0.01)
    trainer = Trainer(model, settings, train_dataset=encoded["train"], eval_dataset=encoded["test"])
    trainer.train()
    print(trainer.evaluate())
"""


@pytest.mark.parametrize(
    ("code", "old", "new"),
    [
        (None, "", ""),
        ("OP401", "learning_rate=2e-5", "learning_rate=0.1"),
        ("NR310", "weight_decay=0.01", "weight_decay=10.0"),
        ("TL510", 'eval_dataset=encoded["test"]', 'eval_dataset=encoded["train"]'),
        ("TL511", 'train_dataset=encoded["train"]', 'train_dataset=encoded["test"]'),
    ],
)
def test_what_the_trainer_is_given_is_judged(code: str | None, old: str, new: str, tmp_path: Path) -> None:
    assert codes(tmp_path, old, new, TRAINER) == ({code} if code else set())
