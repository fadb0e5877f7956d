"""DP705: normalisation at the wrong step, for other channels or another range, or twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nnlint.check import ERROR, check
from nnlint.evidence.place import Place, Step
from nnlint.evidence.samples import Chain, Transform
from nnlint.evidence.source import Pipeline, Recipe
from nnlint.finding import Finding
from nnlint.network.graph import Operation

TENSORS = ("ToTensor", "PILToTensor", "ToImage")
PICTURES = ("ToPILImage", "to_pil_image")
SCALING = ("ToTensor", "ConvertImageDtype", "ToFloat", "ConvertDtype", "Lambda")
"""What makes a tensor of an image, and what brings it to 0..1."""
CHANNELS = ("ToPILImage", "RGB", "ToGray", "Lambda")
AFTER_TENSOR = ("RandomHorizontalFlip", "RandomVerticalFlip", "RandomCrop", "Resize", "CenterCrop", "Pad")
SMALL = 0.01  # factors that bring bytes to 0..1 or -1..1 are 0.004 and 0.008
NORMALISED = 3.0  # pixels of 0..1 less the mean, by the standard deviations of ImageNet and CIFAR
EIGHT_BITS = (254.0, 256.0)  # the divisor is 255 or 256, or nearly so


@check("DP705", level=ERROR)
def normalization_misplaced(pipeline: Pipeline, recipe: Recipe | None) -> Iterator[Finding]:
    """Images are normalised before they are tensors, with statistics of other images, or twice.

    Why: ``Normalize`` fails on pictures that are no tensors; statistics of a 0..1 range leave 0..255 data
    as large as they were; three means do not fit one channel; scaled twice, all pixels are nearly the same
    number.
    Source: torchvision documentation of ToTensor (scales to 0..1) and Normalize (tensors only, one mean
    for each channel).

    Fires:
        The wrong order.
        ```python
        from torchvision import datasets, transforms

        transform = transforms.Compose([
            transforms.Normalize((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),  # error: [DP705]
            transforms.ToTensor(),
        ])
        data = datasets.CIFAR10("data", transform=transform)
        ```
        Colours, for grey digits.
        ```python
        from torchvision import datasets, transforms

        normalize = transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))  # error: [DP705]
        data = datasets.MNIST("data", transform=transforms.Compose([transforms.ToTensor(), normalize]))
        ```
        ``ToTensor`` has divided already.
        ```python
        import torch
        from torch import nn
        from torch.utils.data import DataLoader
        from torchvision import datasets, transforms

        digits = datasets.MNIST("data", transform=transforms.ToTensor())
        model = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
        optimizer = torch.optim.Adam(model.parameters())
        for images, labels in DataLoader(digits, batch_size=64, shuffle=True):
            images = images / 255.0  # error: [DP705]
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(images), labels).backward()
            optimizer.step()
        ```
    Silent:
        Grey images are made to have three channels; bytes become floats of 0..1 on the way.
        ```python
        import torch
        from torchvision import datasets, transforms
        from torchvision.transforms import v2

        imagenet = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}
        steps = [transforms.Grayscale(3), transforms.ToTensor(), transforms.Normalize(**imagenet)]
        digits = datasets.MNIST("data", transform=transforms.Compose(steps))
        steps = [v2.PILToTensor(), v2.ToDtype(torch.float32, scale=True), v2.Normalize(**imagenet)]
        pictures = datasets.CIFAR10("data", transform=v2.Compose(steps))
        ```
        A tensor that was normalised is made a picture again.
        ```python
        from torchvision import transforms

        shrink = transforms.Compose([
            transforms.Normalize((-1.0,), (2.0,)), transforms.ToPILImage(), transforms.Resize(32),
            transforms.ToTensor(),
        ])
        ```
    """
    seen: set[Place] = set()
    for chain in pipeline.chains:
        for found in _of_chain(chain):
            if found.place not in seen:
                seen.add(found.place)
                yield found
    if recipe is not None:
        yield from _rescaled_again(recipe)
    for operation in recipe.operations if recipe is not None else ():
        if _divides_again(operation) and operation.place not in seen:
            seen.add(operation.place)
            yield Finding(
                operation.place,
                f"divided by 255, but these values lie in {operation.inputs[0].range} already",
                "leave out the division: ToTensor has scaled the images",
            )


def _of_chain(chain: Chain) -> Iterator[Finding]:
    names = [step.api for step in chain.steps]
    for number, step in enumerate(chain.steps):
        if step.api != "Normalize":
            continue
        before, after = names[:number], names[number + 1 :]
        making = next((name for name in after if name in (*TENSORS, *PICTURES)), "")
        if not any(name in (*TENSORS, "") for name in before) and making in TENSORS:
            yield Finding(
                step.place,
                "Normalize comes before ToTensor: it needs tensors, and gets pictures",
                "put Normalize behind ToTensor",
            )
        elif _of_bytes(step, chain.steps[:number]):
            yield Finding(
                step.place,
                "Normalize has statistics of values from 0 to 1, and gets bytes from 0 to 255",
                "use ToTensor, or ToDtype(torch.float32, scale=True), before Normalize",
            )
        elif _of_unit(step, before):
            yield Finding(
                step.place,
                "Normalize has statistics of bytes from 0 to 255, and gets values from 0 to 1",
                "divide the means and standard deviations by 255: ToTensor has scaled the images",
            )
        elif (channels := _channels(chain, number)) and _other_channels(step, channels):
            count = len(step.settings["mean"])
            yield Finding(
                step.place,
                f"Normalize has {count} means, the images have {channels} channel"
                + ("s" if channels > 1 else ""),
                "give one mean and one standard deviation for each channel",
                trail=(Step(chain.place, "the images go through it here"),),
            )
        elif "Normalize" in before:
            first = next(s for s in chain.steps if s.api == "Normalize")
            yield Finding(
                step.place,
                "normalised twice in one chain of transforms",
                "leave out one Normalize",
                trail=(Step(first.place, "normalised here first"),),
            )


def _of_bytes(step: Transform, before: Sequence[Transform]) -> bool:
    means = step.settings.get("mean")
    names = [each.api for each in before]
    raw = any(name in ("PILToTensor", "ToImage") for name in names)
    small = means is not None and 0 < max(means) <= 1
    return raw and small and "" not in names and not any(map(_scales, before))


def _scales(step: Transform) -> bool:
    """Whether it brings bytes to 0..1: ``ToDtype`` does so when it is told to."""
    if step.api == "ToDtype":
        return bool(step.settings.get("scale", (0.0,)) != (0.0,))
    return step.api in SCALING


def _of_unit(step: Transform, before: list[str]) -> bool:
    means = step.settings.get("mean")
    scaled = bool(before) and "" not in before and before[-1] in ("ToTensor", *AFTER_TENSOR)
    return scaled and "ToTensor" in before and means is not None and min(means) > 1


def _channels(chain: Chain, number: int) -> int:
    """How many channels the images have that come to a step, 0 where that is not known."""
    count = chain.channels or 0
    for step in chain.steps[:number]:
        if step.api == "Grayscale":
            given = step.settings.get("num_output_channels")
            count = int(given[0]) if given else 0
        elif step.api == "" or step.api in CHANNELS:
            return 0
    return count


def _other_channels(step: Transform, channels: int) -> bool:
    means = step.settings.get("mean")
    return means is not None and len(means) > 1 and len(means) != channels


def _rescaled_again(recipe: Recipe) -> Iterator[Finding]:
    """The generator scales the images, and so does the first layer."""
    factors = [
        (step, feed)
        for feed in recipe.feeds
        if feed.purpose == "train" and feed.loader.data is not None
        for step in feed.loader.data.transforms or ()
        if step.api == "rescale" and _small(step.settings.get("std"))
    ]
    for step, feed in factors:
        if feed.loader.data is not None and "preprocess_input" in apis(feed.loader.data.transforms):
            yield Finding(
                step.place,
                "rescale divides what preprocess_input gives: it has scaled the images for the network",
                "leave out rescale",
                trail=(Step(feed.place, "the network is trained on them here"),),
            )
            return
    for network in recipe.models.values() if factors else ():
        for operation in network.operations:
            if operation.kind != "multiply" or len(operation.inputs) != 2:
                continue
            span = operation.inputs[1].range
            if (
                operation.inputs[0].operation.kind == "input"
                and span is not None
                and _small((span.low, span.high))
            ):
                yield Finding(
                    operation.place,
                    "this layer divides images again that the generator has scaled",
                    "scale the images once: in the generator, or in the model",
                    trail=(Step(factors[0][0].place, "rescale: scaled here"),),
                )


def apis(transforms: tuple[Transform, ...] | None) -> set[str]:
    """The names of the transforms that are known."""
    return {step.api for step in transforms or ()}


def _small(factors: tuple[float, ...] | None) -> bool:
    """About 1/255, or 1/127.5."""
    return factors is not None and all(0 < factor < SMALL for factor in factors)


def _divides_again(operation: Operation) -> bool:
    """Values that are known to lie between 0 and 1 are divided by 255."""
    if operation.kind != "divide" or len(operation.inputs) != 2 or not operation.place.path:
        return False
    values, divisor = (tensor.range for tensor in operation.inputs)
    if values is None or divisor is None or operation.inputs[0].operation.kind != "input":
        return False
    return (
        max(values.high, -values.low) <= NORMALISED
        and EIGHT_BITS[0] <= divisor.low == divisor.high <= EIGHT_BITS[1]
    )
