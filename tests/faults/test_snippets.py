"""Parts of programs as people post them, without imports, loaders or optimizers: what they show is said."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from nnlint import engine
from nnlint.config import Settings
from nnlint.finding import Level

SNIPPETS: dict[str, tuple[str, str, str, str]] = {
    "a class and a loop, and nothing imported": (
        "HL101",
        """
        class Birds(nn.Module):
            def __init__(self):
                super().__init__()
                self.wide, self.last = nn.Linear(40, 30), nn.Linear(30, 6)
            def forward(self, x):
                return F.softmax(self.last(torch.relu(self.wide(x))), dim=1)
        birds = Birds()
        solver = optim.SGD(birds.parameters(), lr=0.01)
        for sound, kind in train_loader:
            solver.zero_grad()
            nn.CrossEntropyLoss()(birds(sound), kind).backward()
            solver.step()
        """,
        "F.softmax(self.last(torch.relu(self.wide(x))), dim=1)",
        "self.last(torch.relu(self.wide(x)))",
    ),
    "the network is built elsewhere": (
        "HL102",
        """
        class Leaks(nn.Module):
            def __init__(self, sensors):
                super().__init__()
                self.body = nn.Sequential(nn.Linear(sensors, 16), nn.ReLU(), nn.Linear(16, 1))
            def forward(self, x):
                return self.body(x).sigmoid()
        for flow, leak in train_loader:
            optimizer.zero_grad()
            loss = F.binary_cross_entropy_with_logits(net(flow), leak)
            loss.backward()
            optimizer.step()
        """,
        "self.body(x).sigmoid()",
        "self.body(x)",
    ),
    "only the loop, of which nothing is known": (
        "TL504",
        """
        for epoch in range(30):
            for picture, label in loader:
                loss = criterion(model(picture), label)
                loss.backward()
                optimizer.zero_grad()
                optimizer.step()
        """,
        "loss.backward()\n        optimizer.zero_grad()",
        "optimizer.zero_grad()\n        loss.backward()",
    ),
    "a loss that is wrapped anew": (
        "HL114",
        """
        for x, y in loader:
            optimizer.zero_grad()
            loss = criterion(net(x), y)
            loss = Variable(loss, requires_grad=True)
            loss.backward()
            optimizer.step()
        """,
        "loss = Variable(loss, requires_grad=True)",
        "print(loss.item())",
    ),
    "the classes of an unknown network are compared": (
        "HL114",
        """
        for x, y in loader:
            optimizer.zero_grad()
            chosen = torch.argmax(net(x), dim=1).float()
            loss = F.mse_loss(chosen, y.float())
            loss.requires_grad = True
            loss.backward()
            optimizer.step()
        """,
        "torch.argmax(net(x), dim=1).float()",
        "net(x)",
    ),
    "the softmax of an unknown network": (
        "HL101",
        """
        measure = nn.CrossEntropyLoss()
        for x, y in loader:
            optimizer.zero_grad()
            loss = measure(net(x).softmax(dim=1), y)
            loss.backward()
            optimizer.step()
        """,
        "net(x).softmax(dim=1)",
        "net(x)",
    ),
    "a trained network classifies one picture": (
        "TL505",
        """
        class Signs(nn.Module):
            def __init__(self):
                super().__init__()
                self.maps = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU())
                self.last = nn.Linear(8, 43)
            def forward(self, x):
                return self.last(self.maps(x).mean((2, 3)))
        signs = Signs()
        signs.load_state_dict(torch.load("signs.pt", weights_only=True))
        with torch.no_grad():
            print(signs(prepare(Image.open("stop.png"))).argmax(1))
        """,
        "with torch.no_grad():",
        "signs.eval()\nwith torch.no_grad():",
    ),
    "the loss is made anew of its number": (
        "HL114",
        """
        def one_epoch(net, batches, optimizer, measure):
            for x, y in batches:
                optimizer.zero_grad()
                loss = measure(net(x), y)
                loss = torch.tensor(loss.item(), requires_grad=True)
                loss.backward()
                optimizer.step()
        """,
        "loss = torch.tensor(loss.item(), requires_grad=True)",
        "print(loss.item())",
    ),
    "a parameter that was moved": (
        "TL513",
        """
        class Weigh(nn.Module):
            def __init__(self, size):
                super().__init__()
                self.query = nn.Parameter(torch.randn(size)).cuda()
                self.keys = nn.Linear(size, size)
            def forward(self, x):
                return (self.keys(x) * self.query).sum(-1)
        """,
        "nn.Parameter(torch.randn(size)).cuda()",
        "nn.Parameter(torch.randn(size).cuda())",
    ),
    "a tensor in the place of a parameter": (
        "TL513",
        """
        class Line(nn.Module):
            def __init__(self):
                super().__init__()
                self.slope = torch.randn(1, requires_grad=True)
                self.shift = nn.Parameter(torch.zeros(1))
            def forward(self, x):
                return x * self.slope + self.shift
        """,
        "torch.randn(1, requires_grad=True)",
        "nn.Parameter(torch.randn(1))",
    ),
    "drawn targets in a row": (
        "HL116",
        """
        rows = np.random.randn(500, 3)
        rows[:, 2] = 4 * rows[:, 0] - rows[:, 1]
        rows = torch.Tensor(rows)
        x, y = rows[:, :2], rows[:, 2]
        line = nn.Linear(2, 1)
        optimizer = optim.SGD(line.parameters(), lr=0.01)
        for epoch in range(100):
            optimizer.zero_grad()
            nn.MSELoss()(line(x), y).backward()
            optimizer.step()
        """,
        "rows[:, :2], rows[:, 2]",
        "rows[:, :2], rows[:, 2:]",
    ),
    "targets that were written row by row": (
        "HL116",
        """
        wanted = torch.zeros(12, 1)
        wanted[6:] = 1
        x = torch.rand(12, 9)
        weights = nn.Parameter(torch.rand(9))
        for step in range(500):
            loss = ((torch.sigmoid(x @ weights) - wanted) ** 2).mean()
            loss.backward()
            with torch.no_grad():
                weights.sub_(0.1 * weights.grad)
                weights.grad.zero_()
        """,
        "torch.zeros(12, 1)",
        "torch.zeros(12)",
    ),
}
"""What is posted -> the check that speaks, the snippet, and the repair: what is replaced by what."""


def found(folder: Path, source: str) -> set[str]:
    path = folder / "snippet.py"
    path.write_text(source, encoding="utf-8")
    result = engine.run([path], Settings())
    return {finding.code for finding in result.findings if finding.level is not Level.HINT}


@pytest.mark.parametrize("name", SNIPPETS)
def test_the_cause_is_named(name: str, tmp_path: Path) -> None:
    code, source, _, _ = SNIPPETS[name]
    assert found(tmp_path, dedent(source)) == {code}


@pytest.mark.parametrize("name", SNIPPETS)
def test_the_repaired_snippet_is_clean(name: str, tmp_path: Path) -> None:
    _, source, wrong, right = SNIPPETS[name]
    assert wrong in dedent(source)
    assert found(tmp_path, dedent(source).replace(wrong, right)) == set()


@pytest.mark.parametrize(
    "source",
    [
        "import paddle\nfor x, y in loader:\n    loss = f(net(x), y)\n    loss.backward()\n    optimizer.step()\n",
        "from flax import linen as nn\nclass M(nn.Module):\n    @nn.compact\n    def __call__(self, x):\n"
        "        return nn.softmax(nn.Dense(1)(x))\n",
        "def nn(x):\n    return x\nprint(nn(3))\nfor x in y:\n    nn.Linear(-1, 0)\n",
    ],
    ids=["another framework", "the names of another framework", "the name is bound"],
)
def test_names_are_taken_for_granted_only_where_nothing_else_is_meant(source: str, tmp_path: Path) -> None:
    assert found(tmp_path, source) == set()


def test_gradients_are_off_in_a_snippet_that_imports_nothing(tmp_path: Path) -> None:
    source = "model.eval()\nwith torch.no_grad():\n    for x, y in val_loader:\n        right += same(model(x), y)\n"
    assert found(tmp_path, source) == set()


def test_tensors_that_are_looked_after_are_no_lost_parameters(tmp_path: Path) -> None:
    source = """
    class Mask(nn.Module):
        def __init__(self, size):
            super().__init__()
            self.noise = torch.zeros(size, requires_grad=True)
            self.scale = torch.ones(1, requires_grad=True)
            self.table = nn.Parameter(torch.randn(size), requires_grad=False).cuda()
            self.solver = torch.optim.Adam([self.noise], lr=0.01)
            self.classes = [0, 1]
            self.classes = torch.arange(2)
        def forward(self, x):
            return (x + self.noise) * self.scale * self.table
        def step(self):
            with torch.no_grad():
                self.scale -= 0.1 * self.scale.grad
    """
    assert found(tmp_path, dedent(source)) == set()
