"""TL534: a hyper-parameter of the constructor has no effect."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nnlint.check import WARNING, check
from nnlint.evidence.place import Step
from nnlint.evidence.usage import UnreadArgument
from nnlint.finding import Finding
from nnlint.pattern import pattern

HYPERPARAMETERS = pattern(
    r"(attn_|attention_|proj_|path_)?(dropout|drop)(_?(rate|prob|p|out))?|p_?drop(out)?|keep_prob|activation(_fn)?"
    r"|act(_layer|_fn)?|non_?linearity|(num|n)_?(layers?|blocks?|heads?|head|filters|hidden|units|channels|classes)"
    r"|depth|(use_)?bias|hidden(_?(size|dims?|units|channels|features))?|(emb|embed|embedding)_?(dim|size)|d_model"
    r"|d_ff|ff_dim|nhead|heads|kernel_?size|stride|padding|dilation|groups|bidirectional|(use_)?(bn|batch_?norm)"
    r"|norm(_layer)?|negative_slope|in_(channels|features|dim)|out_(channels|features|dim)|(input|output)_(size|dim)"
    r"|width|latent_dim|z_dim|num_embeddings|vocab_size|max_len|temperature|p",
    re.IGNORECASE,
)
"""What the constructors of networks are told of their layers."""


@check("TL534", level=WARNING)
def constructor_argument_ignored(argument: UnreadArgument) -> Iterator[Finding]:
    """A hyper-parameter is taken by ``__init__`` and never read.

    Why: who sets ``dropout=0.5`` gets whatever is written in the body, with no word of it. Searches over such
    a parameter compare a network with itself.
    Source: Python language reference; the check looks at the constructor's own body.

    Fires:
        The rate is written down a second time.
        ```python
        from torch import nn

        class Net(nn.Module):
            def __init__(self, width=64, dropout=0.1):  # warning: [TL534]
                super().__init__()
                self.body = nn.Sequential(nn.Linear(20, width), nn.ReLU(), nn.Dropout(0.5))
                self.head = nn.Linear(width, 3)

            def forward(self, x):
                return self.head(self.body(x))

        model = Net(width=128, dropout=0.3)
        ```
        One recurrent layer, whatever is asked for.
        ```python
        from torch import nn

        class Tagger(nn.Module):
            def __init__(self, words, tags, num_layers):  # warning: [TL534]
                super().__init__()
                self.embedding = nn.Embedding(words, 64)
                self.lstm = nn.LSTM(64, 64, batch_first=True)
                self.out = nn.Linear(64, tags)

            def forward(self, x):
                return self.out(self.lstm(self.embedding(x))[0])
        ```
    Silent:
        Said to be there for old callers, or handed on with all others.
        ```python
        from torch import nn

        class Net(nn.Module):
            def __init__(self, width=64, dropout=None):
                \"\"\"dropout: deprecated, has no effect.\"\"\"
                super().__init__()
                self.fc = nn.Linear(20, width)

            def forward(self, x):
                return self.fc(x)

        class Other(nn.Module):
            def __init__(self, width=64, **kwargs):
                super().__init__()
                self.fc = nn.Linear(20, width)
                self.inner = Net(**kwargs)

            def forward(self, x):
                return self.fc(x) + self.inner(x)
        ```
        Blocks that are exchanged for one another take the same arguments.
        ```python
        from torch import nn

        class Plain(nn.Module):
            def __init__(self, width, dropout):
                super().__init__()
                self.fc = nn.Linear(width, width)

            def forward(self, x):
                return self.fc(x).relu()

        class Dropping(nn.Module):
            def __init__(self, width, dropout):
                super().__init__()
                self.fc = nn.Sequential(nn.Linear(width, width), nn.Dropout(dropout))

            def forward(self, x):
                return self.fc(x).relu()

        BLOCKS = {"plain": Plain, "dropping": Dropping}
        ```
    """
    if not HYPERPARAMETERS.fullmatch(argument.name):
        return
    default = f"={argument.default}" if argument.default else ""
    trail = (Step(argument.set_by, "set here, without effect"),) if argument.set_by is not None else ()
    yield Finding(
        argument.place,
        f"{argument.model}({argument.name}{default}): the constructor never reads {argument.name}",
        f"use {argument.name} where the layers are built, or remove it",
        trail=trail,
    )
