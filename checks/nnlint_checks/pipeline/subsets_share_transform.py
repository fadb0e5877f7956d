"""DP719: one split is given a transform, and all splits of the data set get it."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.rounds import SharedTransform
from nnlint.finding import Finding


@check("DP719", level=ERROR)
def subsets_share_transform(shared: SharedTransform) -> Iterator[Finding]:
    """The transform of a subset is set on the data set that the other subsets share.

    Why: ``random_split`` and ``Subset`` keep indices and the one data set. Setting
    ``val_set.dataset.transform`` changes what the training samples go through as well: the last assignment
    wins, and the training split loses its augmentation, or the validation split gets it.
    Source: PyTorch source of torch.utils.data.Subset (holds a reference); PyTorch Forum, "Apply different
    transform to subsets of a dataset".

    Fires:
        ```python
        import torch
        from torch.utils.data import random_split
        from torchvision import datasets, transforms

        plain = transforms.Compose([transforms.Resize((64, 64)), transforms.ToTensor()])
        augmented = transforms.Compose([transforms.RandomResizedCrop(64), transforms.ToTensor()])
        full = datasets.ImageFolder("flowers", transform=augmented)
        train_set, val_set = random_split(full, [800, 200])
        val_set.dataset.transform = plain  # error: [DP719]
        ```
    Silent:
        Two data sets, or a copy.
        ```python
        import copy

        import torch
        from torch.utils.data import Subset, random_split
        from torchvision import datasets, transforms

        plain = transforms.Compose([transforms.Resize((64, 64)), transforms.ToTensor()])
        augmented = transforms.Compose([transforms.RandomResizedCrop(64), transforms.ToTensor()])
        full = datasets.ImageFolder("flowers", transform=augmented)
        train_set, val_set = random_split(full, [800, 200])
        val_set.dataset = copy.copy(full)
        val_set.dataset.transform = plain
        other = datasets.ImageFolder("flowers", transform=plain)
        first, second = Subset(full, range(800)), Subset(other, range(800, 1000))
        ```
    """
    yield Finding(
        shared.place,
        f"{shared.name} and {shared.other} share one data set: this transform is set for both",
        "make a data set for each split, and take Subset(dataset, indices) of it",
    )
