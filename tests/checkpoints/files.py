"""The forms in which strangers store weights."""

from __future__ import annotations

import json
import struct
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tests.checkpoints.faults import State
from tests.checkpoints.networks import NETWORKS, SIDE, trained

Write = Callable[[Path, str, State], Path]
"""Writes the weights of the network of a name into a folder, and gives the file."""


def _saved(path: Path, value: object, **options: bool) -> Path:
    torch.save(value, path, **options)
    return path


def _prefixed(prefix: str, state: State) -> State:
    return {prefix + name: tensor for name, tensor in state.items()}


def _lightning(folder: Path, name: str, state: State) -> Path:
    """What Lightning's ModelCheckpoint writes."""
    optimizer = trained(name).optimizer
    content = {
        "epoch": 29,
        "global_step": 720,
        "pytorch-lightning_version": "2.4.0",
        "state_dict": _prefixed("model.", state),
        "loops": {"fit_loop": {"state_dict": {}}},
        "callbacks": {"ModelCheckpoint{'monitor': 'val_loss'}": {"best_model_score": torch.tensor(0.1)}},
        "optimizer_states": [optimizer.state_dict()],
        "lr_schedulers": [],
        "hyper_parameters": {"lr": 3e-3},
    }
    return _saved(folder / f"{name}.ckpt", content)


def _averaged(folder: Path, name: str, state: State) -> Path:
    """Weights beside their moving average, as segmentation and diffusion repositories store them."""
    ema = {n: t.clone() for n, t in state.items()}
    content = {"model": state, "ema": {"decay": 0.999, "module": ema}, "epoch": 9, "best_acc": 0.97}
    return _saved(folder / f"{name}.pth", content)


def safetensors(path: Path, tensors: State) -> Path:
    """The format, written by hand."""
    header, data = dict[str, Any](), b""
    for name, tensor in tensors.items():
        values = tensor.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes() if tensor.ndim else b""
        if not tensor.is_floating_point():
            continue
        kind = {torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16"}[tensor.dtype]
        offsets = [len(data), len(data) + len(values)]
        header[name] = {"dtype": kind, "shape": list(tensor.shape), "data_offsets": offsets}
        data += values
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return path


def _arrays(folder: Path, name: str, state: State) -> Path:
    np.savez(folder / f"{name}.npz", **{n: t.numpy() for n, t in state.items()})
    return folder / f"{name}.npz"


def _graph(folder: Path, name: str, state: State) -> Path:
    """What torch.onnx.export writes for inference."""
    model, path = NETWORKS[name](), folder / f"{name}.onnx"
    model.load_state_dict(state)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model.eval(),
            (torch.zeros(2, SIDE, SIDE),),
            path,
            dynamo=False,
            do_constant_folding=False,
            dynamic_axes={"x": {0: "N"}, "y": {0: "N"}},
            input_names=["x"],
            output_names=["y"],
            training=torch.onnx.TrainingMode.PRESERVE,
        )
    return path


FORMS: dict[str, Write] = {
    "state dict": lambda folder, name, state: _saved(folder / f"{name}.pt", state),
    "before PyTorch 1.6": lambda folder, name, state: _saved(
        folder / f"{name}.pth", state, _use_new_zipfile_serialization=False
    ),
    "data parallel": lambda folder, name, state: _saved(folder / f"{name}.pt", _prefixed("module.", state)),
    "Lightning": _lightning,
    "moving average": _averaged,
    "safetensors": lambda folder, name, state: safetensors(folder / f"{name}.safetensors", state),
    "npz": _arrays,
    "onnx": _graph,
}
