"""Programs whose configuration stands in files beside them: what these say is what the program does."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from itertools import pairwise
from pathlib import Path

import pytest

from nnlint import engine
from nnlint.config import Settings
from nnlint.readers.source.libraries.composed import compose
from nnlint.readers.source.libraries.stored_values import UNREAD, from_json, from_omega, from_toml, from_yaml

NET = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, width=64, classes=10, head="none"):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(32, width), nn.BatchNorm1d(width), nn.ReLU(), nn.Dropout(0.2))
        self.fc = nn.Linear(width, classes)
        self.head = nn.Softmax(dim=1) if head == "softmax" else nn.Identity()

    def forward(self, x):
        return self.head(self.fc(self.body(x)))
"""
LOOP = """
def fit(model, loader, criterion, optimizer):
    model.train()
    for x, y in loader:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
"""
YAML = "model:\n  width: 64\n  head: {head}\noptim:\n  lr: 0.001\n  weight_decay: 1e-2\n"
JSON = '{{"model": {{"width": 64, "head": "{head}"}}, "optim": {{"lr": 0.001}}}}'
TOML = '[model]\nwidth = 64\nhead = "{head}"\n[optim]\nlr = 0.001\n'
TRAIN = """
def main(loader):
    model = Net(**cfg["model"])
    fit(model, loader, nn.CrossEntropyLoss(), torch.optim.AdamW(model.parameters(), lr=cfg["optim"]["lr"]))

main(get_loader())
"""
DOTTED = """
def main(loader):
    model = Net(cfg.model.width, head=cfg.model.head)
    fit(model, loader, nn.CrossEntropyLoss(), torch.optim.AdamW(model.parameters(), lr=cfg.optim.lr))

main(get_loader())
"""

READ: dict[str, tuple[str, str, str, str]] = {
    "yaml, by an argument's default": (
        "configs/base.yaml",
        YAML,
        """
        import argparse, yaml
        parser = argparse.ArgumentParser()
        parser.add_argument("--config", default="configs/base.yaml")
        args = parser.parse_args()
        with open(args.config) as f:
            cfg = yaml.safe_load(f)
        """,
        TRAIN,
    ),
    "yaml, as text": (
        "base.yml",
        YAML,
        """
        import yaml
        from pathlib import Path
        cfg = yaml.load(Path("base.yml").read_text(), Loader=yaml.FullLoader)
        """,
        TRAIN,
    ),
    "json beside the module": (
        "config.json",
        JSON,
        """
        import json, os
        here = os.path.dirname(os.path.abspath(__file__))
        cfg = json.load(open(os.path.join(here, "config.json")))
        """,
        TRAIN,
    ),
    "toml": (
        "settings.toml",
        TOML,
        """
        import tomllib
        from pathlib import Path
        with (Path(__file__).parent / "settings.toml").open("rb") as file:
            cfg = tomllib.load(file)
        """,
        TRAIN,
    ),
    "OmegaConf over defaults": (
        "run.yaml",
        YAML,
        """
        from omegaconf import OmegaConf
        base = OmegaConf.create({"model": {"width": 32, "head": "none"}, "optim": {"lr": 1.0}})
        cfg = OmegaConf.merge(base, OmegaConf.load("run.yaml"), OmegaConf.from_cli())
        """,
        DOTTED,
    ),
    "EasyDict": (
        "run.yaml",
        YAML,
        """
        import yaml
        from easydict import EasyDict as edict
        cfg = edict(yaml.safe_load(open("run.yaml")))
        cfg.optim.lr = cfg.optim.lr * 2
        """,
        DOTTED,
    ),
    "yacs": (
        "exp.yaml",
        YAML,
        """
        from yacs.config import CfgNode as CN
        _C = CN()
        _C.model = CN()
        _C.model.width = 16
        _C.model.head = "none"
        _C.optim = CN({"lr": 0.1})
        cfg = _C.clone()
        cfg.merge_from_file("exp.yaml")
        cfg.freeze()
        """,
        DOTTED,
    ),
    "a registry": (
        "base.yaml",
        YAML.replace("model:", "model:\n  type: net"),
        """
        import yaml
        MODELS = {}

        def register(name):
            def decorate(cls):
                MODELS[name] = cls
                return cls
            return decorate

        register("net")(Net)

        def build(settings):
            settings = dict(settings)
            return MODELS[settings.pop("type")](**settings)

        cfg = yaml.safe_load(open("base.yaml"))
        """,
        TRAIN.replace("Net(**", "build("),
    ),
    "hydra": (
        "conf/config.yaml",
        YAML,
        """
        import hydra
        from omegaconf import DictConfig

        @hydra.main(version_base=None, config_path="conf", config_name="config")
        def main(cfg: DictConfig):
            model = Net(cfg.model.width, head=cfg.model.head)
            optimizer = torch.optim.AdamW(model.parameters(), lr=cfg.optim.lr)
            fit(model, get_loader(), nn.CrossEntropyLoss(), optimizer)

        if __name__ == "__main__":
            main()
        """,
        "",
    ),
    "hydra, an object from its description": (
        "conf/train.yaml",
        "width: 64\nmodel:\n  _target_: nets.Net\n  width: ${{width}}\n  head: {head}\nlr: 1e-3\n",
        """
        import hydra
        from hydra.utils import instantiate

        @hydra.main(config_path="conf", config_name="train", version_base="1.3")
        def main(cfg):
            model = instantiate(cfg.model, classes=7)
            fit(model, get_loader(), nn.CrossEntropyLoss(), torch.optim.Adam(model.parameters(), lr=cfg.lr))

        main()
        """,
        "",
    ),
}


