"""Names that a snippet uses and nobody binds: what they are wherever people leave the imports out.

Code that is posted or pasted often begins after its imports. A name that a file neither imports, assigns nor
defines, in no place, would end the program; so what is left to ask is which name was meant. Only names that
mean one thing are taken, and names that torch and Keras share only where torch is not mentioned.
"""

from __future__ import annotations

import ast

from nnlint.readers.source.files.nodes import everything, kept
from nnlint.readers.source.files.text import Text

MODULES: dict[str, str] = {
    **{
        name: name
        for name in ("numpy", "pandas", "keras", "tensorflow", "torch", "sklearn", "random", "math")
    },
    "np": "numpy",
    "pd": "pandas",
    "tf": "tensorflow",
    "nn": "torch.nn",
    "F": "torch.nn.functional",
    "os": "os",
    "K": "keras.backend",
    "layers": "keras.layers",
    "np_utils": "keras.utils.np_utils",
    "optimizers": "keras.optimizers",
    "callbacks": "keras.callbacks",
    "optim": "torch.optim",
}
"""Modules by the names that everybody gives them."""

TORCH = frozenset({"torch", "nn", "F", "optim"})

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

NAMES: dict[str, str] = {
    **{name: f"sklearn.{module}.{name}" for module, names in SKLEARN.items() for name in names},
    **{
        name: ".".join(part for part in ("keras", module, name) if part)
        for module, names in KERAS.items()
        for name in names
    },
}
"""Functions and classes -> where they are from."""


def assumed(text: Text | None, name: str) -> str:
    """The qualified name of what an unbound name stands for, "" where that cannot be told."""
    if text is None or (name not in MODULES and name not in NAMES):
        return ""
    if name in kept(text.tree, "_bound", _bound):
        return ""
    home = MODULES.get(name) or NAMES[name]
    if name not in TORCH and home.startswith("keras") and "torch" in text.source:
        return ""
    return home


def _bound(tree: ast.AST) -> frozenset[str]:
    """All names that a file binds anywhere, in whatever scope."""
    found: set[str] = set()
    for node in everything(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.alias):
            found.add((node.asname or node.name).partition(".")[0])
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            found.add(node.name)
    return frozenset(found)
