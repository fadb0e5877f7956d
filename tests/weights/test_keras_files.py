"""Weights that Keras saved are read from the format, in the layouts of Keras 2 and 3."""

from __future__ import annotations

import importlib
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnlint import engine
from nnlint.config import Settings
from nnlint.evidence.files import Unreadable, Unsafe
from nnlint.evidence.weights import StoredTensor, Weights
from nnlint.readers.weights.keras_names import renamed

h5py: Any = pytest.importorskip("h5py")
RANDOM = np.random.default_rng(0)


def floats(*sizes: int) -> np.ndarray:
    return (RANDOM.standard_t(4, sizes) * 0.3 + 0.02).astype(np.float32)


DENSE = {"kernel": floats(8, 16), "bias": floats(16)}
NORM = {n: np.abs(floats(16)) + 0.1 for n in ("gamma", "beta", "moving_mean", "moving_variance")}
HEAD = {"kernel": floats(16, 3), "bias": floats(3)}
LAYERS = {"dense": DENSE, "batch_normalization": NORM, "dense_1": HEAD}


def written(path: Path, arrays: dict[str, np.ndarray], **options: object) -> Path:
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file.create_dataset(name, data=array, **options)
    return path


def named(pattern: str) -> dict[str, np.ndarray]:
    return {
        pattern.format(layer=layer, variable=variable, number=i): values
        for layer, variables in LAYERS.items()
        for i, (variable, values) in enumerate(variables.items())
    }


LAYOUTS = {
    "Keras 2, whole model": ("m.h5", "model_weights/{layer}/{layer}/{variable}:0"),
    "Keras 2, weights": ("m.weights.h5", "{layer}/{layer}/{variable}:0"),
    "Keras 3, whole model": ("m.h5", "model_weights/{layer}/sequential/{layer}/{variable}"),
    "Keras 3, weights": ("m.weights.h5", "layers/{layer}/vars/{number}"),
    "Keras 2.12": ("m.weights.h5", "_layer_checkpoint_dependencies/{layer}/vars/{number}"),
}


def evidence(path: Path) -> list[object]:
    result = engine.run([str(path)], Settings(select=("WT", "IN")))
    assert not result.failures
    return list(result.evidence)


def stored(path: Path) -> list[StoredTensor]:
    (found,) = [e for e in evidence(path) if isinstance(e, Weights)]
    return list(found.tensors)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("options", [{}, {"chunks": True, "compression": "gzip"}], ids=["plain", "packed"])
def test_every_layout_tells_layers_and_parameters(
    tmp_path: Path, layout: str, options: dict[str, object]
) -> None:
    name, pattern = LAYOUTS[layout]
    found = stored(written(tmp_path / name, named(pattern), **options))
    assert sorted((t.role, t.parameter) for t in found) == [
        *(("bias", "bias"), ("bias", "bias")),
        *(("norm", p) for p in ("bias", "running_mean", "running_var", "weight")),
        *(("weight", "weight"), ("weight", "weight")),
    ]
    first = next(t for t in found if t.shape == (8, 16))
    assert first.minimum == DENSE["kernel"].min()
    assert first.units is not None and len(first.units.norms) == 16


