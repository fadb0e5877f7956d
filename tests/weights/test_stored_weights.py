"""Stored weights are read by their formats, and nothing in them is run."""

from __future__ import annotations

import json
import os
import pickle
import struct
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from nnlint import engine
from nnlint.config import Settings
from nnlint.evidence.files import Unreadable, Unsafe
from nnlint.evidence.weights import StoredTensor, Weights
from nnlint.readers.weights.names import parts

NET = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.Flatten(), nn.Linear(8, 4))


def evidence(*paths: Path) -> list[object]:
    result = engine.run([str(p) for p in paths], Settings())
    assert not result.failures
    return list(result.evidence)


def stored(*paths: Path) -> dict[str, StoredTensor]:
    (found,) = [e for e in evidence(*paths) if isinstance(e, Weights)]
    return {t.name: t for t in found.tensors}


def safetensors(path: Path, tensors: dict[str, torch.Tensor]) -> Path:
    names = {"float32": "F32", "float16": "F16", "bfloat16": "BF16", "float8_e4m3fn": "F8_E4M3"}
    names |= {"float8_e5m2": "F8_E5M2", "int64": "I64"}
    header, data = dict[str, Any](), b""
    for name, tensor in tensors.items():
        values = tensor.reshape(-1).view(torch.uint8).numpy().tobytes()
        kind = names[str(tensor.dtype).removeprefix("torch.")]
        offsets = [len(data), len(data) + len(values)]
        header[name] = {"dtype": kind, "shape": list(tensor.shape), "data_offsets": offsets}
        data += values
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return path


def saved(path: Path, value: object, **options: bool) -> Path:
    torch.save(value, path, **options)
    return path


