"""Names that a snippet uses and nobody binds: what they are wherever people leave the imports out.

Code that is posted or pasted often begins after its imports. A name that nothing at the top of a file binds
would end the program; so what is left to ask is which name was meant. Only names that mean one thing are
taken, those that PyTorch and Keras share by which of the two the file speaks of, and none where it speaks of
a third framework.
"""

from __future__ import annotations

import ast

from nnlint.pattern import pattern
from nnlint.readers.source.files.nodes import everything, kept, own
from nnlint.readers.source.files.text import Text

MODULES: dict[str, str] = {
    **{
        name: name
        for name in ("numpy", "pandas", "keras", "tensorflow", "torch", "sklearn", "random", "math")
    },
    **{name: name for name in ("os", "sys", "time", "copy", "json", "argparse", "re", "torchvision")},
    **{name: name for name in ("functools", "itertools", "collections", "logging", "warnings", "pathlib")},
    **{name: name for name in ("transformers", "cv2", "timm")},
    "np": "numpy",
    "pd": "pandas",
    "tf": "tensorflow",
    "th": "torch",
    "nn": "torch.nn",
    "F": "torch.nn.functional",
    "pl": "pytorch_lightning",
    "tqdm": "tqdm.tqdm",
    "trange": "tqdm.trange",
    "deepcopy": "copy.deepcopy",
    "OrderedDict": "collections.OrderedDict",
    "defaultdict": "collections.defaultdict",
    "deque": "collections.deque",
    "partial": "functools.partial",
    "Path": "pathlib.Path",
    "Image": "PIL.Image",
}
"""Modules, and a few functions, by the names that everybody gives them."""

SKLEARN: dict[str, tuple[str, ...]] = {
    "model_selection": ("train_test_split", "KFold", "StratifiedKFold", "TimeSeriesSplit"),
    "preprocessing": (
        *("StandardScaler", "MinMaxScaler", "RobustScaler", "MaxAbsScaler", "OneHotEncoder", "LabelEncoder"),
        *("LabelBinarizer", "MultiLabelBinarizer", "OrdinalEncoder"),
    ),
    "decomposition": ("PCA",),
    "metrics": ("accuracy_score", "confusion_matrix", "classification_report"),
    "feature_extraction.text": ("CountVectorizer", "TfidfVectorizer"),
}

TORCH: dict[str, str] = {
    "optim": "torch.optim",
    "init": "torch.nn.init",
    "Variable": "torch.autograd.Variable",
    "autograd": "torch.autograd",
    "lr_scheduler": "torch.optim.lr_scheduler",
    "transforms": "torchvision.transforms",
    "datasets": "torchvision.datasets",
    "models": "torchvision.models",
    "Tensor": "torch.Tensor",
    "Parameter": "torch.nn.Parameter",
    **{
        name: f"torch.utils.data.{name}"
        for name in (
            *("DataLoader", "Dataset", "TensorDataset", "Subset", "random_split", "SubsetRandomSampler"),
            *("WeightedRandomSampler", "ConcatDataset", "RandomSampler", "SequentialSampler"),
        )
    },
    **{
        name: f"torch.optim.lr_scheduler.{name}"
        for name in ("StepLR", "ReduceLROnPlateau", "CosineAnnealingLR", "ExponentialLR", "OneCycleLR")
    },
    **{name: f"torch.optim.{name}" for name in ("SGD", "Adam", "AdamW")},
    **{
        name: f"torch.nn.{name}"
        for name in (
            *("Linear", "Conv1d", "Conv2d", "ConvTranspose2d", "BatchNorm1d", "BatchNorm2d", "Dropout"),
            *("Dropout2d", "MaxPool2d", "AdaptiveAvgPool2d", "ReLU", "LeakyReLU", "Sigmoid", "Tanh"),
            *("Softmax", "LogSoftmax", "Embedding", "LSTM", "GRU", "Sequential", "ModuleList", "Flatten"),
            *("CrossEntropyLoss", "NLLLoss", "BCELoss", "BCEWithLogitsLoss", "MSELoss", "L1Loss", "Module"),
        )
    },
}
"""Names of a snippet that speaks of PyTorch -> where they are from."""

