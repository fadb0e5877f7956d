"""Ready-made models whose head is replaced: what they give is what the new head gives."""

from __future__ import annotations

from pathlib import Path

import pytest

from nnlint.evidence.source import LossUse
from source.reading import evidence, only

PROGRAM = """
    import timm
    import torchvision.models as models
    from torchvision.models import resnet50, ResNet50_Weights
    model = {make}
    {surgery}
    loss = F.cross_entropy(model(torch.randn(4, 3, 224, 224)), torch.zeros(4).long())
"""


@pytest.mark.parametrize(
    ("make", "surgery", "shape", "kind"),
    [
        ("models.resnet18(num_classes=7)", "", "(4, 7)", "linear"),
        ("models.resnet18()", "model.fc = nn.Linear(model.fc.in_features, 2)", "(4, 2)", "linear"),
        ("resnet50(weights=ResNet50_Weights.DEFAULT)", "model.fc = nn.Identity()", "(4, 2048)", "identity"),
        ("models.vgg16(True)", "model.classifier[6] = nn.Linear(4096, 3)", "(4, 3)", "linear"),
        ("models.efficientnet_b0()", "model.classifier[1] = nn.Linear(1280, 5)", "(4, 5)", "linear"),
        ("models.vit_b_16()", "model.heads.head = nn.Linear(768, 5)", "(4, 5)", "linear"),
        ("timm.create_model('resnet34.a1_in1k', num_classes=9)", "", "(4, 9)", "linear"),
        ("timm.create_model('vit_base_patch16_224', True, num_classes=9)", "", "(4, 9)", "linear"),
    ],
)
def test_the_head_shapes_the_output(make: str, surgery: str, shape: str, kind: str, tmp_path: Path) -> None:
    prediction = only(LossUse, evidence(tmp_path, PROGRAM.format(make=make, surgery=surgery))).prediction
    assert (str(prediction.shape), prediction.operation.kind) == (shape, kind)


@pytest.mark.parametrize(
    ("model", "pieces", "shape"),
    [
        ("models.resnet18()", "*list(body.children())[:-1]", "(4, 512, 1, 1)"),
        ("models.resnet50()", "*list(body.children())[:-2]", "(4, 2048, 7, 7)"),
        (
            "models.resnet34()",
            "body.conv1, body.bn1, body.relu, body.maxpool, body.layer1",
            "(4, 64, 56, 56)",
        ),
        ("models.densenet121()", "*list(body.children())[:-1]", "(…)"),
        ("models.densenet121().features", "*list(body.children())[:-1]", "(…)"),
        ("models.vgg16()", "body.features[:16]", "(…)"),
        ("timm.create_model('tf_efficientnet_b0', True)", "*list(body.children())[:-2]", "(…)"),
    ],
)
def test_pieces_of_ready_made_models(model: str, pieces: str, shape: str, tmp_path: Path) -> None:
    program = """
        import timm
        import torchvision.models as models
        body = {model}
        cut = nn.Sequential({pieces})
        loss = F.mse_loss(cut(torch.randn(4, 3, 224, 224)), torch.zeros(4))
    """
    found = only(LossUse, evidence(tmp_path, program.format(model=model, pieces=pieces)))
    assert str(found.prediction.shape) == shape
