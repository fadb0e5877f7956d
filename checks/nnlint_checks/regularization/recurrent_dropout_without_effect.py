"""NR314: dropout between the layers of a recurrent net that has one layer."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import WARNING, check
from nnlint.finding import Finding
from nnlint.network.graph import Network


@check("NR314", level=WARNING)
def recurrent_dropout_without_effect(network: Network) -> Iterator[Finding]:
    """``dropout`` of a recurrent layer with a single layer drops nothing.

    Why: torch's recurrent layers drop between the layers of a stack, not over time and not at the end. With
    ``num_layers=1`` there is no between, and a net that seems regularised is not.
    Source: PyTorch documentation of LSTM (parameter dropout).

    Fires:
        One layer by default.
        ```python
        from torch import nn

        class Tagger(nn.Module):
            def __init__(self):
                super().__init__()
                self.words = nn.Embedding(5000, 100)
                self.read = nn.LSTM(100, 128, batch_first=True, dropout=0.3)  # warning: [NR314]
                self.out = nn.Linear(128, 9)

            def forward(self, x):
                return self.out(self.read(self.words(x))[0])
        ```
    Silent:
        Two layers; and a rate that the number of layers decides.
        ```python
        from torch import nn

        class Tagger(nn.Module):
            def __init__(self, layers=1, rate=0.3):
                super().__init__()
                self.words = nn.Embedding(5000, 100)
                self.read = nn.LSTM(100, 128, 2, batch_first=True, dropout=0.3)
                self.again = nn.GRU(128, 128, layers, batch_first=True, dropout=rate if layers > 1 else 0)
                self.out = nn.Linear(128, 9)

            def forward(self, x):
                x, _ = self.read(self.words(x))
                return self.out(self.again(x)[0])
        ```
        Keras drops the input and the state, so that one layer is enough.
        ```python
        import keras
        from keras import layers

        model = keras.Sequential([
            keras.Input(shape=(None,)),
            layers.Embedding(5000, 100),
            layers.LSTM(128, dropout=0.3, recurrent_dropout=0.2),
            layers.Dense(1, activation="sigmoid"),
        ])
        model.compile("adam", loss="binary_crossentropy")
        ```
    """
    for layer in network.layers:
        rate, count = layer.attributes.get("dropout"), layer.attributes.get("num_layers")
        if layer.kind != "rnn" or not layer.api.startswith("torch.") or not layer.proven or count != 1:
            continue
        if isinstance(rate, int | float) and not isinstance(rate, bool) and rate > 0:
            name = layer.api.rpartition(".")[2]
            yield Finding(
                layer.place,
                f"{name}(dropout={rate:g}) with num_layers=1: nothing is dropped",
                f"apply nn.Dropout({rate:g}) to its output, or give it more layers",
            )
