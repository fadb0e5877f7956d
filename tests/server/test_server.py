"""``nnlint server`` as an editor meets it: by standard input and output, on text that is not stored."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest
from lsprotocol import types as lsp

from nnlint import cli
from server.editor import Editor, applied

BROKEN = """\
import torch
from torch import nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 16, 3)
        self.features = nn.Sequential(nn.Conv2d(16, 32, 3, stride=2), nn.ReLU(), nn.AdaptiveAvgPool2d(4))
        self.fc = nn.Linear(512, 10)

    def forward(self, x):
        x = torch.relu(self.conv(x))
        x = self.features(x)
        x = torch.flatten(x, 1)
        return F.softmax(self.fc(x), dim=1)


model = Net()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
x, y = torch.randn(8, 3, 32, 32), torch.randint(0, 10, (8,))
for _ in range(10):
    optimizer.zero_grad()
    loss = criterion(model(x), y)
    loss.backward()
    optimizer.step()
"""
CLEAN = BROKEN.replace("F.softmax(self.fc(x), dim=1)", "self.fc(x)")
LINE = BROKEN.split("\n").index("    loss = criterion(model(x), y)")
FIX_ALL = "source.fixAll.nnlint"


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    with Editor(tmp_path_factory.mktemp("workspace")) as editor:
        yield editor


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A file of this test's own."""
    return re.sub(r"\W", "_", str(request.node.name)) + ".py"


def test_open_text_gets_its_findings(editor: Editor, name: str) -> None:
    uri = editor.open(name, BROKEN)
    (found,) = editor.findings(uri)
    assert (found.code, found.severity, found.source) == ("HL101", lsp.DiagnosticSeverity.Error, "nnlint")
    assert found.range == lsp.Range(lsp.Position(LINE, 11), lsp.Position(LINE, 33))
    (step,) = found.related_information or ()
    assert (step.location.uri, step.message) == (uri, "softmax makes probabilities here")
    assert BROKEN.split("\n")[step.location.range.start.line].endswith("F.softmax(self.fc(x), dim=1)")


def test_codes_lead_to_their_page(editor: Editor, name: str) -> None:
    (found,) = editor.findings(editor.open(name, BROKEN))
    assert found.code_description is not None
    page = Path(url2pathname(urlsplit(found.code_description.href).path))
    assert page.read_text().startswith("# HL101 softmax-before-cross-entropy\n")


def test_findings_follow_the_text_that_is_typed(editor: Editor, name: str) -> None:
    uri = editor.open(name, BROKEN)
    assert editor.codes(uri) == ["HL101"]
    editor.type(uri, CLEAN, 2)
    assert editor.codes(uri, 2) == []
    editor.type(uri, BROKEN.replace("(512, 10)", "(500, 10)"), 3)
    editor.type(uri, BROKEN, 4)
    assert editor.codes(uri, 4) == ["HL101"]
    assert not (editor.folder / name).exists()


def test_other_open_texts_are_read_as_they_are_typed(editor: Editor) -> None:
    head, tail = BROKEN.split("model = Net()")
    net = editor.open("typed_net.py", head)
    train = editor.open(
        "train.py", f"import torch\nfrom torch import nn\nfrom typed_net import Net\nmodel = Net(){tail}"
    )
    (editor.folder / "typed_net.py").write_text("")
    assert editor.codes(train) == ["HL101"]
    editor.type(net, head.replace("F.softmax(self.fc(x), dim=1)", "self.fc(x)"), 2)
    assert editor.hover(train, 9, 12) == ""
    assert editor.codes(train) == []


def test_configuration_nearest_to_the_file_holds(editor: Editor) -> None:
    folder = editor.folder / "part"
    folder.mkdir()
    (folder / "nnlint.toml").write_text('ignore = ["HL101"]')
    assert editor.codes(editor.open("part/model.py", BROKEN)) == []
    assert editor.codes(editor.open("whole.py", BROKEN)) == ["HL101"]


def test_mistake_in_the_configuration_is_said(editor: Editor) -> None:
    folder = editor.folder / "mistaken"
    folder.mkdir()
    (folder / "nnlint.toml").write_text('ingore = ["HL101"]')
    assert editor.codes(editor.open("mistaken/model.py", BROKEN)) == []
    assert any("unknown key ingore; did you mean ignore?" in message for message in editor.messages)


