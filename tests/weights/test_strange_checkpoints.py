"""Checkpoints as strangers write them: nothing is said of the sound ones, and nothing in the hostile ones is run."""

from __future__ import annotations

import argparse
import datetime
import io
import json
import os
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.checkpoints.files import safetensors
from torch import nn

from nnlint import engine
from nnlint.config import Settings
from nnlint.evidence.weights import Weights

State = dict[str, torch.Tensor]


def drawn(*sizes: int) -> torch.Tensor:
    """Values as training leaves them: off centre, with heavy tails, and no two rows of one size."""
    values = torch.distributions.StudentT(4.0).sample(sizes) * (0.4 / sizes[-1] ** 0.5) + 0.01
    return values * torch.linspace(0.5, 1.5, sizes[0]).reshape(-1, *[1] * (len(sizes) - 1))


def layer(name: str, *sizes: int) -> State:
    return {f"{name}.weight": drawn(*sizes), f"{name}.bias": drawn(sizes[0])}


def norm(name: str, width: int) -> State:
    return {f"{name}.weight": 1 + 0.1 * drawn(width), f"{name}.bias": drawn(width)}


def statistics(name: str, width: int) -> State:
    found = {"running_mean": drawn(width), "running_var": drawn(width).abs() + 0.1}
    found["num_batches_tracked"] = torch.tensor(90)
    return norm(name, width) | {f"{name}.{n}": t for n, t in found.items()}


torch.manual_seed(0)
CNN = layer("conv", 16, 3, 3, 3) | statistics("bn", 16) | layer("fc", 5, 16)
BERT = (
    {"bert.embeddings.word_embeddings.weight": drawn(99, 16), "bert.embeddings.position_ids": torch.arange(9)}
    | norm("bert.embeddings.LayerNorm", 16)
    | layer("bert.encoder.layer.0.attention.self.query", 16, 16)
    | layer("bert.encoder.layer.0.intermediate.dense", 64, 16)
    | layer("bert.encoder.layer.0.output.dense", 16, 64)
    | layer("bert.pooler.dense", 16, 16)
)
LLAMA = {
    "model.embed_tokens.weight": drawn(99, 32),
    "model.layers.0.self_attn.q_proj.weight": drawn(32, 32),
    "model.layers.0.self_attn.k_proj.weight": drawn(8, 32),
    "model.layers.0.mlp.down_proj.weight": drawn(32, 64),
    "model.layers.0.input_layernorm.weight": 1 + 0.1 * drawn(32),
    "model.layers.0.self_attn.rotary_emb.inv_freq": 1e4 ** -torch.linspace(0, 1, 8),
    "lm_head.weight": drawn(99, 32),
}
ADAPTER = {
    f"base_model.model.layers.{i}.q_proj.lora_{side}.weight": values
    for i in range(3)
    for side, values in (("A", drawn(4, 32)), ("B", torch.zeros(32, 4)))
}
OPTIMIZER = {"state": {0: {"exp_avg": torch.zeros(16, 16), "step": torch.tensor(3.0)}}, "param_groups": []}
SOUND: dict[str, object] = {
    "lightning.ckpt": {
        "state_dict": {f"model.{k}": v for k, v in CNN.items()} | {"loss_fn.weight": torch.ones(5)},
        "optimizer_states": [OPTIMIZER],
        "callbacks": {"EarlyStopping": {"best_score": torch.tensor(float("inf"))}},
        "hyper_parameters": argparse.Namespace(lr=0.1, path=Path("runs")),
    },
    "parallel.pth": {
        "net": {f"module.{k}": v for k, v in CNN.items()},
        "optim": OPTIMIZER,
        "time": datetime.datetime(2024, 1, 1),
        "rng": torch.get_rng_state(),
    },
    "averaged.pth": {"model": CNN, "model_ema": CNN, "scaler": {"scale": 65536.0}, "epoch": 3},
    "averaged_by_torch.pt": {"n_averaged": torch.tensor(3)} | {f"module.{k}": v for k, v in CNN.items()},
    "pytorch_model.bin": BERT,
    "new_head.bin": BERT
    | {"classifier.weight": 0.02 * torch.randn(3, 16), "classifier.bias": torch.zeros(3)},
    "half.pt": {k: v.half() for k, v in CNN.items()},
    "eight_bits.pt": {k: v.to(torch.float8_e4m3fn) if v.ndim == 2 else v for k, v in CNN.items()},
    "mask.pt": layer("fc", 8, 8) | {"mask": torch.full((8, 8), float("-inf")).triu(1)},
    "positions.pth": layer("qkv", 24, 8)
    | {"pos_embed": torch.zeros(1, 9, 8), "cls_token": torch.zeros(1, 1, 8)},
    "fresh.pt": nn.Sequential(
        nn.Linear(20, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 9)
    ).state_dict(),
    "detector.pth": layer("stem", 16, 3, 3, 3)
    | {
        f"heads.{i}.{end}": values
        for i in range(3)
        for end, values in (("weight", drawn(18, 16, 1, 1)), ("bias", drawn(18) - 12))
    },
    "control.pth": layer("hint", 16, 3, 3, 3) | {"zero_convs.0.weight": torch.zeros(16, 16, 1, 1)},
    "control_of_diffusers.pth": layer("hint", 16, 3, 3, 3)
    | {"controlnet_down_blocks.0.weight": torch.zeros(16, 16, 1, 1)},
    "blurred.pth": CNN | {"blur.kernel": torch.full((16, 1, 3, 3), 1 / 9)},
    "pruned.pt": layer("a", 32, 32)
    | {"b.weight_orig": drawn(9, 32), "b.weight_mask": (drawn(9, 32) > 0).float()},
    "quantised.bin": norm("norm", 8)
    | {
        "l.qweight": torch.ones(4, 32, dtype=torch.int32),
        "l.scales": torch.ones(1, 32),
        "l.g_idx": torch.arange(9),
    },
}


