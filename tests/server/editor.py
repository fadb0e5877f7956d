"""An editor for tests: the client of pygls, talking to ``nnlint server`` by standard input and output."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from lsprotocol import types as lsp
from pygls.lsp.client import LanguageClient

T = TypeVar("T")
PATIENCE = 60  # seconds: the first run imports all checks, on a machine that may be busy

CAPABILITIES = lsp.ClientCapabilities(
    text_document=lsp.TextDocumentClientCapabilities(
        code_action=lsp.CodeActionClientCapabilities(
            resolve_support=lsp.ClientCodeActionResolveOptions(properties=["edit"])
        )
    )
)


class Editor:
    """A running server, and what it has said. ``saw``: the last diagnostics by address."""

    def __init__(
        self, folder: Path, capabilities: lsp.ClientCapabilities = CAPABILITIES, port: int = 0, **options: Any
    ) -> None:
        self.folder, self.capabilities, self.port, self.options = folder, capabilities, port, options
        self.saw: dict[str, lsp.PublishDiagnosticsParams] = {}
        self.messages: list[str] = []
        self.registered: list[str] = []
        self._runner = asyncio.Runner()

    def __enter__(self) -> Editor:
        self.client = LanguageClient("tests", "1")
        self.client.feature(lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)(partial(self._published))
        self.client.feature(lsp.WINDOW_LOG_MESSAGE)(lambda _: None)
        self.client.feature(lsp.WINDOW_SHOW_MESSAGE)(lambda params: self.messages.append(params.message))
        self.client.feature(lsp.CLIENT_REGISTER_CAPABILITY)(self._registers())
        self.do(self._start())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.quit()

    async def _start(self) -> None:
        await self._connect()
        folders = [lsp.WorkspaceFolder(self.folder.as_uri(), "tests")]
        self.initialized = await self.client.initialize_async(
            lsp.InitializeParams(
                capabilities=self.capabilities,
                workspace_folders=folders,
                initialization_options={"delay": 50, **self.options},
            )
        )
        self.client.initialized(lsp.InitializedParams())

    async def _connect(self) -> None:
        if not self.port:
            command = ("-m", "nnlint", "server")
            await self.client.start_io(sys.executable, *command, cwd=self.folder, limit=2**24)
            return None
        while True:
            try:
                return await self.client.start_tcp("127.0.0.1", self.port)
            except ConnectionRefusedError:
                await asyncio.sleep(0.1)

    def quit(self) -> int | None:
        """Shut the server down; its exit code, None of one that somebody else started."""
        if not self.client.stopped:
            self.do(self._quit())
        self._runner.close()
        return self.client._server.returncode if self.client._server else None

    async def _quit(self) -> None:
        await self.client.shutdown_async(None)
        self.client.exit(None)
        await self.client.stop()

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of something that takes the server's answer."""
        return self._runner.run(asyncio.wait_for(work, PATIENCE))

    # what a user does

    def open(self, name: str, text: str, version: int = 1) -> str:
        """Open a text, which need not be stored; its address."""
        uri = (self.folder / name).as_uri()
        document = lsp.TextDocumentItem(uri, "python", version, text)
        self.client.text_document_did_open(lsp.DidOpenTextDocumentParams(document))
        return uri

    def type(self, uri: str, text: str, version: int) -> None:
        """The text is another one now, and not stored."""
        whole = lsp.TextDocumentContentChangeWholeDocument(text)
        document = lsp.VersionedTextDocumentIdentifier(version=version, uri=uri)
        self.client.text_document_did_change(lsp.DidChangeTextDocumentParams(document, [whole]))

    def findings(self, uri: str, version: int | None = 1) -> list[lsp.Diagnostic]:
        """The diagnostics of a version, waited for."""
        return list(self.do(self._until(lambda: self._of(uri, version))).diagnostics)

    def codes(self, uri: str, version: int | None = 1) -> list[object]:
        return [d.code for d in self.findings(uri, version)]

    def hover(self, uri: str, line: int, character: int) -> str:
        """The text of a hover, "" without one."""
        document, position = lsp.TextDocumentIdentifier(uri), lsp.Position(line, character)
        found = self.do(self.client.text_document_hover_async(lsp.HoverParams(document, position)))
        return found.contents.value if found and isinstance(found.contents, lsp.MarkupContent) else ""

    def hints(self, uri: str, lines: int = 1000) -> dict[int, list[str]]:
        """The inlay hints by line, from 0."""
        span = lsp.Range(lsp.Position(0, 0), lsp.Position(lines, 0))
        params = lsp.InlayHintParams(lsp.TextDocumentIdentifier(uri), span)
        found: dict[int, list[str]] = {}
        for hint in self.do(self.client.text_document_inlay_hint_async(params)) or ():
            found.setdefault(hint.position.line, []).append(str(hint.label))
        return found

    def actions(self, uri: str, line: int, *only: str) -> list[lsp.CodeAction]:
        """What can be done on a line."""
        context = lsp.CodeActionContext(diagnostics=self.saw[uri].diagnostics, only=list(only) or None)
        span = lsp.Range(lsp.Position(line, 0), lsp.Position(line, 0))
        params = lsp.CodeActionParams(lsp.TextDocumentIdentifier(uri), span, context)
        found = self.do(self.client.text_document_code_action_async(params))
        return [action for action in found or () if isinstance(action, lsp.CodeAction)]

    def resolve(self, action: lsp.CodeAction) -> lsp.CodeAction:
        return self.do(self.client.code_action_resolve_async(action))

    async def _until(self, ready: Callable[[], T | None]) -> T:
        while (value := ready()) is None:
            self._news = asyncio.Event()
            await self._news.wait()
        return value

    def _of(self, uri: str, version: int | None) -> lsp.PublishDiagnosticsParams | None:
        seen = self.saw.get(uri)
        return seen if seen is not None and seen.version == version else None

    def _registers(self) -> Callable[[lsp.RegistrationParams], None]:
        return lambda params: self.registered.extend(wish.method for wish in params.registrations)

    def _published(self, params: lsp.PublishDiagnosticsParams) -> None:
        self.saw[params.uri] = params
        if hasattr(self, "_news"):
            self._news.set()


def applied(text: str, action: lsp.CodeAction, uri: str) -> str:
    """The text after an action; positions count characters of one unit each."""
    assert action.edit is not None and action.edit.changes is not None
    lines = text.split("\n")
    starts = [sum(len(line) + 1 for line in lines[:number]) for number in range(len(lines) + 1)]
    for edit in sorted(
        action.edit.changes[uri], key=lambda e: (e.range.start.line, e.range.start.character), reverse=True
    ):
        begin = starts[edit.range.start.line] + edit.range.start.character
        end = starts[edit.range.end.line] + edit.range.end.character
        text = text[:begin] + edit.new_text + text[end:]
    return text
