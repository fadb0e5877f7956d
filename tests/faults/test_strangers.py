"""Programs in the manner of strangers: small edits that break them are found, small edits that do not are not."""

from __future__ import annotations

import pytest
from tests.faults.programs import Program, programs
from tests.faults.running import findings

PROGRAMS = {program.name: program for program in programs()}
Edits = tuple[tuple[str, str], ...]

BROKEN: tuple[tuple[str, str, Edits], ...] = (
    ("TL509", "pima_mlp", (("shuffle=True", "shuffle=False"),)),
    ("TL509", "paper_cifar", (("args.batch_size, shuffle=True, num", "args.batch_size, num"),)),
    (
        "TL509",
        "cats_dogs_folders",
        (("batch_size=32, shuffle=True, num_workers=2, pin", "batch_size=32, num_workers=2, pin"),),
    ),
    ("TL509", "names_gru", (("batch_size=64, shuffle=True", "batch_size=64"),)),
    ("TL509", "plants_trainer", (("batch_size=32, shuffle=True, num", "batch_size=32, num"),)),
    ("TL509", "activity_lightning", (('dl("train", True)', 'dl("train", False)'),)),
    ("TL509", "churn_keras", (("epochs=50, validation", "epochs=50, shuffle=False, validation"),)),
    ("TL522", "names_gru", (("nn.GRU(32, hidden, batch_first=True)", "nn.GRU(32, hidden)"),)),
    ("TL522", "activity_lightning", (("num_layers=2, batch_first=True", "num_layers=2"),)),
    ("TL522", "tags_time_first", (("bidirectional=True)", "bidirectional=True, batch_first=True)"),)),
    ("TL522", "activity_lightning", (("h[-1]", "out[-1]"),)),
    ("TL522", "names_gru", (("out[:, -1, :]", "out[-1]"),)),
    (
        "TL522",
        "tags_time_first",
        (("pad_sequence([w for w, _ in items])", "pad_sequence([w for w, _ in items], batch_first=True)"),),
    ),
    (
        "TL530",
        "pima_mlp",
        (
            (
                '        running += loss.item()\n    if epoch % 10 == 0:\n        print(f"epoch {epoch} loss {running / len(train_dl):.4f}")\n',
                "",
            ),
            ('print("accuracy", hits / len(testset))', "torch.save(model.state_dict(), 'pima.pt')"),
        ),
    ),
    (
        "TL530",
        "paper_cifar",
        (
            (
                '            if i % 100 == 0:\n                logger.info("epoch %d iter %d loss %.3f", epoch, i, loss.item())\n',
                "",
            ),
            ('        logger.info("epoch %d top1 %.2f", epoch, 100 * ok / len(test_loader.dataset))\n', ""),
        ),
    ),
    (
        "TL530",
        "cats_dogs_folders",
        (
            (
                '    print("Epoch: %d loss: %.4f acc: %.4f" % (epoch + 1, loss, acc))\n',
                '    print("Epoch", epoch + 1, "done")\n',
            ),
        ),
    ),
    ("TL530", "names_gru", (("    history.append(val_loss)\n    print(epoch, val_loss)\n", ""),)),
    (
        "TL530",
        "plants_trainer",
        (
            (
                '            self.log.append((loss, acc))\n            print(f"[{e}] loss={loss:.3f} acc={acc:.3f}")\n',
                "",
            ),
        ),
    ),
    ("TL530", "tags_time_first", (("    print(epoch, total / len(dev_loader))\n", ""),)),
    ("OP409", "pima_mlp", (("n_epochs = 100", "n_epochs = 1"),)),
    ("OP409", "paper_cifar", (("default=160", "default=1"),)),
    ("OP409", "cats_dogs_folders", (("range(20)", "range(1)"),)),
    ("OP409", "names_gru", (("for epoch in range(15):", "for epoch in range(0, 1):"),)),
    ("OP409", "plants_trainer", (("valid_dl, 25)", "valid_dl, 1)"),)),
    ("OP409", "churn_keras", ((", epochs=50", ""),)),
    ("OP409", "tags_time_first", (("range(30)", "range(1)"),)),
    ("OP414", "pima_mlp", (("BCEWithLogitsLoss()", "BCEWithLogitsLoss(reduction='sum')"),)),
    ("OP414", "paper_cifar", (("CrossEntropyLoss().cuda()", "CrossEntropyLoss(reduction='sum').cuda()"),)),
    ("OP414", "cats_dogs_folders", (("CrossEntropyLoss()", "CrossEntropyLoss(size_average=False)"),)),
    (
        "OP414",
        "names_gru",
        (
            (
                "loss = F.cross_entropy(model(x), t)\n        loss.b",
                "loss = F.cross_entropy(model(x), t, reduction='sum')\n        loss.b",
            ),
        ),
    ),
    ("OP414", "plants_trainer", (("nn.CrossEntropyLoss()", "nn.CrossEntropyLoss(reduction='sum')"),)),
    ("OP414", "activity_lightning", (("nn.CrossEntropyLoss()", "nn.CrossEntropyLoss(reduction='sum')"),)),
    (
        "OP414",
        "tags_time_first",
        (
            ("ignore_index=-100)", "ignore_index=-100, reduction='none')"),
            ("tags.view(-1))\n        opt", "tags.view(-1)).sum()\n        opt"),
        ),
    ),
    ("DP714", "paper_cifar", (("T.RandomCrop(32, 4), T.RandomHorizontalFlip(), ", ""),)),
    (
        "DP714",
        "cats_dogs_folders",
        (("    transforms.RandomHorizontalFlip(),\n    transforms.RandomRotation(10),\n", ""),),
    ),
    (
        "DP714",
        "plants_trainer",
        (
            (
                "T.RandomResizedCrop(160), T.RandomHorizontalFlip(), T.ToTensor()",
                "T.Resize((160, 160)), T.ToTensor()",
            ),
        ),
    ),
    (
        "DP714",
        "cats_dogs_folders",
        (
            ("transform=train_transform", "transform=test_transform"),
            ("    transforms.RandomHorizontalFlip(),\n    transforms.RandomRotation(10),\n", ""),
        ),
    ),
    (
        "DP714",
        "paper_cifar",
        (
            ("CIFAR100(args.data, train=True, transform=tr", "CIFAR100(args.data, train=True, transform=te"),
            ("    tr = T.Compose([T.RandomCrop(32, 4), T.RandomHorizontalFlip(), T.ToTensor(), norm])\n", ""),
        ),
    ),
    ("DP715", "pima_mlp", (("X, y = X[idx], y[idx]", "X = X[idx]"),)),
    (
        "DP715",
        "pima_mlp",
        (("idx = np.random.permutation(len(X))\nX, y = X[idx], y[idx]", "np.random.shuffle(X)"),),
    ),
    (
        "DP715",
        "churn_keras",
        (("X_train, X_test, y_train", "y = np.random.permutation(y)\nX_train, X_test, y_train"),),
    ),
    ("DP715", "churn_keras", (("X_train, X_test, y_train, y_test =", "X_train, y_train, X_test, y_test ="),)),
    ("DP715", "churn_keras", (('data["churn"].values', "data.sort_values('churn')[\"churn\"].values"),)),
    ("DP715", "pima_mlp", (("X, y = data[:, :8], data[:, 8]", "X, y = data[:, :8], np.sort(data[:, 8])"),)),
    ("DP715", "pima_mlp", (("y[:n])\ntestset", "y[n:])\ntestset"),)),
    ("DP717", "cats_dogs_folders", (("shuffle=True, num_workers=2, pin_memory=True", "shuffle=True"),)),
    ("DP717", "plants_trainer", (("shuffle=True, num_workers=4, pin_memory=True", "shuffle=True"),)),
    ("DP717", "cats_dogs_folders", (("num_workers=2, pin_memory=True", "num_workers=2"),)),
    ("DP717", "plants_trainer", (("num_workers=4, pin_memory=True", "num_workers=0, pin_memory=True"),)),
    (
        "DP717",
        "cats_dogs_folders",
        (("shuffle=True, num_workers=2, pin_memory=True", "shuffle=True, num_workers=0"),),
    ),
    ("DP703", "pima_mlp", (("mu, sd = X[:n].mean(0), X[:n].std(0)\nX = (X - mu) / sd\n", ""),)),
    (
        "DP703",
        "churn_keras",
        (
            (
                "sc = StandardScaler()\nX_train = sc.fit_transform(X_train)\nX_test = sc.transform(X_test)\n",
                "",
            ),
        ),
    ),
    ("DP712", "churn_keras", (("X_test = sc.transform(X_test)\n", ""),)),
)
"""Code, program, and what is written otherwise."""

