from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

MODEL = dedent(
    '''\
    """A model.

    class Old: pass
    """

    class Net:
        def forward(self, x):
            return F.softmax(self.fc(x), dim=1)


    for x, y in loader:
        loss = criterion(model(x), y)
        loss.backward()
    '''
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.py").write_text(MODEL)
    return tmp_path
