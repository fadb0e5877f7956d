"""What programs in the style of forum questions showed: values written into tensors, states, restored weights."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.source.reading import evidence, network, only

from nnlint.config import Settings
from nnlint.evidence.source import Did, LossUse, Recipe
from nnlint.evidence.usage import Apart, Coverage
from nnlint.network.gradients import reached, trains
from nnlint.network.graph import Network
from nnlint.readers.source import read


def test_a_tensor_holds_what_is_written_into_it(tmp_path: Path) -> None:
    found = network(
        tmp_path,
        """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.cell = nn.Linear(8, 8)

            def forward(self, x):
                outputs = torch.zeros(4, 8)
                for t in range(4):
                    outputs[t] = self.cell(x)
                return outputs
        """,
    )
    assert any(trains(operation) for operation in reached(found.outputs[0]))


def test_a_pass_in_a_generator_is_in_its_loop(tmp_path: Path) -> None:
    found = evidence(
        tmp_path,
        """
        def main(train_loader, test_loader):
            model = nn.Linear(20, 3)
            for x, y in train_loader:
                hits = sum((model(a).argmax(1) == b).sum().item() for a, b in test_loader)
        """,
    )
    passes = [e for e in only(Recipe, found).events if e.did is Did.FORWARD]
    assert [[loop.loader and loop.loader.role for loop in e.loops] for e in passes] == [["train", "test"]]


def test_weights_that_come_back_after_training_are_the_models_own(tmp_path: Path) -> None:
    found = evidence(
        tmp_path,
        """
        import copy

        def main(loader):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU())
            kept = copy.deepcopy(model.state_dict())
            optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
            for x, y in loader:
                optimizer.zero_grad()
                F.cross_entropy(model(x), y).backward()
                optimizer.step()
            model.load_state_dict(kept)
            model.append(nn.Linear(64, 3))
        """,
    )
    assert [one.later for one in only(Coverage, found).left] == [True]


def test_gradients_reach_what_gave_the_first_state(tmp_path: Path) -> None:
    found = evidence(
        tmp_path,
        """
        def main(x, y, z):
            encoder, decoder = nn.GRU(4, 8), nn.GRU(4, 8)
            _, state = encoder(x)
            out, _ = decoder(y, state)
            F.mse_loss(out, z).backward()
        """,
    )
    backward = next(e for e in only(Recipe, found).events if e.did is Did.BACKWARD)
    trained = {o.layer.place for o in reached(backward.details["value"]) if o.layer is not None and trains(o)}
    assert len(trained) == 2


@pytest.mark.parametrize(("parameter", "networks"), [("model", 1), ("net", 1), ("helper", 0)])
def test_a_function_nobody_calls_trains_the_network_of_its_file(
    tmp_path: Path, parameter: str, networks: int
) -> None:
    found = evidence(
        tmp_path,
        f"""
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.head = nn.Linear(20, 3)

            def forward(self, x):
                return self.head(x)

        def train({parameter}, loader, optimizer):
            for x, y in loader:
                F.cross_entropy({parameter}(x), y).backward()
                optimizer.step()
        """,
    )
    use = only(LossUse, found)
    assert (use.network is not None) == bool(networks)


def test_devices_that_meet_in_a_counted_loop_are_told(tmp_path: Path) -> None:
    found = evidence(
        tmp_path,
        """
        def main(loader):
            net = nn.Linear(4, 4).to("cuda")
            optimizer = torch.optim.Adam(net.parameters())
            for epoch in range(10):
                for x in loader:
                    out = net(x.to("cuda")) + 0.1 * torch.randn(8, 4)
                    out.mean().backward()
                    optimizer.step()
        """,
    )
    assert only(Apart, found).what == "torch.randn"


def test_a_plain_sequential_that_the_file_names_is_read(tmp_path: Path) -> None:
    found = evidence(tmp_path, "net = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))")
    assert str(only(Network, found).outputs[0].shape) == "(…, 3)"


def test_a_script_without_a_framework_runs_the_module_beside_it(tmp_path: Path) -> None:
    (tmp_path / "engine.py").write_text(
        "import torch\n\ndef run(rate):\n    torch.nn.Linear(rate, 3)(torch.zeros(2, 7))\n"
    )
    main = tmp_path / "train.py"
    main.write_text("from engine import run\n\nif __name__ == '__main__':\n    run(7)\n")
    found = read([main], Settings(named=frozenset({str(main)})), lambda path: None).evidence
    assert any(isinstance(e, Recipe) for e in found)


def test_forward_by_its_name_is_a_pass_of_the_model(tmp_path: Path) -> None:
    found = evidence(
        tmp_path,
        """
        model = nn.Sequential(nn.Linear(8, 4), nn.ReLU(), nn.Linear(4, 2), nn.LogSoftmax(dim=1))
        for x, y in train_loader:
            loss = F.nll_loss(model.forward(x), y)
            loss.backward()
        """,
    )
    assert [e.name for e in found if isinstance(e, Network)] == ["Sequential"]
    assert [e.details["active"] for e in only(Recipe, found).events if e.did is Did.FORWARD] == [()]