def found(path: Path) -> list[str]:
    result = engine.run([str(path)], Settings(extend_select=("WT",)))
    assert not result.failures
    assert any(isinstance(e, Weights) and e.tensors for e in result.evidence)
    return [f"{f.code} {f.message}" for f in result.findings]


@pytest.mark.parametrize("name", SOUND)
def test_nothing_is_said_of_a_sound_checkpoint(tmp_path: Path, name: str) -> None:
    torch.save(SOUND[name], tmp_path / name)
    assert found(tmp_path / name) == []


@pytest.mark.parametrize("state", [LLAMA, ADAPTER, BERT], ids=["llama", "adapter", "bert"])
def test_nothing_is_said_of_sound_safetensors(tmp_path: Path, state: State) -> None:
    assert found(safetensors(tmp_path / "m.safetensors", {k: v.bfloat16() for k, v in state.items()})) == []


def test_nothing_is_said_of_sound_shards(tmp_path: Path) -> None:
    names = {name: f"model-0000{1 + i % 2}-of-00002.safetensors" for i, name in enumerate(LLAMA)}
    for file in set(names.values()):
        safetensors(tmp_path / file, {name: LLAMA[name] for name in names if names[name] == file})
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": names}))
    assert found(tmp_path) == []


def test_a_gate_that_both_biases_shut_is_reported_once(tmp_path: Path) -> None:
    gates = {f"rnn.weight_{side}_l0": drawn(32, 8) for side in ("ih", "hh")}
    biases = {f"rnn.bias_{side}_l0": drawn(32) - 20.0 for side in ("ih", "hh")}
    torch.save(gates | biases | layer("fc", 4, 8), tmp_path / "m.pt")
    assert [f[:5] for f in found(tmp_path / "m.pt")] == ["WT109"]


# what is hostile

MARK = "made"


class Runs:
    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (MARK,)