def test_plugins_of_a_folder_are_not_run_unasked(editor: Editor) -> None:
    folder = editor.folder / "plugged"
    folder.mkdir()
    (folder / "nnlint.toml").write_text('plugins = ["mine.py"]')
    (folder / "mine.py").write_text(f"open({str(folder / 'ran')!r}, 'w')")
    assert editor.codes(editor.open("plugged/model.py", BROKEN)) == ["HL101"]
    assert not (folder / "ran").exists()


def test_installed_and_unknown_files_are_left_alone(editor: Editor, name: str) -> None:
    editor.open(f".venv/lib/site-packages/{name}", BROKEN)
    editor.client.text_document_did_open(
        lsp.DidOpenTextDocumentParams(lsp.TextDocumentItem(f"git:/{name}", "python", 1, BROKEN))
    )
    assert editor.codes(editor.open(name, BROKEN)) == ["HL101"]
    assert [uri for uri in editor.saw if uri.endswith(name)] == [(editor.folder / name).as_uri()]


def test_text_without_a_name_is_linted_if_it_is_python(editor: Editor) -> None:
    for uri, language in (("untitled:Untitled-1", "markdown"), ("untitled:Untitled-2", "python")):
        document = lsp.TextDocumentItem(uri, language, 1, BROKEN)
        editor.client.text_document_did_open(lsp.DidOpenTextDocumentParams(document))
    assert editor.codes("untitled:Untitled-2") == ["HL101"]
    assert "untitled:Untitled-1" not in editor.saw


def test_hover_explains_the_finding_of_a_line(editor: Editor, name: str) -> None:
    uri = editor.open(name, BROKEN)
    text = editor.hover(uri, LINE, 6)
    assert text.startswith("**HL101** softmax-before-cross-entropy · error")
    assert "**Repair** (safe fix): pass the scores" in text
    assert "**Why**: log-softmax of values" in text
    assert editor.hover(uri, LINE + 1, 6) == ""


def test_hover_explains_codes_in_comments(editor: Editor, name: str) -> None:
    line = "    loss = criterion(model(x), y)"
    comment = f"{line}  # nnlint: ignore[HL101, TL501]"
    uri = editor.open(name, BROKEN.replace(line, comment))
    assert editor.codes(uri) == ["IN103"]
    assert editor.hover(uri, LINE, comment.index("HL101") + 2).startswith("**HL101** ")
    assert editor.hover(uri, LINE, comment.index("TL501") + 2).startswith("**TL501** ")
    both = editor.hover(uri, LINE, comment.index("nnlint:") + 2)
    assert "**HL101** " in both and "**TL501** " in both


def test_unused_comments_are_shown_as_unnecessary(editor: Editor, name: str) -> None:
    (found,) = editor.findings(editor.open(name, CLEAN.replace("y)\n", "y)  # nnlint: ignore[HL101]\n")))
    assert (found.code, *(found.tags or ())) == ("IN103", lsp.DiagnosticTag.Unnecessary)


def test_shapes_beside_the_code_are_those_that_torch_computes(editor: Editor, name: str) -> None:
    import torch

    scope: dict[str, object] = {}
    exec(BROKEN.partition("for _ in")[0], scope)
    model, x = scope["model"], scope["x"]
    assert isinstance(model, torch.nn.Module)
    seen = {"x": x}
    for part in ("conv", "features", "fc"):
        model.get_submodule(part).register_forward_hook(
            lambda _, __, out, part=part: seen.__setitem__(part, out)
        )
    seen["model"] = model(x)
    shapes = {part: str(tuple(value.shape)) for part, value in seen.items()}

    hints = editor.hints(editor.open(name, BROKEN))
    lines = BROKEN.split("\n")
    assert {lines[line].strip(): labels for line, labels in hints.items()} == {
        "def forward(self, x):": [shapes["x"]],
        "x = torch.relu(self.conv(x))": [shapes["conv"]],
        "x = self.features(x)": [shapes["features"]],
        "x = torch.flatten(x, 1)": ["(8, 512)"],
        "return F.softmax(self.fc(x), dim=1)": [shapes["fc"]],
        "x, y = torch.randn(8, 3, 32, 32), torch.randint(0, 10, (8,))": [shapes["x"]],
        "loss = criterion(model(x), y)": [shapes["model"]],
    }


def test_shapes_can_be_switched_off(editor: Editor, name: str) -> None:
    uri = editor.open(name, BROKEN)
    switch = lsp.DidChangeConfigurationParams({"nnlint": {"inlayHints": False}})
    editor.client.workspace_did_change_configuration(switch)
    assert editor.hints(uri) == {}
    editor.client.workspace_did_change_configuration(lsp.DidChangeConfigurationParams({"inlayHints": True}))
    assert editor.hints(uri) != {}


