"""DP714: a network that learns images from scratch sees the same pixels in each epoch."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nnlint.check import HINT, check
from nnlint.evidence.place import Place, Step
from nnlint.evidence.samples import Feed
from nnlint.evidence.source import Recipe
from nnlint.finding import Finding
from nnlint.network.graph import Network
from nnlint.pattern import pattern
from nnlint_checks.optimization.hidden_layers import is_pretrained

AUGMENTS = pattern(
    r"^Random(?!Sampler|State|Forest)[A-Z]|random_?(crop|flip|eras|rot|aug|apply|choice)|jitter|flip|rotat|affine"
    r"|mix_?up|cut_?mix|cut_?out|mosaic|augment|AugMix|TrivialAug|AutoAug|RandAug|elastic|kornia"
    r"|imgaug|torchio|(^|_)aug(s|_|$)|contrastive|simclr|byol",
    re.IGNORECASE,
)
"""Words of programs that change images at random in a way of their own."""
CLASSES = frozenset(
    {
        *("cross_entropy", "nll", "bce", "bce_with_logits", "sparse_categorical_nll", "categorical_nll"),
        "categorical_cross_entropy",
    }
)
DIGITS = pattern(r"(^|\.)(MNIST|KMNIST|QMNIST|EMNIST|USPS)$", re.IGNORECASE)
"""Small images of signs, of which there are enough, and which mean something else when they are turned."""


@check("DP714", level=HINT)
def no_augmentation(recipe: Recipe) -> Iterator[Finding]:
    """Images are classified from scratch, and no transform changes them at random.

    Why: flipped, shifted and cropped copies are new samples for free. Without them a convolutional network
    learns its training images by heart: on CIFAR-10 a flip and a shift are worth several points.
    Source: Krizhevsky, Sutskever and Hinton 2012, section 4.1; He et al. 2016, section 4.2; Shorten and
    Khoshgoftaar 2019, "A survey on Image Data Augmentation for Deep Learning".

    Fires:
        ```python
        import torch
        from torch import nn
        from torch.utils.data import DataLoader
        from torchvision import datasets, transforms

        images = datasets.CIFAR10("data", train=True, transform=transforms.ToTensor())  # hint: [DP714]
        loader = DataLoader(images, batch_size=64, shuffle=True)
        body = nn.Sequential(nn.Conv2d(3, 32, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        model = nn.Sequential(body, nn.Linear(32, 10))
        optimizer = torch.optim.Adam(model.parameters())
        for epoch in range(20):
            for x, y in loader:
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
        ```
    Silent:
        ```python
        import torch
        from torch import nn
        from torch.utils.data import DataLoader
        from torchvision import datasets, transforms

        augment = transforms.Compose([transforms.RandomHorizontalFlip(), transforms.ToTensor()])
        images = datasets.CIFAR10("data", train=True, transform=augment)
        loader = DataLoader(images, batch_size=64, shuffle=True)
        body = nn.Sequential(nn.Conv2d(3, 32, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        model = nn.Sequential(body, nn.Linear(32, 10))
        optimizer = torch.optim.Adam(model.parameters())
        for epoch in range(20):
            for x, y in loader:
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
        ```
        Handwritten digits.
        ```python
        import torch
        from torch import nn
        from torch.utils.data import DataLoader
        from torchvision import datasets, transforms

        images = datasets.MNIST("data", train=True, transform=transforms.ToTensor())
        loader = DataLoader(images, batch_size=64, shuffle=True)
        body = nn.Sequential(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        model = nn.Sequential(body, nn.Linear(32, 10))
        optimizer = torch.optim.Adam(model.parameters())
        for epoch in range(20):
            for x, y in loader:
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
        ```
    """
    generative = len(recipe.optimizers) > 1  # two networks against each other
    if any(map(AUGMENTS.search, recipe.words)) or recipe.augmented or generative:
        return
    networks = [recipe.models[key] for o in recipe.optimizers for key in o.models if key in recipe.models]
    learners = [network for network in networks if _sees_images(network)]
    trained = [use for use in recipe.losses if use.trained is True]
    if not learners or any(map(is_pretrained, networks)) or not trained:
        return
    if not any(use.loss.kind in CLASSES for use in trained) or any(use.reconstructs for use in trained):
        return
    seen: set[Place] = set()
    for feed in recipe.feeds:
        place = _plain_images(feed)
        if place is not None and place not in seen:
            seen.add(place)
            yield Finding(
                place,
                "images are learned from scratch without any random transform",
                "add RandomHorizontalFlip and RandomCrop, or what else leaves the class as it is",
                trail=(Step(learners[0].place, f"{learners[0].name} starts from random weights"),),
                subject=("augmentation", place),
            )


def _sees_images(network: Network) -> bool:
    """Its convolutions go over two axes, and images of colours go in, or may."""
    first = next((layer for layer in network.layers if layer.kind == "conv"), None)
    return first is not None and any(p.shape.rank == 4 for p in first.parameters)


def _plain_images(feed: Feed) -> Place | None:
    """Where a data set of images is made whose transforms are known, none of them random."""
    data = feed.loader.data
    if feed.purpose != "train" or data is None or data.transforms is None or data.role == "test":
        return None
    known = all(step.api and not step.random for step in data.transforms)
    images = data.decodes is not None or (data.channels is not None and not DIGITS.search(data.api))
    return data.place if known and images else None
