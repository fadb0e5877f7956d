"""OP401: a learning rate far above what the optimiser can use."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nnlint.check import WARNING, check
from nnlint.evidence.place import Step
from nnlint.evidence.source import Did, Optimizer, Recipe
from nnlint.finding import Finding, Level
from nnlint.network.graph import Network
from nnlint.network.operations import Family, family
from nnlint.pattern import pattern
from nnlint_checks.optimization.rates import SETS_ANOTHER, set_elsewhere

USUAL = {
    **dict.fromkeys(("adam", "adamw", "adamax", "nadam", "radam", "sparse_adam"), 0.001),
    "rmsprop": 0.001,
    "sgd": 0.01,
}
"""What people use: Adam's 0.001 (Kingma and Ba 2015), RMSprop's 0.001 (Keras), 0.01 for plain SGD."""
NAMES = {"adamw": "AdamW", "rmsprop": "RMSprop", "sgd": "SGD", "nadam": "NAdam", "radam": "RAdam"}
ALWAYS_WRONG = 10.0  # no optimiser and no model in use learns with this
CONVEX = 10.0  # how much more a model without hidden layers, or of a handful of weights, bears
FEW_PARAMETERS = 100  # XOR and the like, trained on all samples at once
PLAYING, PLAYED = frozenset({"reward", "rewards", "episode", "episodes"}), 2.0
"""Agents take steps of 0.01 to 0.03 on single episodes (actor-critic in PyTorch's own examples)."""
ON_TRANSFORMERS = ("adam", "adamw")
FINE_TUNING = 3e-5  # Devlin et al. 2019, appendix A.3: 2e-5 to 5e-5
PARTLY = pattern(r"freez|frozen|requires_grad|lora|peft|adapter|prompt|prefix|probe", re.IGNORECASE)
LONGEST_STEP = 10.0
"""How far all weights together may go in one step of SGD, its rate times the norm that gradients are cut to:
20 times 0.25 and 5 times 0.5 in PyTorch's own language models."""
SETS_THE_RATE = pattern(r"sched|warm|rate|(^|[._])lr|cycl|anneal|noam", re.IGNORECASE)


@check("OP401", level=WARNING)
def learning_rate_too_high(
    recipe: Recipe,
    *,
    adam: float = 0.03,
    rmsprop: float = 0.03,
    sgd: float = 1.0,
    fine_tuning: float = 0.003,
) -> Iterator[Finding]:
    """The learning rate is one to several orders of magnitude above the usual.

    Why: steps overshoot the minimum; the loss oscillates, or grows until it is NaN. With Adam each weight
    moves by about the rate at every step, however small its gradient.
    Source: Kingma and Ba 2015 (Adam); Bengio 2012, "Practical recommendations", section 3.1.1; PyTorch
    documentation of torch.optim.

    Options: adam, rmsprop, sgd: rates from which on it is reported (0.03, 0.03 and 1); fine_tuning: the same
    for Adam on all weights of a pretrained transformer (0.003).

    Fires:
        Adam with the rate of plain SGD, from a configuration.
        ```python
        import torch
        from torch import nn

        CONFIG = {"lr": 0.5, "epochs": 20}

        def train(loader):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            optimizer = torch.optim.Adam(model.parameters(), lr=CONFIG["lr"])  # warning: [OP401]
            for epoch in range(CONFIG["epochs"]):
                for x, y in loader:
                    optimizer.zero_grad()
                    nn.functional.cross_entropy(model(x), y).backward()
                    optimizer.step()
        ```
        The layers are objects of their own; together they have a hidden layer.
        ```python
        import torch
        from torch import nn

        body, head = nn.Linear(400, 800), nn.Linear(800, 2)
        optimizer = torch.optim.Adam([*body.parameters(), *head.parameters()], lr=0.1)  # warning: [OP401]

        def train(loader):
            for x, y in loader:
                optimizer.zero_grad()
                nn.functional.cross_entropy(head(torch.relu(body(x))), y).backward()
                optimizer.step()
        ```
        A pretrained transformer forgets all that it has learned.
        ```python
        from transformers import AutoModelForSequenceClassification, Trainer, TrainingArguments

        model = AutoModelForSequenceClassification.from_pretrained("bert-base-uncased", num_labels=2)
        settings = TrainingArguments("out", learning_rate=0.01)  # warning: [OP401]
        trainer = Trainer(model=model, args=settings, train_dataset=train, eval_dataset=held_out)
        trainer.train()
        ```
        Nothing learns with this.
        ```python
        import torch
        from torch import nn

        def train(model, loader, criterion):
            optimizer = torch.optim.SGD(model.parameters(), lr=10.0)  # error: [OP401]
            for x, y in loader:
                optimizer.zero_grad()
                criterion(model(x), y).backward()
                optimizer.step()
        ```
    Silent:
        A linear model is convex and bears large steps.
        ```python
        import torch
        from torch import nn

        def train(loader):
            model = nn.Linear(20, 3)
            optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
            for x, y in loader:
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
        ```
        An episode is played elsewhere, and a step follows each: what is trained on is not seen here.
        ```python
        import torch
        from torch import nn

        policy = nn.Sequential(nn.Linear(4, 128), nn.ReLU(), nn.Linear(128, 2))
        optimizer = torch.optim.Adam(policy.parameters(), lr=3e-2)

        def finish_episode(saved, rewards):
            loss = torch.stack([-log_prob * reward for log_prob, reward in zip(saved, rewards)]).sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        ```
        Gradients are cut to a small norm, so that no step is long.
        ```python
        import torch
        from torch import nn

        def train(loader):
            model = nn.Sequential(nn.Embedding(5000, 64), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 5000))
            optimizer = torch.optim.SGD(model.parameters(), lr=5.0)
            for x, y in loader:
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x).flatten(0, 1), y.flatten()).backward()
                torch.nn.utils.clip_grad_norm_(model.parameters(), 0.5)
                optimizer.step()
        ```
        The rate of the optimiser is only a factor: the scheduler warms up.
        ```python
        import torch
        from torch import nn

        def train(loader):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            optimizer = torch.optim.Adam(model.parameters(), lr=1.0)
            scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda n: 1e-3 * min(1.0, (n + 1) / 100))
            for x, y in loader:
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
                scheduler.step()
        ```
        What is optimised is a picture, not a network.
        ```python
        import torch

        def dream(network):
            image = torch.rand(1, 3, 224, 224, requires_grad=True)
            optimizer = torch.optim.Adam([image], lr=0.05)
            for _ in range(200):
                optimizer.zero_grad()
                (-network(image).mean()).backward()
                optimizer.step()
        ```
    """
    limits = dict.fromkeys(USUAL, adam) | {"rmsprop": rmsprop, "sgd": sgd}
    for optimizer in recipe.optimizers:
        rate, limit = optimizer.learning_rate, limits.get(optimizer.kind)
        usual = USUAL.get(optimizer.kind, 0.0)
        if _fine_tunes(optimizer, recipe):
            usual, limit = FINE_TUNING, fine_tuning
        if rate is None or limit is None or rate < limit or not _trains_a_network(optimizer, recipe):
            continue
        networks = [recipe.models[key] for key in optimizer.models if key in recipe.models]
        if rate < limit * CONVEX and networks and _bears_large_steps(networks):
            continue
        if rate < limit * PLAYED and recipe.words & PLAYING:
            continue
        if set_elsewhere(optimizer, recipe, SETS_ANOTHER, SETS_THE_RATE) or _is_held_back(optimizer, recipe):
            continue
        yield _finding(optimizer, rate, usual, networks)


def _trains_a_network(optimizer: Optimizer, recipe: Recipe) -> bool:
    """It steps on a model's parameters: not on pictures or prompts, and not only made to be looked at."""
    steps = any(e.did is Did.STEP and optimizer.key in e.subjects for e in recipe.events)
    given = any(e.did is Did.OPAQUE and optimizer.key in e.subjects for e in recipe.events)
    handed_over = given or optimizer.function == "configure_optimizers"
    return (steps or handed_over) and (optimizer.whole or bool(optimizer.models))


def _fine_tunes(optimizer: Optimizer, recipe: Recipe) -> bool:
    """All weights of a pretrained transformer are trained: no word speaks of freezing, or of adapters."""
    ready = optimizer.kind in ON_TRANSFORMERS and optimizer.pretrained.startswith("transformers.")
    return ready and not any(map(PARTLY.search, recipe.words))


def _is_held_back(optimizer: Optimizer, recipe: Recipe) -> bool:
    """The gradients are clipped, so that plain SGD takes no long step however high its rate is."""
    if optimizer.kind != "sgd" or optimizer.momentum or optimizer.learning_rate is None:
        return False
    clips = [
        e for e in recipe.events if e.did is Did.CLIP and (not e.subjects or optimizer.key in e.subjects)
    ]
    largest = [e.details.get("maximum") for e in clips]
    return any(not isinstance(m, int | float) or m * optimizer.learning_rate <= LONGEST_STEP for m in largest)


def _bears_large_steps(networks: list[Network]) -> bool:
    """No hidden layer in all that is trained, so that the loss is convex, or only a handful of weights."""
    operations = [o for network in networks for o in network.operations]
    if any("factory" in o.attributes for o in operations):
        return False  # the body of a ready model
    weighted = [o for o in operations if family(o) is Family.WEIGHTED]
    counts = [network.parameter_count for network in networks]
    known = [count for count in counts if isinstance(count, int)]
    return len(weighted) <= 1 or (len(known) == len(counts) and sum(known) < FEW_PARAMETERS)


def _finding(optimizer: Optimizer, rate: float, usual: float, networks: list[Network]) -> Finding:
    name = NAMES.get(optimizer.kind, optimizer.kind.capitalize())
    return Finding(
        optimizer.place,
        f"lr={rate:g} with {name}: {rate / usual:,.0f}x the usual {usual:g}",
        f"start with lr={usual:g} and change it by factors of 3",
        trail=tuple(Step(n.place, f"{n.name} is trained with it") for n in networks[:1]),
        level=Level.ERROR if rate >= ALWAYS_WRONG else None,
    )