def test_quick_fix_repairs_the_finding(editor: Editor, name: str) -> None:
    uri = editor.open(name, BROKEN)
    editor.findings(uri)
    fix = next(a for a in editor.actions(uri, LINE) if a.is_preferred)
    assert (fix.kind, [d.code for d in fix.diagnostics or ()]) == (lsp.CodeActionKind.QuickFix, ["HL101"])
    assert applied(BROKEN, fix, uri) == CLEAN
    editor.type(uri, applied(BROKEN, fix, uri), 2)
    assert editor.codes(uri, 2) == []


def test_unsafe_fix_is_an_action_of_its_own_and_can_be_switched_off(editor: Editor, name: str) -> None:
    text = CLEAN.replace("nn.Linear(512, 10)", "nn.Sequential(nn.Linear(512, 64), nn.Linear(64, 10))")
    uri = editor.open(name, text)
    (found,) = editor.findings(uri)
    line = found.range.start.line
    unsafe = [a for a in editor.actions(uri, line) if "(unsafe)" in a.title]
    assert [a.is_preferred for a in unsafe] == [None]
    assert applied(text, unsafe[0], uri) == text.replace("64), nn", "64), nn.ReLU(), nn")
    editor.client.workspace_did_change_configuration(lsp.DidChangeConfigurationParams({"unsafeFixes": False}))
    titles = [a.title for a in editor.actions(uri, line)]
    editor.client.workspace_did_change_configuration(lsp.DidChangeConfigurationParams({"unsafeFixes": True}))
    assert titles == [f"nnlint: silence {found.code} on this line"]


def test_all_safe_fixes_are_one_action(editor: Editor, name: str) -> None:
    text = BROKEN.replace("        x = self.features(x)", "        x = F.relu(self.features(x))  # ⟶ 😀")
    uri = editor.open(name, text)
    editor.findings(uri)
    (action,) = editor.actions(uri, 0, "source.fixAll")
    assert action.kind == FIX_ALL
    fixed = applied(text, editor.resolve(action), uri)
    assert fixed == text.replace("F.softmax(self.fc(x), dim=1)", "self.fc(x)")


def test_comment_of_the_action_silences_the_line(editor: Editor, name: str) -> None:
    uri = editor.open(name, BROKEN)
    editor.findings(uri)
    silence = next(a for a in editor.actions(uri, LINE) if "silence" in a.title)
    silenced = applied(BROKEN, silence, uri)
    assert "loss = criterion(model(x), y)  # nnlint: ignore[HL101]\n" in silenced
    editor.type(uri, silenced, 2)
    assert editor.codes(uri, 2) == []


def test_columns_count_units_of_the_protocol(editor: Editor, name: str) -> None:
    uri = editor.open(name, BROKEN.replace("    loss = ", '    "😀"; loss = '))
    (found,) = editor.findings(uri)
    assert found.range == lsp.Range(lsp.Position(LINE, 11 + 6), lsp.Position(LINE, 33 + 6))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\0",
        "\ud800 = 1",
        "\f\n\u2028import torch\n(",
        "# coding: none\nimport torch",
        "import torch\n" + "(" * 9_000,
        BROKEN[:735],
    ],
    ids=["empty", "null", "surrogate", "separators", "encoding", "deep", "cut"],
)
def test_any_text_gets_an_answer(editor: Editor, name: str, text: str) -> None:
    uri = editor.open(name, text)
    assert {d.code for d in editor.findings(uri)} <= {"IN101"}
    editor.hover(uri, 0, 0)
    assert (editor.hover(uri, 9_999, 99), editor.actions(uri, 9_999)) == ("", [])
    editor.type(uri, BROKEN, 2)
    assert editor.codes(uri, 2) == ["HL101"]


def test_files_that_are_no_utf8_beside_it_do_no_harm(editor: Editor) -> None:
    (editor.folder / "latin.py").write_bytes("# coding: latin-1\nNAME = 'é'\n".encode("latin-1"))
    (editor.folder / "bad.py").write_bytes(b"import torch\nNAME = '\xff'\n")
    text = f"from latin import NAME\nfrom bad import NAME as OTHER\n{BROKEN}"
    assert editor.codes(editor.open("uses_them.py", text)) == ["HL101"]


def test_closing_a_file_takes_its_findings_away(editor: Editor, name: str) -> None:
    uri = editor.open(name, BROKEN)
    editor.findings(uri)
    document = lsp.TextDocumentIdentifier(uri)
    editor.client.text_document_did_close(lsp.DidCloseTextDocumentParams(document))
    assert editor.findings(uri, None) == []


