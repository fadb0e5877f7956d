"""Lightning modules: steps that the trainer calls, optimisation that it does."""

from __future__ import annotations

from pathlib import Path

import pytest

from nnlint.evidence.source import LossUse, Recipe
from source.reading import evidence

MODULE = """
    import {package} as pl
    class Net(pl.LightningModule):
        def __init__(self, width=16, lr=1e-3):
            super().__init__()
            self.save_hyperparameters()
            self.net = nn.Sequential(nn.Linear(8, self.hparams.width), nn.ReLU(), nn.Linear(width, 3))
        def forward(self, x):
            return self.net(x)
        def training_step(self, batch, batch_idx):
            x, y = batch
            loss = F.cross_entropy(self(x), y)
            self.log("loss", loss)
            return {{"loss": loss}}
        def validation_step(self, batch, batch_idx):
            x, y = batch
            self.log("val", F.cross_entropy(self(x), y))
        def configure_optimizers(self):
            return torch.optim.Adam(self.parameters(), lr=self.hparams.lr)
    {main}
"""


@pytest.mark.parametrize("package", ["lightning", "pytorch_lightning", "lightning.pytorch"])
@pytest.mark.parametrize("main", ["", "pl.Trainer(max_epochs=3).fit(Net(width=32))"])
def test_steps_are_run_and_optimised_by_the_framework(package: str, main: str, tmp_path: Path) -> None:
    found = evidence(tmp_path, MODULE.format(package=package, main=main))
    uses = [e for e in found if isinstance(e, LossUse)]
    recipe = next(e for e in found if isinstance(e, Recipe))
    assert sorted(str(use.trained) for use in uses) == ["False", "True"]
    assert {str(use.prediction.shape) for use in uses} == {"(…, 3)"}
    assert (recipe.framework_steps, recipe.optimizers[0].learning_rate) == (True, 1e-3)
