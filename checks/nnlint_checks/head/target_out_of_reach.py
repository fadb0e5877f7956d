"""HL122: targets that the output of the network, or the loss, cannot reach."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.place import Place, Step
from nnlint.evidence.source import Did, Event, LossUse, Recipe
from nnlint.finding import Finding
from nnlint.network.attained import attained
from nnlint.network.facts import UNIT, Range
from nnlint.network.graph import Tensor
from nnlint.network.lookback import api, home, last_shaping
from nnlint.network.operations import Family, family
from nnlint_checks.head.training_losses import loss_api, training_uses

REGRESSION = ("mse", "l1", "huber", "smooth_l1")
BINARY = ("bce", "bce_with_logits")
AFTERWARDS = frozenset({"clip", "abs", "absolute", "exp", "sigmoid", "tanh", "clamp"})
"""Steps that may bring scaled targets into another interval."""
TOLERANCE = 0.05  # of the targets' interval: sigmoid never quite reaches 1 either


@check("HL122", level=ERROR, over=("HL105", "HL106"))
def target_out_of_reach(recipe: Recipe) -> Iterator[Finding]:
    """The targets lie in an interval that the output, or the loss, does not cover.

    Why: images that are normalised to [-1, 1] are half out of reach of a sigmoid: the reconstruction stays
    grey and the loss stalls. Binary cross-entropy has its minimum at the target only for targets in [0, 1]:
    with masks of 0 and 255, or normalised images, it falls without end, below zero. A discriminator tells
    images in another interval from real ones by that alone.
    Source: PyTorch documentation of BCELoss ("the targets y should be numbers between 0 and 1"); Radford,
    Metz, Chintala, "Unsupervised Representation Learning with DCGAN", 2016, section 4 (images in [-1, 1]).

    Fires:
        Normalised digits, and a decoder that ends in a sigmoid.
        ```python
        import torch
        from torch import nn
        from torchvision import datasets, transforms

        steps = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5,), (0.5,))])
        digits = datasets.MNIST("data", transform=steps)
        loader = torch.utils.data.DataLoader(digits, batch_size=64, shuffle=True)
        model = nn.Sequential(
            nn.Flatten(),
            nn.Linear(784, 64),
            nn.ReLU(),
            nn.Linear(64, 784),
            nn.Sigmoid(),
        )
        optimizer = torch.optim.Adam(model.parameters())
        for images, _ in loader:
            loss = nn.functional.mse_loss(model(images), images.flatten(1))  # error: [HL122]
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        ```
        ```diff
        -    nn.Sigmoid(),
        +    nn.Tanh(),
        ```
        Binary cross-entropy with pixels that were normalised.
        ```python
        import torch
        from torch import nn
        from torchvision import datasets, transforms

        steps = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])
        digits = datasets.MNIST("data", transform=steps)
        loader = torch.utils.data.DataLoader(digits, batch_size=64, shuffle=True)
        model = nn.Sequential(nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 784))
        optimizer = torch.optim.Adam(model.parameters())
        criterion = nn.BCEWithLogitsLoss()
        for images, _ in loader:
            images = images.view(-1, 784)
            loss = criterion(model(images), images)  # error: [HL122]
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        ```
        Standardised features, which an autoencoder is to give back.
        ```python
        import pandas as pd
        from keras.layers import Dense, Input
        from keras.models import Model
        from sklearn.preprocessing import StandardScaler

        rows = StandardScaler().fit_transform(pd.read_csv("cards.csv"))
        given = Input(shape=(29,))
        autoencoder = Model(given, Dense(29, activation="sigmoid")(Dense(8, activation="tanh")(given)))
        autoencoder.compile(optimizer="adam", loss="mse")  # error: [HL122]
        autoencoder.fit(rows, rows, epochs=50, validation_split=0.1)
        ```
    Silent:
        Tanh for images in [-1, 1], and pixels scaled back for a sigmoid.
        ```python
        import torch
        from torch import nn
        from torchvision import datasets, transforms

        steps = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5,), (0.5,))])
        digits = datasets.MNIST("data", transform=steps)
        loader = torch.utils.data.DataLoader(digits, batch_size=64, shuffle=True)
        body = nn.Sequential(nn.Flatten(), nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 784))
        optimizer = torch.optim.Adam(body.parameters())
        for images, _ in loader:
            made = body(images)
            loss = nn.functional.mse_loss(torch.tanh(made), images.flatten(1))
            pixels = (images.flatten(1) + 1) / 2
            loss = loss + nn.functional.binary_cross_entropy_with_logits(made, pixels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        ```
    """
    spoken: set[Place] = set()
    for use in training_uses(recipe, (*REGRESSION, *BINARY)):
        found = _found(use)
        if found is not None and found.place not in spoken:
            spoken.add(found.place)
            yield found
    yield from _generated(recipe)


def _found(use: LossUse) -> Finding | None:
    bounds = attained(use.target) if use.target is not None else None
    if bounds is None:
        return _centred(use)
    if use.loss.kind in BINARY:
        return None if _covers(UNIT, bounds) else _beyond_loss(use, bounds)
    head = last_shaping(use.prediction)[0]
    given = use.prediction.range
    if given is None or _covers(given, bounds) or family(head.operation) is not Family.ACTIVATION:
        return None
    name = api(head.operation)
    return Finding(
        use.place,
        f"{loss_api(use)} wants values in {bounds}, but {name} gives values in {given} only",
        f"scale the targets into {given}, or end the network in what reaches {bounds}",
        (Step(home(head), f"{name} makes the output here"),),
        subject=("head", home(head)),
    )


def _centred(use: LossUse) -> Finding | None:
    """Half of what StandardScaler gives is below 0."""
    head, given, scaler = last_shaping(use.prediction)[0], use.prediction.range, use.centred
    steps = {step for name, step in use.steps if name == use.target_name}
    if scaler is None or use.loss.kind not in REGRESSION or steps & AFTERWARDS:
        return None
    if given is None or given.low < 0 or family(head.operation) is not Family.ACTIVATION:
        return None
    name = api(head.operation)
    return Finding(
        use.place,
        f"{scaler.transformer} centres the targets at 0, but {name} gives values in {given} only",
        f"end the network without {name}, or scale the targets into {given} with MinMaxScaler",
        (Step(scaler.place, "the mean becomes 0"), Step(home(head), f"{name} makes the output here")),
        subject=("head", home(head)),
    )


def _beyond_loss(use: LossUse, bounds: Range) -> Finding:
    return Finding(
        use.place,
        f"{loss_api(use)} wants targets from 0 to 1, and gets values in {bounds}",
        "scale the targets into [0, 1], or take a loss for any number, such as MSELoss",
        subject=("target", use.place),
    )


def _covers(given: Range, wanted: Range) -> bool:
    slack = TOLERANCE * (wanted.high - wanted.low)
    return given.low <= wanted.low + slack and given.high >= wanted.high - slack


def _generated(recipe: Recipe) -> Iterator[Finding]:
    """A network is given data, and what another network makes in a narrower interval: each network once."""
    for key in recipe.models:
        given = [(e, t) for e in recipe.events if _runs(e, key) for t in e.details.get("inputs", ())]
        real = next((r for _, t in given if (r := attained(t)) is not None), None)
        made = next(((e, t) for e, t in given if _is_made(t)), None)
        if real is None or made is None:
            continue
        event, fake = made
        head = last_shaping(fake)[0]
        if fake.range is not None and not _covers(fake.range, real):
            yield Finding(
                home(head),
                f"{api(head.operation)} makes values in {fake.range}, but the real ones lie in {real}",
                f"end the generator in what reaches {real}, or scale the data into {fake.range}",
                (Step(event.place, "one network is shown both"),),
                subject=("head", home(head)),
            )


def _runs(event: Event, key: int) -> bool:
    return event.did is Did.FORWARD and key in event.subjects


def _is_made(value: Tensor) -> bool:
    """It comes out of the last activation of a network."""
    head = last_shaping(value)[0].operation
    return family(head) is Family.ACTIVATION and any(
        family(o) is Family.WEIGHTED for o in head.inputs[0].ancestors()
    )
