"""Trained weights are clean in every form of file; faults put into them are found, and nothing else is said."""

from __future__ import annotations

import pytest
from tests.checkpoints.__main__ import findings, verdicts
from tests.checkpoints.faults import FAULTS
from tests.checkpoints.files import FORMS
from tests.checkpoints.networks import trained

NAMES = ("perceptron", "recurrent", "words")
"""Quick to train; `python -m tests.checkpoints` takes them all."""


@pytest.mark.parametrize("name", NAMES)
def test_a_network_that_learned_is_clean_in_every_form(name: str) -> None:
    assert trained(name).accuracy > 0.9
    state = trained(name).model.state_dict()
    assert {form: codes for form in FORMS if (codes := findings(name, form, state))} == {}


@pytest.mark.parametrize("form", ["state dict", "moving average", "safetensors"])
def test_faults_are_found_and_nothing_else_is(form: str) -> None:
    judged = verdicts("perceptron", form, FAULTS, most=2)
    assert len(judged) > 30
    assert [v.what for v in judged if not v.found] == []
    assert [v.what for v in judged if v.extra] == []
