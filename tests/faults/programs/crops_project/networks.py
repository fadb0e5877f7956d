from torch import nn


def block(n_in, n_out, dropout):
    return nn.Sequential(nn.Linear(n_in, n_out), nn.BatchNorm1d(n_out), nn.ReLU(), nn.Dropout(dropout))


class YieldRegressor(nn.Module):
    """Tons per hectare from weather and soil."""

    def __init__(self, in_features, hidden_sizes, dropout):
        super().__init__()
        sizes = [in_features, *hidden_sizes]
        self.blocks = nn.ModuleList([block(a, b, dropout) for a, b in zip(sizes[:-1], sizes[1:])])
        self.regressor = nn.Linear(sizes[-1], 1)

    def forward(self, x):
        for layer in self.blocks:
            x = layer(x)
        return self.regressor(x).squeeze(-1)
