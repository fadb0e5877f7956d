"""Facts about modules and calls: what is named, dropped, kept, left out or never read."""

from __future__ import annotations

from pathlib import Path

import pytest

from nnlint.evidence import usage
from source.reading import evidence

KINDS = (
    *(usage.Uncalled, usage.Dropped, usage.IgnoredSetting, usage.EarlyRegistration, usage.BuiltInForward),
    *(usage.KeptReference, usage.UnusedLayer, usage.UnreadArgument, usage.PickleLoad),
)


def facts(folder: Path, program: str) -> list[str]:
    """The facts about a program, in short."""
    found = evidence(folder, program)
    left = [one.name for e in found if isinstance(e, usage.Coverage) for one in e.left]
    return [type(e).__name__ for e in found if isinstance(e, KINDS)] + [f"left {name}" for name in left]


NOTHING = {
    "a product that is timed": """
        def bench(a, b):
            for _ in range(100):
                torch.matmul(a, b)
            return a, b
        x = torch.randn(8, 8)
        bench(x, x)
        """,
    "a batch that moves itself": """
        def train(model, loader, device):
            for data in loader:
                data.to(device)
                model(data).sum().backward()
        """,
    "weights that are copied to another network": """
        policy, target = nn.Linear(4, 2), nn.Linear(4, 2)
        optimizer = torch.optim.Adam(policy.parameters())
        for step in range(1000):
            optimizer.zero_grad()
            policy(torch.randn(8, 4)).mean().backward()
            optimizer.step()
            if step % 100 == 0:
                weights = policy.state_dict()
                target.load_state_dict(weights)
        """,
    "the last weights, kept in every round": """
        def fit(model, optimizer, loader, epochs):
            for epoch in range(epochs):
                for x, y in loader:
                    nn.functional.mse_loss(model(x), y).backward()
                    optimizer.step()
                last = model.state_dict()
            torch.save(last, "last.pt")
        """,
    "two phases with an optimiser each": """
        body, head = nn.Linear(4, 4), nn.Linear(4, 2)
        for part in (head, nn.Sequential(body, head)):
            optimizer = torch.optim.SGD(part.parameters(), lr=0.1)
            for x in torch.randn(10, 8, 4):
                optimizer.zero_grad()
                head(body(x)).mean().backward()
                optimizer.step()
        """,
    "an input that is optimised": """
        model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
        x = torch.randn(1, 4, requires_grad=True)
        optimizer = torch.optim.Adam([x])
        for _ in range(10):
            optimizer.zero_grad()
            model(x).sum().backward()
            optimizer.step()
        """,
}


@pytest.mark.parametrize("program", NOTHING.values(), ids=NOTHING)
def test_a_program_that_is_right_gives_no_fact(tmp_path: Path, program: str) -> None:
    assert facts(tmp_path, program) == []


DEFECTS = {
    "the first weights are put back in each round": (
        """
        def folds(model, parts):
            first = model.state_dict()
            for part in parts:
                model.load_state_dict(first)
                optimizer = torch.optim.Adam(model.parameters())
                for x, y in part:
                    nn.functional.mse_loss(model(x), y).backward()
                    optimizer.step()
        """,
        "KeptReference",
    ),
    "stopped early, with the last weights": (
        """
        def fit(model, optimizer, loader, score):
            best = 0
            while True:
                for x, y in loader:
                    nn.functional.mse_loss(model(x), y).backward()
                    optimizer.step()
                now = score(model)
                if now > best:
                    best, kept = now, {}
                    kept = {"weights": model.state_dict()}
                else:
                    model.load_state_dict(kept["weights"])
                    break
        """,
        "KeptReference",
    ),
    "a second model of the same class": (
        """
        def fit(loader):
            model = nn.Linear(4, 2)
            optimizer = torch.optim.SGD(nn.Linear(4, 2).parameters(), lr=0.1)
            for x, y in loader:
                optimizer.zero_grad()
                nn.functional.mse_loss(model(x), y).backward()
                optimizer.step()
        """,
        "left Linear",
    ),
}


@pytest.mark.parametrize(("program", "fact"), DEFECTS.values(), ids=DEFECTS)
def test_a_defect_is_a_fact(tmp_path: Path, program: str, fact: str) -> None:
    assert fact in facts(tmp_path, program)