def test_cells_of_a_notebook_get_their_findings(editor: Editor) -> None:
    head, tail = BROKEN.split("model = Net()")
    notebook = (editor.folder / "cells.ipynb").as_uri()
    texts = [head, f"model = Net(){tail}"]
    cells = [lsp.TextDocumentItem(f"{notebook}#{n}", "python", 1, text) for n, text in enumerate(texts)]
    editor.client.notebook_document_did_open(
        lsp.DidOpenNotebookDocumentParams(
            lsp.NotebookDocument(
                notebook,
                "jupyter-notebook",
                1,
                [lsp.NotebookCell(lsp.NotebookCellKind.Code, c.uri) for c in cells],
            ),
            cells,
        )
    )
    (found,) = editor.findings(cells[1].uri)
    assert (found.code, editor.codes(cells[0].uri)) == ("HL101", [])
    assert [step.location.uri for step in found.related_information or ()] == [cells[0].uri]
    fix = next(a for a in editor.actions(cells[1].uri, found.range.start.line) if a.is_preferred)
    assert applied(texts[0], fix, cells[0].uri) + texts[1] == CLEAN

    change = lsp.TextDocumentContentChangePartial(
        range=lsp.Range(lsp.Position(0, 0), lsp.Position(0, 0)), text="import math\n"
    )
    content = lsp.NotebookDocumentCellContentChanges(
        lsp.VersionedTextDocumentIdentifier(version=2, uri=cells[1].uri), [change]
    )
    editor.client.notebook_document_did_change(
        lsp.DidChangeNotebookDocumentParams(
            lsp.VersionedNotebookDocumentIdentifier(version=2, uri=notebook),
            lsp.NotebookDocumentChangeEvent(cells=lsp.NotebookDocumentCellChanges(text_content=[content])),
        )
    )
    (moved,) = editor.findings(cells[1].uri, 2)
    assert moved.range.start.line == found.range.start.line + 1


def test_one_client_is_served_by_a_port(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "nnlint", "server", "--tcp", f"127.0.0.1:{port}"]
    server = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE)
    with server, Editor(tmp_path, port=port) as editor:
        assert editor.codes(editor.open("model.py", BROKEN)) == ["HL101"]
        editor.quit()
        assert server.wait(30) == 0


@pytest.mark.parametrize("address", ["localhost", "localhost:x", "1.2.3.4:99999"])
def test_address_that_is_none_is_a_usage_error(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["server", "--tcp", address]) == 2
    assert "say HOST:PORT" in capsys.readouterr().err


def test_changed_configuration_is_asked_for_and_holds(tmp_path: Path) -> None:
    watching = lsp.DidChangeWatchedFilesClientCapabilities(dynamic_registration=True)
    workspace = lsp.WorkspaceClientCapabilities(did_change_watched_files=watching)
    with Editor(tmp_path, lsp.ClientCapabilities(workspace=workspace)) as editor:
        uri = editor.open("model.py", BROKEN)
        assert editor.codes(uri) == ["HL101"]
        assert editor.registered == [lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES]
        file = tmp_path / "nnlint.toml"
        file.write_text('ignore = ["HL101"]')
        event = lsp.FileEvent(file.as_uri(), lsp.FileChangeType.Created)
        editor.client.workspace_did_change_watched_files(lsp.DidChangeWatchedFilesParams([event]))
        assert editor.hover(uri, LINE, 12) == ""
        assert editor.codes(uri) == []


def test_shutdown_leaves_no_process(tmp_path: Path) -> None:
    with Editor(tmp_path, delay=60_000) as editor:
        uri = editor.open("model.py", BROKEN)
        editor.type(uri, CLEAN, 2)  # a run is still to come
        assert editor.quit() == 0


def test_end_of_input_ends_the_server(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "nnlint", "server"], input=b"", cwd=tmp_path, capture_output=True
    )
    assert (done.returncode, done.stdout) == (1, b"")


def test_interrupt_ends_the_server_at_once(tmp_path: Path) -> None:
    with Editor(tmp_path) as editor:
        editor.findings(editor.open("model.py", BROKEN))
        process = editor.client._server
        assert process is not None
        process.send_signal(signal.SIGINT)
        assert editor.do(process.wait()) == 130


def test_without_pygls_it_says_how_to_install_it(tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules['pygls'] = None; from nnlint.cli import main; sys.exit(main(['server']))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert "pip install 'nnlint[server]'" in done.stderr
