"""The server: what the protocol asks for, to documents, runs and answers."""

from __future__ import annotations

import asyncio
import time
import traceback
from collections.abc import Iterable, Sequence
from dataclasses import field
from functools import partial
from typing import Any

from lsprotocol import types as lsp
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path

from nnlint import __version__
from nnlint.check import all_checks
from nnlint.config import UsageError
from nnlint.dataclass import dataclass
from nnlint.finding import Finding
from nnlint.repair import Fix
from nnlint.reports.style import count
from nnlint.server import actions
from nnlint.server.answers import FIX_ALL, action, edit, inlay_hints, wanted
from nnlint.server.diagnostics import diagnostics
from nnlint.server.documents import Document, is_foreign, overlay
from nnlint.server.explaining import hover
from nnlint.server.linting import Linted, Memories, Wishes, lint, wishes
from nnlint.server.manual import Manual
from nnlint.server.positions import Encoding, Positions
from nnlint.server.texts import Texts
from nnlint.server.thread import Thread, Turn

NOTEBOOKS = lsp.NotebookDocumentSyncOptions(
    notebook_selector=[
        lsp.NotebookDocumentFilterWithNotebook(
            notebook="jupyter-notebook", cells=[lsp.NotebookCellLanguage(language="python")]
        )
    ]
)
WATCHED = ("**/pyproject.toml", "**/nnlint.toml", "**/*.py")
UNTITLED = "untitled:"
MILLISECONDS = 1000


@dataclass
class Slot:
    """The last run for a document, and the one that is under way."""

    turn: Turn = field(default_factory=Turn)
    task: asyncio.Task[None] | None = None
    linted: Linted | None = None