SOUND: tuple[tuple[str, Edits], ...] = (
    ("pima_mlp", (("shuffle=True", "sampler=torch.utils.data.RandomSampler(trainset)"),)),
    (
        "pima_mlp",
        (
            ("BCEWithLogitsLoss()", "BCEWithLogitsLoss(reduction='sum')"),
            ("loss = loss_fn(pred, yb)", "loss = loss_fn(pred, yb) / len(xb)"),
        ),
    ),
    (
        "pima_mlp",
        (
            ("shuffle=True", "shuffle=False"),
            ("import numpy as np", "import numpy as np  # stock"),
            ("class PimaDataset", "look_back = 5\nclass PimaDataset"),
        ),
    ),
    (
        "names_gru",
        (
            ("nn.GRU(32, hidden, batch_first=True)", "nn.GRU(32, hidden)"),
            ("self.gru(self.embedding(x))", "self.gru(self.embedding(x).transpose(0, 1))"),
            ("out[:, -1, :]", "out[-1]"),
        ),
    ),
    ("activity_lightning", (("batch_first=True, ", ""), ("self.lstm(x)", "self.lstm(x.permute(1, 0, 2))"))),
    (
        "paper_cifar",
        (
            (
                '            if i % 100 == 0:\n                logger.info("epoch %d iter %d loss %.3f", epoch, i, loss.item())\n',
                '            writer.add_scalar("loss", loss, i)\n',
            ),
            (
                "    train_loader, test",
                "    from torch.utils.tensorboard import SummaryWriter\n    writer = SummaryWriter()\n    train_loader, test",
            ),
        ),
    ),
    ("plants_trainer", (('            print(f"[{e}] loss={loss:.3f} acc={acc:.3f}")\n', ""),)),
    (
        "cats_dogs_folders",
        (
            (
                "model = CNN()",
                "import torchvision\nmodel = torchvision.models.resnet18(weights='DEFAULT')\nmodel.fc = nn.Linear(512, 2)\nmodel = model",
            ),
            ("range(20)", "range(1)"),
            ("    transforms.RandomHorizontalFlip(),\n    transforms.RandomRotation(10),\n", ""),
        ),
    ),
    (
        "paper_cifar",
        (
            ("CIFAR100", "MNIST"),
            ("T.RandomCrop(32, 4), T.RandomHorizontalFlip(), ", ""),
            ("(0.507, 0.487, 0.441), (0.267, 0.256, 0.276)", "(0.13,), (0.31,)"),
            ("conv_bn(3, 64)", "conv_bn(1, 64)"),
            ("classes=100", "classes=10"),
        ),
    ),
    (
        "paper_cifar",
        (
            (
                "            loss = criterion(net(img), lab)",
                "            img = torch.where(torch.rand(len(img), 1, 1, 1, device=img.device) < 0.5, img.flip(-1), img)\n            loss = criterion(net(img), lab)",
            ),
            ("T.RandomCrop(32, 4), T.RandomHorizontalFlip(), ", ""),
        ),
    ),
    (
        "churn_keras",
        (
            (
                "X_train, X_test, y_train",
                "from sklearn.utils import shuffle\nX, y = shuffle(X, y, random_state=0)\nX_train, X_test, y_train",
            ),
        ),
    ),
    (
        "churn_keras",
        (('data = pd.read_csv("churn.csv")', "data = pd.read_csv(\"churn.csv\").sort_values('churn')"),),
    ),
    (
        "churn_keras",
        (
            (", epochs=50", ", epochs=1000"),
            ("model.fit(", "stop = tf.keras.callbacks.EarlyStopping(patience=5)\nmodel.fit("),
            ("validation_split=0.1", "validation_split=0.1, callbacks=[stop]"),
        ),
    ),
    (
        "pima_mlp",
        (
            (
                "idx = np.random.permutation(len(X))\nX, y = X[idx], y[idx]",
                "rng = np.random.get_state()\nnp.random.shuffle(X)\nnp.random.set_state(rng)\nnp.random.shuffle(y)",
            ),
        ),
    ),
    (
        "pima_mlp",
        (
            ("n_epochs = 100", "n_epochs = 1000"),
            ("    running = 0.", "    running = 0.\n    order = torch.randperm(n)"),
        ),
    ),
    (
        "churn_keras",
        (
            (
                "sc = StandardScaler()\nX_train = sc.fit_transform(X_train)\nX_test = sc.transform(X_test)\n",
                "",
            ),
            (
                '    tf.keras.layers.Dense(32, activation="relu"),',
                '    tf.keras.layers.BatchNormalization(),\n    tf.keras.layers.Dense(32, activation="relu"),',
            ),
        ),
    ),
    (
        "cats_dogs_folders",
        (
            ("shuffle=True, num_workers=2, pin_memory=True", "shuffle=True, num_workers=2"),
            ('torch.device("cuda" if torch.cuda.is_available() else "cpu")', 'torch.device("cpu")'),
        ),
    ),
    (
        "tags_time_first",
        (
            (
                "pad_sequence([w for w, _ in items])",
                "pad_sequence([w for w, _ in items], batch_first=True).t()",
            ),
        ),
    ),
)
"""Programs that are written otherwise and are right: what looks like a defect has its reason."""

HINTS = tuple(sorted({code for code, *_ in BROKEN}))


def _edited(name: str, edits: Edits) -> Program:
    program = PROGRAMS[name]
    ((path, text),) = program.files.items()
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new, 1)
    return program.with_file(path, text)


@pytest.mark.parametrize(("code", "name", "edits"), BROKEN)
def test_a_program_that_an_edit_breaks_gets_the_finding(code: str, name: str, edits: Edits) -> None:
    assert code in findings(_edited(name, edits), HINTS)[0]


@pytest.mark.parametrize(("name", "edits"), SOUND)
def test_a_program_that_an_edit_leaves_right_gets_none(name: str, edits: Edits) -> None:
    assert findings(_edited(name, edits), HINTS) == (set(), ())


@pytest.mark.parametrize("name", sorted({name for _, name, _ in BROKEN}))
def test_the_programs_themselves_are_right(name: str) -> None:
    assert findings(PROGRAMS[name], HINTS) == (set(), ())
