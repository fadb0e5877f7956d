"""What the reader understands of programs' data: rows, columns, fits and splits."""

from __future__ import annotations

from pathlib import Path

import pytest

from nnlint.evidence.source import Pipeline
from nnlint.readers.source.libraries.tabular.values import names_of
from source.reading import evidence

HEAD = """
import os
from pathlib import Path
import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split, KFold
from sklearn.preprocessing import *
from sklearn.preprocessing import StandardScaler, MinMaxScaler, LabelEncoder, Normalizer, OneHotEncoder
from sklearn.preprocessing import PolynomialFeatures
from sklearn.pipeline import make_pipeline
from sklearn.impute import SimpleImputer
from sklearn.decomposition import PCA
from torch.utils.data import DataLoader, Dataset, TensorDataset, random_split
df = pd.read_csv("table.csv")
"""
TRAINING = """
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
for x, y in loader:
    loss = F.mse_loss(model(x), y)
    loss.backward()
"""


def pipeline(folder: Path, source: str) -> Pipeline:
    """The pipeline of the main part of a program that has read ``table.csv`` as ``df``."""
    found = [e for e in evidence(folder, HEAD + source) if isinstance(e, Pipeline) and e.entry == "main"]
    assert len(found) == 1
    return found[0]


def carried(found: Pipeline) -> set[str]:
    """What was fitted on rows that are split afterwards, by name."""
    return {fit.transformer for split in found.splits for fit in split.carries if fit.rows.role == "all"}


@pytest.mark.parametrize(
    ("source", "fits"),
    [
        (
            "X = StandardScaler().fit_transform(df.drop('y', axis=1))\na, b = train_test_split(X)",
            {"StandardScaler"},
        ),
        ("s = MinMaxScaler()\ns.fit(df)\na, b = train_test_split(s.transform(df))", {"MinMaxScaler"}),
        (
            "df[['a']] = StandardScaler().fit_transform(df[['a']])\ntr = df[:80]\nte = df[80:]",
            {"StandardScaler"},
        ),
        ("df = (df - df.mean()) / df.std()\na, b = train_test_split(df)", {"mean", "std"}),
        ("x = df.values\nx -= x.min(axis=0)\nn = int(len(x) * .8)\na, b = x[:n], x[n:]", {"min"}),
        (
            "x = df.to_numpy()\nx = x / np.max(x, axis=0)\nfor i, j in KFold().split(x):\n    p = x[i]",
            {"max"},
        ),
        (
            (
                "df['a'] = df['a'].fillna(df['a'].median())\n"
                "train = df.sample(frac=.8)\ntest = df.drop(train.index)"
            ),
            {"median"},
        ),
        ("df['a'].fillna(df['a'].mean(), inplace=True)\na, b = train_test_split(df)", {"mean"}),
        (
            (
                "p = make_pipeline(SimpleImputer(), StandardScaler())\n"
                "a, b = train_test_split(p.fit_transform(df))"
            ),
            {"Pipeline"},
        ),
        ("x = PCA(5).fit_transform(df)\nm = np.random.rand(len(df)) < .8\ntr, te = x[m], x[~m]", {"PCA"}),
        (
            (
                "x = torch.tensor(StandardScaler().fit_transform(df))\n"
                "a, b = random_split(TensorDataset(x), [80, 20])"
            ),
            {"StandardScaler"},
        ),
        (
            (
                "s = StandardScaler().fit(df)\n"
                "a, b = train_test_split(df)\na, b = s.transform(a), s.transform(b)"
            ),
            {"StandardScaler"},
        ),
        (
            "def scale(t):\n    return StandardScaler().fit_transform(t)\na, b = train_test_split(scale(df))",
            {"StandardScaler"},
        ),
        (
            (
                "for c in df.columns:\n"
                "    df[c] = (df[c] - df[c].mean()) / df[c].std()\na, b = train_test_split(df)"
            ),
            {"mean", "std"},
        ),
    ],
)
def test_fits_on_all_rows_are_carried_into_the_split(tmp_path: Path, source: str, fits: set[str]) -> None:
    assert carried(pipeline(tmp_path, source)) == fits