def archive(path: Path, pickled: bytes, folder: str = "archive", **more: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(f"{folder}/data.pkl", pickled)
        for name, content in more.items():
            file.writestr(f"{folder}/{name}", content)
    return path


def called(module: str, name: str) -> bytes:
    return b"\x80\x02c" + f"{module}\n{name}\n".encode() + b"X\x02\x00\x00\x00id\x85R."


CALLS = {
    "REDUCE": pickle.dumps({"fc.weight": Runs()}),
    "GLOBAL": called("posix", "system"),
    "STACK_GLOBAL": b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x02id\x85R.",
    "STACK_GLOBAL of a dotted name": b"\x80\x04\x8c\x05torch\x8c\x17serialization.os.system\x93\x8c\x02id\x85R.",
    "INST": b"(X\x02\x00\x00\x00idios\nsystem\n.",
    "OBJ": b"(cos\nsystem\nX\x02\x00\x00\x00ido.",
    "BUILD": b"\x80\x02ccollections\nOrderedDict\n)R}X\x05\x00\x00\x00statecsubprocess\nPopen\nsb.",
    "eval": called("__builtin__", "eval"),
    "import": called("importlib", "import_module"),
    "another pickle": called("torch", "load"),
    "a hub": called("torch.hub", "load"),
    "a runner of tests": called("numpy.testing._private.utils", "runstring"),
    "code objects": called("marshal", "loads"),
    "a browser": called("webbrowser", "open"),
    "a file that runs": called("runpy", "run_path"),
}
HOSTILE: dict[str, Callable[[Path], object]] = {
    **{name: lambda p, code=code: archive(p / "m.pt", code) for name, code in CALLS.items()},
    "in callbacks": lambda p: archive(p / "m.ckpt", pickle.dumps({"state_dict": {}, "callbacks": Runs()})),
    "a plain pickle": lambda p: (p / "m.bin").write_bytes(CALLS["REDUCE"]),
    "nested archive": lambda p: archive(
        p / "m.pt", CALLS["REDUCE"], inner=archive(p / "inner.zip", CALLS["REDUCE"]).read_bytes()
    ),
    "path traversal": lambda p: archive(p / "m.pt", pickle.dumps({}), "../../evil"),
    "absolute path": lambda p: archive(p / "m.pt", pickle.dumps({}), "/evil"),
    "bomb": lambda p: archive(p / "m.pt", b"\x80\x02" + bytes(2**27)),
    "arrays of objects": lambda p: np.savez(
        p / "m.npz", **{"a.weight": np.array([Runs()]), "a.bias": np.ones(3)}
    ),
    "shards elsewhere": lambda p: (p / "m.safetensors.index.json").write_text(
        json.dumps({"weight_map": {"a.weight": "../../../etc/passwd"}})
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_and_not_run(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    HOSTILE[name](tmp_path)
    (tmp_path / "inner.zip").unlink(missing_ok=True)
    result = engine.run([str(tmp_path)], Settings())
    assert [f.code for f in result.findings] == ["IN102"]
    assert not (tmp_path / MARK).exists()


def headed(text: bytes, data: bytes = b"") -> bytes:
    return struct.pack("<Q", len(text)) + text + data


def sound() -> bytes:
    buffer = io.BytesIO()
    torch.save(CNN, buffer)
    return buffer.getvalue()


BROKEN = {
    "empty.pt": b"",
    "cut.pt": sound()[:-700],
    "page.pth": b"<!DOCTYPE html><title>404</title>" * 20,
    "pointer.ckpt": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n",
    "long.safetensors": struct.pack("<Q", 10**9) + b"{}",
    "short.safetensors": headed(b'{"a.weight":{"dtype":"F32","shape":[9,9],"data_offsets":[0,4]}}', bytes(4)),
    "negative.safetensors": headed(
        b'{"a.weight":{"dtype":"F32","shape":[-2,2],"data_offsets":[0,16]}}', bytes(16)
    ),
    "deep.safetensors": headed(b"[" * 50_000),
    "archive.keras": sound()[:3000],
    "begun.h5": b"\x89HDF\r\n\x1a\n" + bytes(100),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_says_that_it_is(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(BROKEN[name])
    assert [f.code for f in engine.run([str(tmp_path)], Settings()).findings] == ["IN101"]