FORMS = {
    "zip": lambda p: saved(p / "m.pt", NET.state_dict()),
    "legacy": lambda p: saved(p / "m.pth", NET.state_dict(), _use_new_zipfile_serialization=False),
    "whole module": lambda p: saved(p / "m.pt", NET),
    "called an archive": lambda p: saved(
        p / "model_best.pth.tar", {"epoch": 1, "state_dict": NET.state_dict()}
    ),
    "nested": lambda p: saved(p / "m.ckpt", {"epoch": 1, "state_dict": NET.state_dict()}),
    "parallel": lambda p: saved(p / "m.bin", {f"module.{k}": v for k, v in NET.state_dict().items()}),
    "compiled": lambda p: saved(p / "m.pt", {f"_orig_mod.{k}": v for k, v in NET.state_dict().items()}),
    "safetensors": lambda p: safetensors(
        p / "m.safetensors", {k: v for k, v in NET.state_dict().items() if v.ndim}
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_statistics(tmp_path: Path, form: str) -> None:
    found = stored(FORMS[form](tmp_path))
    expected = {k: v for k, v in NET.state_dict().items() if v.dtype == torch.float32}
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        assert found[name].minimum == tensor.min().item()
        assert found[name].mean == pytest.approx(tensor.double().mean().item(), abs=1e-12)


def test_parts_are_known_by_name_and_shape(tmp_path: Path) -> None:
    found = stored(FORMS["zip"](tmp_path))
    roles = {name: (t.role, t.parameter) for name, t in found.items()}
    assert roles["0.weight"] == ("weight", "weight")
    assert roles["1.weight"] == ("norm", "weight")
    assert roles["1.running_var"] == ("norm", "running_var")
    assert roles["3.bias"] == ("bias", "bias")


def test_a_weight_that_is_computed_from_others_belongs_to_its_layer() -> None:
    layer = torch.nn.utils.parametrizations.weight_norm(torch.nn.Conv1d(4, 8, 3))
    found = parts({name: tuple(value.shape) for name, value in layer.named_parameters(prefix="conv")})
    assert {(p.layer, p.parameter, p.role, p.units) for p in found.values()} == {
        ("conv", "bias", "bias", None),
        ("conv", "weight_g", "norm", None),
        ("conv", "weight", "weight", 0),
    }


def test_a_network_of_many_buffers_is_one(tmp_path: Path) -> None:
    tables = {f"product.table_{i}": torch.rand(3, 3) for i in range(30)}
    assert "0.weight" in stored(saved(tmp_path / "m.pt", NET.state_dict() | tables))


def test_slices_are_those_of_numpy(tmp_path: Path) -> None:
    weight = np.random.default_rng(0).normal(0, 1, (5, 3, 2, 2)).astype(np.float32)
    weight[4] = weight[1]
    weight[2] = 0
    found = stored(saved(tmp_path / "m.pt", {"c.weight": torch.tensor(weight), "c.bias": torch.ones(5)}))
    units, inputs = found["c.weight"].units, found["c.weight"].inputs
    assert units is not None and inputs is not None
    assert units.norms == pytest.approx(np.sqrt((weight**2).mean(axis=(1, 2, 3))), rel=1e-6)
    assert inputs.norms == pytest.approx(np.sqrt((weight**2).mean(axis=(0, 2, 3))), rel=1e-6)
    assert units.zeros == (0, 0, 12, 0, 0)
    assert units.copies == ((1, 4),)


@pytest.mark.parametrize("kind", ["float16", "bfloat16", "float8_e4m3fn", "float8_e5m2"])
def test_small_floats_are_decoded(tmp_path: Path, kind: str) -> None:
    values = torch.tensor([[1.5, -0.25, 448.0], [0.0, 0.015625, float("nan")]]).to(getattr(torch, kind))
    found = stored(safetensors(tmp_path / "m.safetensors", {"fc.weight": values}))["fc.weight"]
    assert found.nan_count == 1
    assert (found.minimum, found.maximum) == (-0.25, 448.0)


def test_a_view_is_read_as_pytorch_sees_it(tmp_path: Path) -> None:
    whole = torch.arange(24.0).reshape(4, 6)
    found = stored(saved(tmp_path / "m.pt", {"a.weight": whole[1:3, ::2].T, "b.weight": whole[3:]}))
    assert (found["a.weight"].minimum, found["a.weight"].maximum) == (6.0, 16.0)
    assert found["a.weight"].shape == (3, 2)


def test_the_state_of_an_optimizer_is_no_weight(tmp_path: Path) -> None:
    net = nn.Linear(3, 2)
    optimizer = torch.optim.Adam(net.parameters())
    net(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    state = {"model": net.state_dict(), "optimizer": optimizer.state_dict()}
    assert list(stored(saved(tmp_path / "m.pt", state))) == ["model.weight", "model.bias"]


def test_shards_are_one_network(tmp_path: Path) -> None:
    for i in (1, 2):
        safetensors(tmp_path / f"m-0000{i}-of-00002.safetensors", {f"{i}.weight": torch.ones(2, 2)})
    names = {f"{i}.weight": f"m-0000{i}-of-00002.safetensors" for i in (1, 2)}
    (tmp_path / "m.safetensors.index.json").write_text(json.dumps({"weight_map": names}))
    assert list(stored(tmp_path)) == ["1.weight", "2.weight"]


def test_arrays_named_as_weights_are_weights_and_others_are_data(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).normal(0, 1, (80, 3))
    np.savez(tmp_path / "net.npz", W1=rows[:3], b1=rows[0])
    np.savez(tmp_path / "data.npz", x=rows, y=rows[:, 0], weights=rows[:, 1])
    assert [e.path for e in evidence(tmp_path) if isinstance(e, Weights)] == [str(tmp_path / "net.npz")]


class Runs:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("legacy", [True, False])
def test_a_checkpoint_that_runs_code_is_unsafe_and_not_run(tmp_path: Path, legacy: bool) -> None:
    value = {"fc.weight": torch.ones(2, 2), "x": Runs(tmp_path / "made")}
    path = saved(tmp_path / "m.pt", value, _use_new_zipfile_serialization=not legacy)
    (problem,) = evidence(path)
    assert isinstance(problem, Unsafe) and f"{os.name}.mkdir".replace(
        "nt", "posix"
    ) in problem.reason.replace("nt.", "posix.")
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    "code", [b"cos\nsystem\n", b"c__builtin__\neval\n", b"\x8c\x05torch\x8c\x09os.system\x93"]
)
def test_a_name_that_does_harm_is_enough(tmp_path: Path, code: bytes) -> None:
    (tmp_path / "m.pt").write_bytes(b"\x80\x04" + code + b".")
    assert isinstance(evidence(tmp_path / "m.pt")[0], Unsafe)


def test_objects_of_other_classes_are_passed_over(tmp_path: Path) -> None:
    state = OrderedDict(NET.state_dict())
    path = saved(tmp_path / "m.pt", {"model": state, "path": Path("x"), "n": np.float64(3.0)})
    assert "model.0.weight" in stored(path)


@pytest.mark.parametrize("share", [0.0, 0.2, 0.6, 0.95])
@pytest.mark.parametrize("form", ["zip", "legacy", "safetensors"])
def test_a_truncated_file_is_unreadable(tmp_path: Path, form: str, share: float) -> None:
    path = FORMS[form](tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    assert [type(e) for e in evidence(path)] == [Unreadable]


def test_a_tensor_beyond_its_storage_is_no_crash(tmp_path: Path) -> None:
    storage = ("storage", torch.FloatStorage, "0", "cpu", 4)

    class Pickler(pickle.Pickler):
        def persistent_id(self, value: object) -> object:
            return storage if value == "here" else None

    class Tensor:
        def __reduce__(self) -> tuple[object, ...]:
            return torch._utils._rebuild_tensor_v2, ("here", 10**12, (4,), (1,), False, {})

    path = FORMS["zip"](tmp_path)
    with (tmp_path / "data.pkl").open("wb") as file:
        Pickler(file, 2).dump({"fc.weight": Tensor(), "fc.bias": Tensor()})
    import zipfile

    with zipfile.ZipFile(path, "w") as archive:
        archive.write(tmp_path / "data.pkl", "m/data.pkl")
        archive.writestr("m/data/0", b"\0" * 16)
    (problem,) = evidence(path)
    assert isinstance(problem, Unreadable) and "beyond" in problem.reason