@pytest.mark.parametrize(
    "source",
    [
        "a, b = train_test_split(df)\ns = StandardScaler()\na, b = s.fit_transform(a), s.transform(b)",
        "X = df / 255.0\na, b = train_test_split(X)",
        (
            "y = (df['y'] - df['y'].mean()) / df['y'].std()\n"
            "a, b, c, d = train_test_split(df.drop(columns='y'), y)"
        ),
        (
            "df['z'] = (df['a'] - df['a'].mean()) / df['a'].std()\n"
            "df = df[df['z'] < 3].drop(columns='z')\na, b = train_test_split(df)"
        ),
        "print(df.describe(), (df - df.mean()).abs().max())\na, b = train_test_split(df)",
        "X = PolynomialFeatures().fit_transform(Normalizer().fit_transform(df))\na, b = train_test_split(X)",
        "a, b = train_test_split(df)\nfinal = StandardScaler().fit(df)\nfinal.transform(df)",
        (
            "x = df.values\n"
            "x = (x - x.mean(1, keepdims=True)) / x.std(1, keepdims=True)\na, b = train_test_split(x)"
        ),
        "lo, hi = np.min(df.values, axis=0), np.max(df.values, axis=0)\nx = np.r_[lo[:2] - 10, hi[2:] + 10]",
        "x = df.values if mystery else StandardScaler().fit_transform(df)\na, b = train_test_split(x[:, 1:])",
        "X = something(df)\nX = StandardScaler().fit_transform(X)\nhead = X[:5]",
    ],
)
def test_other_programs_carry_no_fit_into_a_split(tmp_path: Path, source: str) -> None:
    assert carried(pipeline(tmp_path, source)) == set()


@pytest.mark.parametrize(
    ("source", "role"),
    [
        ("a, b = train_test_split(df)\nStandardScaler().fit(a)", "train"),
        ("a, b = train_test_split(df)\nStandardScaler().fit(b)", "test"),
        ("a, X_val = train_test_split(df)\nStandardScaler().fit(X_val)", "validation"),
        ("a, b = train_test_split(df)\nc, d = train_test_split(a)\nStandardScaler().fit(d)", "validation"),
        ("a, b = train_test_split(df)\nc, d = train_test_split(b)\nStandardScaler().fit(d)", "test"),
        ("test = df[df['year'] > 2015]\nStandardScaler().fit(test)", "test"),
        ("StandardScaler().fit(pd.read_csv('data/test.csv'))", "test"),
        ("for i, j in KFold(5).split(df):\n    StandardScaler().fit(df.iloc[i])", "train"),
        ("z = np.load('digits.npz')\nStandardScaler().fit(z['x_test'])", "test"),
        ("StandardScaler().fit(df)", "all"),
        ("StandardScaler().fit(somebody.knows)", ""),
    ],
)
def test_rows_of_a_fit_are_known_by_their_split(tmp_path: Path, source: str, role: str) -> None:
    fits = pipeline(tmp_path, source).fits
    assert (fits[-1].rows.role if fits else "") == role


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ("'data/a.csv'", "data/a.csv"),
        ("Path('data') / 'a.csv'", "data/a.csv"),
        ("Path(__file__).resolve().parent / 'data' / 'a.csv'", "data/a.csv"),
        ("os.path.join('data', 'a.csv')", "data/a.csv"),
        ("os.path.join(os.path.dirname(os.path.abspath(__file__)), 'a.csv')", "a.csv"),
        ('f\'{Path("data")}/{"a"}.csv\'', "data/a.csv"),
    ],
)
def test_paths_are_put_together(tmp_path: Path, written: str, path: str) -> None:
    assert [read for read, _ in pipeline(tmp_path, f"a = pd.read_csv({written})").reads] == [
        "table.csv",
        path,
    ]


TO_LOADER = """
loader = DataLoader(TensorDataset(torch.tensor(X, dtype=torch.float32), torch.tensor(y)), batch_size=8)
"""


