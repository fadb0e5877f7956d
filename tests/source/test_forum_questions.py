"""Questions as people ask them in forums: the cause is named at its line, and the repaired program is silent."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from nnlint import engine
from nnlint.config import Settings
from nnlint.finding import Level

HEAD = """
import copy
import torch
import torch.nn as nn
import torch.nn.functional as F

class Wind(nn.Module):
    def __init__(self):
        super(Wind, self).__init__()
        self.inp = nn.Linear(14, 48)
        self.drop = nn.Dropout(0.2)
        self.out = nn.Linear(48, 4)
    def forward(self, x):
        h = torch.relu(self.inp(x))
        return self.out(self.drop(h))

net = Wind()
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
"""

TRAIN = """
for ep in range(30):
    net.train()
    for x, y in train_loader:
        opt.zero_grad()
        loss = F.cross_entropy(net(x), y)
        loss.backward()
        opt.step()
"""

QUESTIONS: dict[str, tuple[str, str, tuple[str, str], str]] = {
    # name: (code, text of the line that is wrong, (broken, repaired) in the program, the program)
    "accumulated gradients are thrown away": (
        "TL504",
        "opt.zero_grad()  # here",
        (
            "        opt.zero_grad()  # here\n        (F.cross_entropy(net(x), y) / 8).backward()\n"
            "        if k % 8 == 7:\n            opt.step()\n",
            "        (F.cross_entropy(net(x), y) / 8).backward()\n"
            "        if k % 8 == 7:\n            opt.step()\n            opt.zero_grad()\n",
        ),
        HEAD
        + "for ep in range(30):\n    for k, (x, y) in enumerate(train_loader):\n        opt.zero_grad()  # here\n"
        "        (F.cross_entropy(net(x), y) / 8).backward()\n        if k % 8 == 7:\n            opt.step()\n",
    ),
    "one step for each epoch": (
        "TL504",
        "    opt.step()",
        ("        loss.backward()\n    opt.step()", "        loss.backward()\n        opt.step()"),
        HEAD + TRAIN.replace("        opt.step()", "    opt.step()"),
    ),
    "the first layer is cut off": (
        "HL114",
        "h = torch.relu(self.inp(x)).data",
        (".data\n", "\n"),
        HEAD.replace("self.inp(x))\n", "self.inp(x)).data\n") + TRAIN,
    ),
    "both losses go through one graph": (
        "TL542",
        "reg.backward()",
        ("        ce.backward()\n        reg.backward()\n", "        (ce + reg).backward()\n"),
        HEAD
        + "for x, y in train_loader:\n        opt.zero_grad()\n        s = net(x)\n        ce = F.cross_entropy(s, y)\n"
        "        reg = s.pow(2).mean()\n        ce.backward()\n        reg.backward()\n        opt.step()\n",
    ),
    "the batches are used up": (
        "TL543",
        "for x, y in batches:",
        (
            "batches = zip(xs, ys)\nfor ep in range(30):\n",
            "for ep in range(30):\n    batches = zip(xs, ys)\n",
        ),
        HEAD + "batches = zip(xs, ys)" + TRAIN.replace("in train_loader", "in batches"),
    ),
    "the accuracy of the last batch": (
        "TL544",
        "acc = (net(x).argmax(1) == y).float().mean().item()",
        (
            "            acc = (net(x).argmax(1) == y).float().mean().item()\n    print(acc)",
            "            accs.append((net(x).argmax(1) == y).float().mean().item())\n    print(sum(accs) / len(accs))",
        ),
        HEAD
        + TRAIN
        + "    net.eval()\n    accs = []\n    with torch.no_grad():\n        for x, y in val_loader:\n"
        "            acc = (net(x).argmax(1) == y).float().mean().item()\n    print(acc)\n",
    ),
    "the best network is the network": (
        "TL531",
        "best_net = net",
        ("            best_net = net\n", "            best_net = copy.deepcopy(net)\n"),
        HEAD
        + "top = 0\n"
        + TRAIN.replace("for ep", "for ep", 1)
        + "    score = rate(net, val_loader)\n    if score > top:\n            top = score\n            best_net = net\n"
        "torch.save({'w': best_net.state_dict()}, 'w.pt')\n",
    ),
    "what is loaded goes nowhere": (
        "TL533",
        'torch.load("wind.pt", weights_only=True)',
        ("torch.load(", "net.load_state_dict(torch.load("),
        HEAD + 'torch.load("wind.pt", weights_only=True)\nnet.eval()\n',
    ),
    "milestones of epochs, stepped by batch": (
        "OP403",
        "plan.step()",
        ("        plan.step()\n", "    plan.step()\n"),
        HEAD.replace("range(30)", "range(90)")
        + "plan = torch.optim.lr_scheduler.MultiStepLR(opt, [10, 20])"
        + TRAIN
        + "        plan.step()\n",
    ),
    "an accuracy is no loss": (
        "OP418",
        "plan.step(val_acc)",
        ("ReduceLROnPlateau(opt)", 'ReduceLROnPlateau(opt, "max")'),
        HEAD
        + "plan = torch.optim.lr_scheduler.ReduceLROnPlateau(opt)"
        + TRAIN
        + "    val_acc = rate(net, val_loader)\n    plan.step(val_acc)\n",
    ),
    "all layers are one": (
        "TL547",
        "self.inp = nn.Sequential(nn.Linear(14, 48), *[mid] * 3)",
        ("*[mid] * 3", "*[copy.deepcopy(mid) for _ in range(3)]"),
        HEAD.replace(
            "        self.inp = nn.Linear(14, 48)",
            "        mid = nn.Sequential(nn.ReLU(), nn.Linear(48, 48))\n"
            "        self.inp = nn.Sequential(nn.Linear(14, 48), *[mid] * 3)",
        )
        + TRAIN,
    ),
    "unfrozen, and still not trained": (
        "TL515",
        "opt = torch.optim.Adam(net.out.parameters(), lr=1e-3)",
        (
            "p.requires_grad = True\n",
            "p.requires_grad = True\nopt = torch.optim.Adam(net.parameters(), lr=1e-4)\n",
        ),
        HEAD.replace(
            "opt = torch.optim.Adam(net.parameters(), lr=1e-3)",
            "for p in net.inp.parameters():\n    p.requires_grad = False\n"
            "opt = torch.optim.Adam(net.out.parameters(), lr=1e-3)",
        )
        + TRAIN
        + "for p in net.inp.parameters():\n    p.requires_grad = True\n"
        + TRAIN,
    ),
    "the second pass does not evaluate": (
        "TL505",
        "    s = net(x)",
        (
            "        net.train()\n    for",
            "        net.train()\n    else:\n        net.eval()\n    torch.set_grad_enabled(learn)\n    for",
        ),
        HEAD
        + "def go(data, learn):\n    if learn:\n        net.train()\n    for x, y in data:\n        s = net(x)\n"
        "        loss = F.cross_entropy(s, y)\n        if learn:\n            opt.zero_grad()\n"
        "            loss.backward()\n            opt.step()\nfor ep in range(30):\n    go(one, True)\n    go(two, False)\n",
    ),
    "steps by hand": (
        "TL501",
        "loss.backward()",
        (
            "                w -= 0.01 * w.grad\n",
            "                w -= 0.01 * w.grad\n                w.grad = None\n",
        ),
        HEAD.replace("opt = torch.optim.Adam(net.parameters(), lr=1e-3)", "")
        + TRAIN.replace("        opt.zero_grad()\n", "").replace(
            "        opt.step()\n",
            "        with torch.no_grad():\n            for w in net.parameters():\n"
            "                w -= 0.01 * w.grad\n",
        ),
    ),
}


def found(tmp_path: Path, source: str) -> list[tuple[str, str]]:
    """Code and line of each error and warning."""
    path = tmp_path / "ask.py"
    path.write_text(dedent(source))
    result = engine.run([path], Settings())
    assert not result.failures
    lines = dedent(source).splitlines()
    return [(f.code, lines[f.place.line - 1].strip()) for f in result.findings if f.level is not Level.HINT]


@pytest.mark.parametrize("name", QUESTIONS)
def test_cause_is_named_at_its_line(tmp_path: Path, name: str) -> None:
    code, line, _, program = QUESTIONS[name]
    assert (code, line.strip()) in found(tmp_path, program)


@pytest.mark.parametrize("name", QUESTIONS)
def test_repaired_program_is_silent(tmp_path: Path, name: str) -> None:
    _, _, (broken, repaired), program = QUESTIONS[name]
    assert broken in program
    fixed = program.replace(broken, repaired, 1)
    if "load_state_dict(torch.load(" in fixed:
        fixed = fixed.replace("weights_only=True)", "weights_only=True))")
    assert found(tmp_path, fixed) == []
