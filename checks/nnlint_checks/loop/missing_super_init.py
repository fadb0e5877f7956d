"""TL514: layers are assigned before nn.Module is initialised."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.usage import EarlyRegistration
from nnlint.finding import Finding


@check("TL514", level=ERROR, over=("TL536",))
def missing_super_init(early: EarlyRegistration) -> Iterator[Finding]:
    """A module assigns layers without, or before, ``super().__init__()``.

    Why: ``nn.Module.__init__`` makes the tables in which layers and parameters are registered. Assigning a
    layer before raises "cannot assign module before Module.__init__() call".
    Source: PyTorch documentation of nn.Module.

    Fires:
        It is never called.
        ```python
        from torch import nn

        class Net(nn.Module):
            def __init__(self, width):
                self.fc = nn.Linear(20, width)  # error: [TL514]
                self.out = nn.Linear(width, 3)

            def forward(self, x):
                return self.out(self.fc(x).relu())
        ```
        It is called too late.
        ```python
        import torch
        from torch import nn

        class Scale(nn.Module):
            def __init__(self, width):
                self.gain = nn.Parameter(torch.ones(width))  # error: [TL514]
                super().__init__()

            def forward(self, x):
                return x * self.gain
        ```
    Silent:
        The constructor is wrapped by a decorator.
        ```python
        import functools
        from torch import nn

        def renamed(**names):
            def decorate(function):
                @functools.wraps(function)
                def wrapper(self, *args, **kwargs):
                    kwargs = {names.get(name, name): value for name, value in kwargs.items()}
                    return function(self, *args, **kwargs)

                return wrapper

            return decorate

        class Net(nn.Module):
            @renamed(hidden="width")
            def __init__(self, width=64):
                super().__init__()
                self.fc = nn.Linear(20, width)

            def forward(self, x):
                return self.fc(x)
        ```
        Plain values may come first.
        ```python
        from torch import nn

        class Net(nn.Module):
            def __init__(self, width):
                self.width = width
                super(Net, self).__init__()
                self.fc = nn.Linear(20, width)

            def forward(self, x):
                return self.fc(x)
        ```
        A base class does it.
        ```python
        from torch import nn

        class Base(nn.Module):
            def __init__(self, width):
                nn.Module.__init__(self)
                self.width = width

        class Net(Base):
            def __init__(self, width):
                Base.__init__(self, width)
                self.fc = nn.Linear(20, width)

            def forward(self, x):
                return self.fc(x)
        ```
    """
    yield Finding(
        early.place,
        f"{early.module}.{early.attribute} = {early.member} before nn.Module.__init__(): this line raises",
        "call super().__init__() in the first line of __init__",
        subject=("super init", early.module, early.program),
    )