@pytest.mark.parametrize(
    ("source", "features", "target"),
    [
        ("X, y = df.drop(columns=['id', 'y']).values, df['y'].values", ("a", "b", "c"), "y"),
        ("y = df.pop('y')\nX = df.to_numpy()", ("id", "a", "b", "c"), "y"),
        ("X, y = df[['a', 'b']].values, df.y.values", ("a", "b"), "y"),
        ("X, y = df.iloc[:, 1:-1].values, df.iloc[:, -1].values", ("a", "b", "c"), "y"),
        ("X, y = df.loc[:, ['a']].values, df.loc[:, 'y'].values", ("a",), "y"),
        (
            "f = [c for c in df.columns if c not in ('id', 'y')]\nX, y = df[f].values, df['y']",
            ("a", "b", "c"),
            "y",
        ),
        ("X, y = df[df.columns[:-1]].values, df[df.columns[-1]].values", ("id", "a", "b", "c"), "y"),
        ("X, y = df.drop('y', axis=1).astype('float32').values, df['y']", ("id", "a", "b", "c"), "y"),
    ],
)
def test_columns_that_reach_the_network(
    tmp_path: Path, source: str, features: tuple[str, ...], target: str
) -> None:
    found = pipeline(tmp_path, source + TO_LOADER + TRAINING)
    names = ("id", "a", "b", "c", "y")
    assert found.features is not None and found.labels is not None
    assert (found.features.of(names), found.labels.of(names)) == (features, (target,))
    assert found.scales is False


@pytest.mark.parametrize(
    ("source", "scales"),
    [
        ("X = df.drop('y', axis=1).values", False),
        ("X = df.drop('y', axis=1).values / 255.0", True),
        ("X = StandardScaler().fit_transform(df.drop('y', axis=1))", True),
        ("X = df.drop('y', axis=1)\nX = ((X - X.mean()) / X.std()).values", True),
        ("X = np.log1p(df.drop('y', axis=1).values)", None),
        ("X = prepare(df.drop('y', axis=1).values)", None),
        ("X = df.drop('y', axis=1)\nprepare(X)\nX = X.values", None),
    ],
)
def test_scaling_is_seen_or_open(tmp_path: Path, source: str, scales: bool | None) -> None:
    found = pipeline(tmp_path, source + "\ny = df['y'].values" + TO_LOADER + TRAINING)
    assert found.scales is scales


def test_data_sets_of_the_program_keep_what_they_hold(tmp_path: Path) -> None:
    source = """
class Table(Dataset):
    def __init__(self, frame):
        self.x = frame.drop(columns=["y"]).to_numpy()
        self.y = frame["y"].to_numpy()
    def __getitem__(self, i):
        return torch.tensor(self.x[i]), torch.tensor(self.y[i])
loader = DataLoader(Table(df), batch_size=8)
"""
    found = pipeline(tmp_path, source + TRAINING)
    assert (found.scales, found.target) == (False, "y")


def test_images_that_are_divided_in_a_data_set_are_never_called_unscaled(tmp_path: Path) -> None:
    source = """
from PIL import Image
class Images(Dataset):
    def __getitem__(self, i):
        return torch.from_numpy(np.asarray(Image.open(self.files[i]), dtype=np.float32) / 255.0), 1.0
loader = DataLoader(Images(), batch_size=8)
"""
    assert pipeline(tmp_path, source + TRAINING).scales is not False


def test_names_of_columns_are_strings() -> None:
    assert names_of(("a", 1)) is None


POLARS = 'import polars as pl\ndf = pl.read_csv("table.csv")\n'


@pytest.mark.parametrize(
    ("picked", "columns"),
    [
        ("df.drop('y').to_numpy()", ("a", "b", "c")),
        ("df.drop('y', 'c').to_numpy()", ("a", "b")),
        ("df.drop(['y', 'b']).to_numpy()", ("a", "c")),
        ("df.lazy().select('a', 'b').collect().to_numpy()", ("a", "b")),
        ("df.select(['c']).to_pandas().to_numpy()", ("c",)),
        ("df.to_pandas().drop(columns=['a', 'y']).to_numpy()", ("b", "c")),
        ("df.with_columns(pl.col('a').log()).to_numpy()", None),
    ],
)
def test_columns_of_polars_are_followed(picked: str, columns: tuple[str, ...] | None, tmp_path: Path) -> None:
    source = (
        f"{POLARS}x = torch.from_numpy({picked}).float()\ny = torch.from_numpy(df['y'].to_numpy()).float()\n"
        f"loader = DataLoader(TensorDataset(x, y), batch_size=8)\n{TRAINING}"
    )
    found = pipeline(tmp_path, source).features
    assert (found and found.of(("a", "b", "c", "y"))) == columns