class Server(LanguageServer):
    """A language server over nnlint. It never writes; what it cannot do it says in the log."""

    def __init__(self) -> None:
        super().__init__(
            "nnlint",
            __version__,
            text_document_sync_kind=lsp.TextDocumentSyncKind.Full,
            notebook_document_sync=NOTEBOOKS,
        )
        self.asked_to_end = False
        self._texts, self._memories, self._wishes = Texts(), Memories(), Wishes()
        self._slots: dict[str, Slot] = {}
        self._said: set[str] = set()
        self._thread, self._manual = Thread(), Manual()
        for name, options, handler in self._features():
            self.feature(name, options)(partial(handler))  # it gets attributes, which methods cannot have

    def _features(self) -> Sequence[tuple[str, Any, Any]]:
        """What the client may ask for, and what answers it."""
        kinds = lsp.CodeActionOptions(
            code_action_kinds=[lsp.CodeActionKind.QuickFix, FIX_ALL], resolve_provider=True
        )
        return (
            (lsp.INITIALIZE, None, self._initialize),
            (lsp.INITIALIZED, None, self._initialized),
            (lsp.SHUTDOWN, None, self._shutdown),
            (lsp.TEXT_DOCUMENT_DID_OPEN, None, self._opened),
            (lsp.TEXT_DOCUMENT_DID_CHANGE, None, self._changed),
            (lsp.TEXT_DOCUMENT_DID_SAVE, None, self._saved),
            (lsp.TEXT_DOCUMENT_DID_CLOSE, None, self._closed),
            (lsp.NOTEBOOK_DOCUMENT_DID_OPEN, None, self._notebook_opened),
            (lsp.NOTEBOOK_DOCUMENT_DID_CHANGE, None, self._notebook_changed),
            (lsp.NOTEBOOK_DOCUMENT_DID_SAVE, None, self._saved),
            (lsp.NOTEBOOK_DOCUMENT_DID_CLOSE, None, self._notebook_closed),
            (lsp.WORKSPACE_DID_CHANGE_CONFIGURATION, None, self._configured),
            (lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES, None, self._saved),
            (lsp.TEXT_DOCUMENT_HOVER, None, self._hover),
            (lsp.TEXT_DOCUMENT_INLAY_HINT, None, self._inlay_hints),
            (lsp.TEXT_DOCUMENT_CODE_ACTION, kinds, self._code_actions),
            (lsp.CODE_ACTION_RESOLVE, None, self._resolve),
        )

    # the life of the server

    def _initialize(self, params: lsp.InitializeParams) -> None:
        self._wishes = wishes(params.initialization_options, self._wishes)
        self._thread.run(all_checks, Turn())  # importing them takes the longest of a first run

    async def _initialized(self, _: lsp.InitializedParams) -> None:
        workspace = self.client_capabilities.workspace
        watching = workspace and workspace.did_change_watched_files
        if watching and watching.dynamic_registration:
            watchers = [lsp.FileSystemWatcher(glob_pattern=pattern) for pattern in WATCHED]
            options = lsp.DidChangeWatchedFilesRegistrationOptions(watchers=watchers)
            wish = lsp.Registration("nnlint.watched", lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES, options)
            await self.client_register_capability_async(lsp.RegistrationParams([wish]))

    def _shutdown(self, _: object) -> None:
        self.asked_to_end = True
        for slot in self._slots.values():
            _stop(slot)
        self.close()

    def close(self) -> None:
        """Leave nothing behind."""
        self._manual.close()

    def _configured(self, params: lsp.DidChangeConfigurationParams) -> None:
        self._wishes = wishes(params.settings, self._wishes)
        self._lint_all()

    # texts

    def _opened(self, params: lsp.DidOpenTextDocumentParams) -> None:
        text = params.text_document
        self._texts.put(text.uri, text.version, text.text)
        is_python = text.language_id == "python" or not text.uri.startswith(UNTITLED)
        if is_python and self._texts.open_file(text.uri):
            self._schedule(text.uri, 0)

    def _changed(self, params: lsp.DidChangeTextDocumentParams) -> None:
        uri = params.text_document.uri
        self._texts.change(uri, params.text_document.version, params.content_changes, self._encoding)
        self._schedule(uri, self._wishes.delay)
        self._schedule_users(uri)

    def _saved(self, _: object) -> None:
        self._memories.forget()
        self._lint_all()

    def _closed(self, params: lsp.DidCloseTextDocumentParams) -> None:
        self._close(params.text_document.uri)

    def _notebook_opened(self, params: lsp.DidOpenNotebookDocumentParams) -> None:
        for cell in params.cell_text_documents:
            self._texts.put(cell.uri, cell.version, cell.text)
        self._lint_notebook(params.notebook_document.uri, 0)

    def _notebook_changed(self, params: lsp.DidChangeNotebookDocumentParams) -> None:
        cells = params.change.cells
        for opened in (cells and cells.structure and cells.structure.did_open) or ():
            self._texts.put(opened.uri, opened.version, opened.text)
        for closed in (cells and cells.structure and cells.structure.did_close) or ():
            self._publish(closed.uri, None, [])
        for content in (cells and cells.text_content) or ():
            text = content.document
            self._texts.change(text.uri, text.version, content.changes, self._encoding)
        self._lint_notebook(params.notebook_document.uri, self._wishes.delay)

    def _notebook_closed(self, params: lsp.DidCloseNotebookDocumentParams) -> None:
        self._close(params.notebook_document.uri)

    def _lint_notebook(self, uri: str, delay: int) -> None:
        notebook = self.workspace.get_notebook_document(notebook_uri=uri)
        code = [
            c.document for c in (notebook.cells if notebook else ()) if c.kind == lsp.NotebookCellKind.Code
        ]
        if self._texts.open_notebook(uri, code):
            self._schedule(uri, delay)

    def _close(self, uri: str) -> None:
        slot = self._slots.pop(uri, None)
        if slot is not None:
            _stop(slot)
        for sheet in self._texts.close(uri):
            self._publish(sheet, None, [])

    # runs

    def _lint_all(self) -> None:
        for document in list(self._texts.documents()):
            self._schedule(document.uri, 0)

    def _schedule_users(self, uri: str) -> None:
        """Other open files that may import this one."""
        changed = self._texts.document(uri)
        if changed is None:
            return
        name = changed.path.parent.name if changed.path.stem == "__init__" else changed.path.stem
        for document in list(self._texts.documents()):
            if document.uri != uri and any(name in sheet.text for sheet in document.sheets):
                self._schedule(document.uri, self._wishes.delay)

    def _schedule(self, uri: str, delay: int) -> None:
        """Lint a document after so many milliseconds, and not its earlier texts any more."""
        if self._texts.document(uri) is None:
            return
        slot = self._slots.setdefault(uri, Slot())
        _stop(slot)
        slot.turn = Turn()
        slot.task = asyncio.create_task(self._run(uri, slot, slot.turn, delay))

    async def _run(self, uri: str, slot: Slot, turn: Turn, delay: int) -> None:
        await asyncio.sleep(delay / MILLISECONDS)
        document = self._texts.document(uri)
        if document is None or is_foreign(document.path, self._roots()):
            return
        began = time.perf_counter()
        everything = {d.path.resolve(): d for d in self._texts.documents()}
        texts = overlay(everything.values())
        call = partial(lint, document, everything, texts, self._wishes, self._memories, turn)
        try:
            slot.linted = await self._thread.run(call, turn)
        except UsageError as error:
            slot.linted = None
            self._say_once(str(error))
        except Exception as error:
            slot.linted = None
            self._log(lsp.MessageType.Error, "".join(traceback.format_exception(error)))
        self._show(document, slot.linted, time.perf_counter() - began)

    def _show(self, document: Document, linted: Linted | None, seconds: float) -> None:
        findings = linted.findings if linted else ()
        known = linted.others if linted else {}
        found = diagnostics(document, findings, known, self._encoding, self._manual)
        for sheet in document.sheets:
            self._publish(sheet.uri, sheet.version, found[sheet.uri])
        if linted is None:
            return
        for failure in linted.result.failures:
            self._say_once(f"{failure.where}: {type(failure.error).__name__}: {failure.error}")
        took = f"{document.path}: {count(len(findings), 'finding')} in {seconds * MILLISECONDS:.0f} ms"
        self._log(lsp.MessageType.Log, took)
        if self._wishes.inlay_hints and self._refreshes:
            self.workspace_inlay_hint_refresh(None)

    async def _linted(self, uri: str) -> tuple[Slot, Linted, int] | None:
        """The outcome for what the text at an address is now, and its cell."""
        slot = self._slots.get(self._texts.owner(uri))
        while slot is not None and slot.task is not None and not slot.task.done():
            await asyncio.wait({slot.task})
        if slot is None or slot.linted is None:
            return None
        cell = slot.linted.document.cell_of(uri)
        return None if cell is None else (slot, slot.linted, cell)

    # questions

    async def _hover(self, params: lsp.HoverParams) -> lsp.Hover | None:
        known = await self._linted(params.text_document.uri)
        sheet = known[1].document.sheet(known[2]) if known else None
        if known is None or sheet is None:
            return None
        return hover(known[1], known[2], params.position, Positions(sheet.text, self._encoding))

    async def _inlay_hints(self, params: lsp.InlayHintParams) -> list[lsp.InlayHint] | None:
        known = await self._linted(params.text_document.uri) if self._wishes.inlay_hints else None
        return inlay_hints(known[1], known[2], params.range, self._encoding) if known else None

    async def _code_actions(self, params: lsp.CodeActionParams) -> list[lsp.CodeAction] | None:
        known = await self._linted(params.text_document.uri)
        if known is None:
            return None
        slot, linted, cell = known
        only, given = params.context.only, params.context.diagnostics
        found: list[lsp.CodeAction] = []
        if wanted(lsp.CodeActionKind.QuickFix, only):
            here = self._findings_in(linted, cell, params.range)
            call = partial(self._offers, linted, here, slot.turn)
            offers = await self._thread.run(call, slot.turn) if here else []
            found += [action(o, lsp.CodeActionKind.QuickFix, given, self._versions) for o in offers]
        fixable = any(f.fix is not None and f.fix.safety is Fix.SAFE for f in linted.findings)
        if fixable and wanted(FIX_ALL, only):
            data = {"uri": params.text_document.uri}
            all_ = lsp.CodeAction(actions.ALL, kind=FIX_ALL, data=data)
            found.append(all_ if self._resolves else await self._resolve(all_))
        return found

    def _offers(self, linted: Linted, here: Sequence[Finding], turn: Turn) -> list[actions.Offer]:
        unsafe = self._wishes.unsafe_fixes
        repairs = actions.repairs(linted, here, self._encoding, turn, unsafe=unsafe)
        return [*repairs, *actions.silence(linted, here, self._encoding)]

    def _findings_in(self, linted: Linted, cell: int, span: lsp.Range) -> list[Finding]:
        sheet = linted.document.sheet(cell)
        if sheet is None:
            return []
        positions = Positions(sheet.text, self._encoding)
        lines = [(f, positions.of(f.place).start.line) for f in linted.findings if f.place.cell == cell]
        return [finding for finding, line in lines if span.start.line <= line <= span.end.line]

    async def _resolve(self, wish: lsp.CodeAction) -> lsp.CodeAction:
        """Find all safe fixes: runs of nnlint, so not before they are asked for."""
        uri = wish.data.get("uri") if isinstance(wish.data, dict) else None
        known = await self._linted(uri) if isinstance(uri, str) else None
        if known is None:
            return wish
        slot, linted, _ = known
        offer = await self._thread.run(partial(actions.fix_all, linted, self._encoding, slot.turn), slot.turn)
        wish.edit = edit(offer.steps if offer else (), self._versions)
        return wish

    # the client

    @property
    def _encoding(self) -> Encoding:
        return self.workspace.position_encoding or lsp.PositionEncodingKind.Utf16

    @property
    def _versions(self) -> bool:
        workspace = self.client_capabilities.workspace
        return bool(workspace and workspace.workspace_edit and workspace.workspace_edit.document_changes)

    @property
    def _resolves(self) -> bool:
        text = self.client_capabilities.text_document
        support = text and text.code_action and text.code_action.resolve_support
        return bool(support and "edit" in support.properties)

    @property
    def _refreshes(self) -> bool:
        workspace = self.client_capabilities.workspace
        return bool(workspace and workspace.inlay_hint and workspace.inlay_hint.refresh_support)

    def _roots(self) -> Iterable[str]:
        folders = self.workspace.folders.values()
        return [path for folder in folders if (path := to_fs_path(folder.uri))]

    def _publish(self, uri: str, version: int | None, found: list[lsp.Diagnostic]) -> None:
        params = lsp.PublishDiagnosticsParams(uri=uri, diagnostics=found, version=version)
        self.text_document_publish_diagnostics(params)

    def _log(self, kind: lsp.MessageType, message: str) -> None:
        self.window_log_message(lsp.LogMessageParams(kind, message))

    def _say_once(self, message: str) -> None:
        """Something that the user can correct, or should report."""
        if message not in self._said:
            self._said.add(message)
            self.window_show_message(lsp.ShowMessageParams(lsp.MessageType.Warning, f"nnlint: {message}"))


def _stop(slot: Slot) -> None:
    slot.turn.superseded = True
    if slot.task is not None:
        slot.task.cancel()