KERAS: dict[str, tuple[str, ...]] = {
    "": ("Sequential", "Model"),
    "preprocessing.image": ("ImageDataGenerator",),
    "preprocessing.text": ("Tokenizer",),
    "preprocessing.sequence": ("pad_sequences",),
    "utils": ("to_categorical",),
    "callbacks": ("EarlyStopping", "ReduceLROnPlateau", "ModelCheckpoint", "LearningRateScheduler"),
    "optimizers": (
        *("Adam", "SGD", "RMSprop", "Adadelta", "Adagrad", "Adamax", "Nadam", "AdamW"),
        *("adam", "sgd", "rmsprop", "adadelta", "adagrad"),
    ),
    "applications": (
        *("VGG16", "VGG19", "ResNet50", "ResNet50V2", "InceptionV3", "Xception", "MobileNet", "MobileNetV2"),
        *("DenseNet121", "InceptionResNetV2", "EfficientNetB0"),
    ),
    "initializers": ("RandomUniform", "RandomNormal", "glorot_uniform", "he_normal"),
    "regularizers": ("l1", "l2", "l1_l2"),
    "layers": (
        *("Input", "InputLayer", "Dense", "Activation", "Dropout", "Flatten", "Reshape", "Permute", "Lambda"),
        *("RepeatVector", "Embedding", "LSTM", "GRU", "SimpleRNN", "Bidirectional", "TimeDistributed"),
        *("CuDNNLSTM", "CuDNNGRU", "Masking", "BatchNormalization", "LayerNormalization", "LeakyReLU"),
        *(
            "ReLU",
            "PReLU",
            "ELU",
            "Softmax",
            "Concatenate",
            "concatenate",
            "Add",
            "add",
            "Multiply",
            "multiply",
        ),
        *("Average", "Dot", "Conv1D", "Conv2D", "Conv3D", "Convolution1D", "Convolution2D", "Convolution3D"),
        *("Conv2DTranspose", "SeparableConv2D", "DepthwiseConv2D", "UpSampling1D", "UpSampling2D"),
        *("UpSampling3D", "ZeroPadding2D", "MaxPool1D", "MaxPool2D", "MaxPooling1D", "MaxPooling2D"),
        *("MaxPooling3D", "AveragePooling1D", "AveragePooling2D", "GlobalAveragePooling1D", "GaussianNoise"),
        *("GlobalAveragePooling2D", "GlobalMaxPooling1D", "GlobalMaxPooling2D", "SpatialDropout1D"),
        *("SpatialDropout2D", "TimeDistributedDense"),
    ),
}

HOMES: dict[str, str] = {
    **{name: f"sklearn.{module}.{name}" for module, names in SKLEARN.items() for name in names},
    **MODULES,
}
"""Names that mean the same in every snippet -> where they are from."""

IN_KERAS: dict[str, str] = {
    **{
        name: ".".join(part for part in ("keras", module, name) if part)
        for module, names in KERAS.items()
        for name in names
    },
    **{
        name: f"keras.{name}"
        for name in ("layers", "optimizers", "callbacks", "losses", "regularizers", "models")
    },
    "K": "keras.backend",
    "np_utils": "keras.utils.np_utils",
}
"""Names of a snippet that speaks of Keras -> where they are from."""

TORCH_ALONE = frozenset({"torch", "nn", "F", "optim", "torchvision", "pl", "Variable"})
KERAS_ALONE = frozenset(
    {"tf", "keras", "Dense", "Conv2D", "layers", "MaxPooling2D", "ImageDataGenerator", "K"}
)
"""Names by which a snippet says which of the two it is written for."""

RIVALS = pattern(
    r"\b(paddle|mindspore|jittor|oneflow|mxnet|gluon|chainer|tinygrad|jax|flax|haiku|mlx|megengine)\b"
)
"""Frameworks that use the same names for something else."""

MARKS = (
    *(b"nn.Module", b"nn.Linear", b"nn.Sequential", b".backward()", b".zero_grad()", b"transforms.Compose"),
    *(b"optim.", b"model.add(", b"layers.Dense("),
)
"""What a snippet holds that names no framework and may still be about a network."""


def assumed(text: Text | None, name: str) -> str:
    """The qualified name of what an unbound name stands for, "" where that cannot be told."""
    if text is None or not (name in HOMES or name in TORCH or name in IN_KERAS):
        return ""
    return kept(text.tree, "_assumed", lambda tree: _table(text)).get(name, "")


def _table(text: Text) -> dict[str, str]:
    if RIVALS.search(text.source):
        return {}
    used = {node.id for node in everything(text.tree) if isinstance(node, ast.Name)}
    torch = "torch" in text.source or bool(used & TORCH_ALONE)
    keras = "keras" in text.source or "tensorflow" in text.source or bool(used & KERAS_ALONE)
    if torch and keras:
        special = {n: home for n, home in {**TORCH, **IN_KERAS}.items() if not (n in TORCH and n in IN_KERAS)}
    else:
        special = TORCH if torch else {**TORCH, **IN_KERAS}
    return {name: home for name, home in {**special, **HOMES}.items() if name in used and unbound(text, name)}


def unbound(text: Text, name: str) -> bool:
    """Whether nothing at the top of the file binds the name."""
    return name not in kept(text.tree, "_bound", _bound)


def _bound(tree: ast.AST) -> frozenset[str]:
    """Names that something at the top of a file, or a function's ``global``, binds."""
    assert isinstance(tree, ast.Module)
    names: set[str] = set()
    for node, _ in own(tree):
        if isinstance(node, ast.alias):
            names.add((node.asname or node.name).partition(".")[0])
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            names.add(node.id)
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            names.add(node.name)
    for node in everything(tree):
        if isinstance(node, ast.Global):
            names |= set(node.names)
    return frozenset(names)


def is_called(text: Text | None, name: str) -> bool:
    """Whether the file calls the name, or ``forward`` of it, and binds it nowhere."""
    return text is not None and name in kept(text.tree, "_called", _names_called) and unbound(text, name)


def _names_called(tree: ast.AST) -> frozenset[str]:
    calls = [n.func for n in everything(tree) if isinstance(n, ast.Call)]
    passed = [f.value if isinstance(f, ast.Attribute) and f.attr == "forward" else f for f in calls]
    return frozenset(f.id for f in passed if isinstance(f, ast.Name))


def is_snippet(data: bytes) -> bool:
    """Whether source that names no framework may be part of a program about one."""
    return any(mark in data for mark in MARKS) and not RIVALS.search(data.decode("utf-8", "replace"))