def codes(folder: Path, program: str) -> list[str]:
    (folder / "nets.py").write_text(NET)
    path = folder / "train.py"
    path.write_text(NET + LOOP + program)
    result = engine.run([str(path)], Settings(select=("HL101",)))
    assert not result.failures
    return [finding.code for finding in result.findings]


@pytest.mark.parametrize("name", READ)
def test_a_softmax_that_only_the_configuration_asks_for_is_found(tmp_path: Path, name: str) -> None:
    file, text, head, rest = READ[name]
    program = textwrap.dedent(head) + rest
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text(text.format(head="softmax"))
    assert codes(tmp_path, program) == ["HL101"]
    (tmp_path / file).write_text(text.format(head="none"))
    assert codes(tmp_path, program) == []
    (tmp_path / file).unlink()
    assert codes(tmp_path, program) == []


def test_configuration_is_found_from_the_folder_that_the_program_is_started_in(tmp_path: Path) -> None:
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "base.yaml").write_text(YAML.format(head="softmax"))
    (tmp_path / "src").mkdir()
    _, _, head, rest = READ["yaml, by an argument's default"]
    assert codes(tmp_path / "src", textwrap.dedent(head) + rest) == ["HL101"]


def test_a_cached_result_ends_with_the_configuration_that_it_rests_on(tmp_path: Path) -> None:
    file, text, head, rest = READ["json beside the module"]
    (tmp_path / "train.py").write_text(NET + LOOP + textwrap.dedent(head) + rest)
    found = []
    for value in ("softmax", "none", "softmax"):
        (tmp_path / file).write_text(text.format(head=value))
        command = [
            sys.executable,
            "-m",
            "nnlint",
            "--cache-dir",
            str(tmp_path / "cache"),
            "--select",
            "HL101",
        ]
        found.append(subprocess.run([*command, str(tmp_path / "train.py")], capture_output=True).returncode)
    assert found == [1, 0, 1]


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    files = {
        "config.yaml": "defaults:\n  - model: small\n  - optim@train.optim: adam\n  - override hydra/launcher: x\n"
        "  - _self_\nmodel:\n  depth: 3\nepochs: 5\n",
        "model/small.yaml": "defaults:\n  - base\n  - _self_\nwidth: 8\ndepth: 1\n",
        "model/base.yaml": "act: relu\nwidth: ${epochs}\n",
        "optim/adam.yaml": "lr: 1e-3\n",
        "exp.yaml": "defaults: [config, trial/one]\n",
        "trial/one.yaml": "# @package _global_\nepochs: 9\n",
        "circle.yaml": "defaults: [circle]\na: 1\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_hydra_puts_together_what_its_defaults_list_names(conf: Path) -> None:
    model = {"act": "relu", "width": 8, "depth": 3}
    assert compose(conf, "config") == {"model": model, "train": {"optim": {"lr": 1e-3}}, "epochs": 5}
    assert compose(conf, "exp")["epochs"] == 9


def test_a_defaults_list_that_is_not_there_or_names_itself_is_let_be(conf: Path) -> None:
    assert compose(conf, "circle") == {"a": 1}
    assert compose(conf, "absent") is UNREAD


@pytest.mark.parametrize(
    "text",
    [
        "[" * 60_000,
        "- " * 30_000,
        "a: &a [*a]",
        "!!python/object/apply:os.system [ls]",
        "? [a]\n: b",
        "a: &a [1,1,1,1,1,1,1,1,1]\n"
        + "".join(f"{b}: &{b} [{','.join(['*' + a] * 9)}]\n" for a, b in pairwise("abcdefg")),
    ],
    ids=["deep", "deeper", "itself", "hostile", "no key", "billions"],
)
def test_text_that_is_no_configuration_is_not_read(text: str) -> None:
    assert {id(parse(text)) for parse in (from_yaml, from_omega, from_json, from_toml)} == {id(UNREAD)}


def test_numbers_are_read_as_each_library_reads_them() -> None:
    assert from_yaml("lr: 1e-3") == {"lr": "1e-3"}
    assert from_omega("lr: 1e-3\nagain: ${lr}\nother: ${oc.env:HOME}")["again"] == 1e-3