@pytest.mark.parametrize("packed", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_the_archive_of_keras_is_read(tmp_path: Path, packed: int) -> None:
    inner = written(tmp_path / "inner.h5", named("layers/{layer}/vars/{number}"))
    with zipfile.ZipFile(tmp_path / "m.keras", "w", packed) as archive:
        archive.writestr("config.json", "{}")
        archive.write(inner, "model.weights.h5")
    found = {t.name: t for t in stored(tmp_path / "m.keras")}
    assert found["layers/dense/kernel"].maximum == DENSE["kernel"].max()
    assert len(found) == 8


def test_the_state_of_the_optimizer_is_no_weight(tmp_path: Path) -> None:
    arrays = named("layers/{layer}/vars/{number}") | {f"optimizer/vars/{i}": floats(8, 16) for i in range(4)}
    assert len(stored(written(tmp_path / "m.weights.h5", arrays))) == 8


SHAPES = {
    "dense": ((8, 4), (4,)),
    "conv2d_transpose": ((3, 3, 4, 2), (4,)),
    "lstm/cell": ((8, 20), (5, 20), (20,)),
    "gru/cell": ((8, 15), (5, 15), (2, 15)),
    "separable_conv2d": ((3, 3, 4, 1), (1, 1, 4, 5), (5,)),
    "embedding": ((100, 8),),
    "layer_normalization": ((8,), (8,)),
    "batch_normalization_2": ((8,),) * 4,
    "norm/bn1": ((8,),) * 2,
    "attention/query_dense": ((16, 2, 8), (2, 8)),
    "seed_generator": ((2,),),
}
VARIABLES = {
    **dict.fromkeys(("dense", "conv2d_transpose", "attention/query_dense"), ("kernel", "bias")),
    **dict.fromkeys(("lstm/cell", "gru/cell"), ("kernel", "recurrent_kernel", "bias")),
    "separable_conv2d": ("depthwise_kernel", "pointwise_kernel", "bias"),
    "embedding": ("embeddings",),
    "layer_normalization": ("gamma", "beta"),
    "batch_normalization_2": ("gamma", "beta", "moving_mean", "moving_variance"),
    "norm/bn1": ("moving_mean", "moving_variance"),
    "seed_generator": ("vars/0",),
}


@pytest.mark.parametrize("layer", SHAPES)
def test_variables_are_told_by_their_shapes(layer: str) -> None:
    given = {f"layers/{layer}/vars/{i}": shape for i, shape in enumerate(SHAPES[layer])}
    assert list(renamed(given).values()) == [f"layers/{layer}/{v}" for v in VARIABLES[layer]]


def test_faults_in_keras_files_are_found(tmp_path: Path) -> None:
    arrays = named("layers/{layer}/vars/{number}")
    arrays["layers/dense/vars/0"] = arrays["layers/dense/vars/0"].copy()
    arrays["layers/dense/vars/0"][0, 0] = np.nan
    arrays["layers/batch_normalization/vars/3"] = np.zeros(16, np.float32)
    result = engine.run([str(written(tmp_path / "m.weights.h5", arrays))], Settings())
    assert [f.code for f in result.findings] == ["WT106", "WT101"]


# what is hostile


def test_values_in_other_files_are_not_fetched(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"\1" * 64)
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file["dense/bias"] = floats(4)
        file.create_dataset("dense/kernel", (4, 4), "f4", external=[(str(tmp_path / "secret"), 0, 64)])
    (problem,) = evidence(tmp_path / "m.h5")
    assert isinstance(problem, Unsafe) and "other files" in problem.reason


def test_links_to_other_files_are_not_followed(tmp_path: Path) -> None:
    written(tmp_path / "other.h5", {"kernel": floats(4, 4)})
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file["dense/kernel"], file["dense/bias"] = floats(4, 4), floats(4)
        file["stolen"] = h5py.ExternalLink(str(tmp_path / "other.h5"), "/")
    assert [t.name for t in stored(tmp_path / "m.h5")] == ["dense/bias", "dense/kernel"]


def test_a_file_that_unpacks_to_terabytes_is_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file.create_dataset("dense/kernel", (10**6, 10**6), "f4", chunks=True, compression="gzip")
        file["dense/bias"] = floats(4)
    (problem,) = evidence(tmp_path / "m.h5")
    assert isinstance(problem, Unsafe) and "unpacks to" in problem.reason


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9])
def test_a_truncated_file_is_unreadable(tmp_path: Path, share: float) -> None:
    path = written(tmp_path / "m.h5", named("{layer}/{variable}"))
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    assert [type(e) for e in evidence(path)] == [Unreadable]


# what Keras itself writes


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of Keras itself
@pytest.mark.parametrize("name", ["m.keras", "m.weights.h5", "m.h5"])
def test_what_keras_saves_is_read(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    pytest.importorskip("keras")
    keras = importlib.import_module("keras")
    layers = keras.layers
    tokens = keras.Input((12,))
    x = layers.Bidirectional(layers.LSTM(8, return_sequences=True))(layers.Embedding(50, 16)(tokens))
    x = layers.LayerNormalization()(x + layers.MultiHeadAttention(2, 8)(x, x))
    model = keras.Model(tokens, layers.Dense(3, name="head")(layers.GRU(6)(x)))
    (model.save_weights if "weights" in name else model.save)(tmp_path / name)
    found = stored(tmp_path / name)
    assert sum(t.role == "weight" for t in found) == 11
    assert sorted(t.shape for t in found) == sorted(tuple(v.shape) for v in model.weights)
    assert engine.run([str(tmp_path / name)], Settings()).findings == ()
