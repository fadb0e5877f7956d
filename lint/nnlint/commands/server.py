"""``nnlint server``: the language server, over standard input and output or a port."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
from typing import TYPE_CHECKING

from nnlint.cli import INTERRUPTED
from nnlint.config import UsageError

if TYPE_CHECKING:
    from nnlint.server.app import Server

NEEDED = ("pygls", "lsprotocol", "cattrs", "attrs", "attr")
INSTALL = "the language server needs pygls; install it with: pip install 'nnlint[server]'"


def run(options: argparse.Namespace) -> int:
    """Serve one client until it ends; 1 when it ends without saying so. Raises UsageError."""
    address = _address(options.tcp) if options.tcp else None
    try:
        from nnlint.server.app import Server
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in NEEDED:
            raise UsageError(INSTALL) from None
        raise
    logging.basicConfig(stream=sys.stderr, level=logging.ERROR, format="nnlint server: %(message)s")
    logging.getLogger("pygls.workspace").setLevel(logging.CRITICAL)  # texts are kept in nnlint.server.texts
    server = Server()
    signal.signal(signal.SIGINT, lambda *_: _leave(server))
    if address:
        _serve(server, *address)
    else:
        _speak(server)
    return 0 if server.asked_to_end else 1


def _leave(server: Server) -> None:
    """End at once: who waits for standard input cannot be asked to."""
    server.close()
    os._exit(INTERRUPTED)


def _serve(server: Server, host: str, port: int) -> None:
    """Listen on a port. Raises UsageError when it cannot be had."""
    try:
        server.start_tcp(host, port)
    except OSError as error:
        raise UsageError(f"--tcp {host}:{port}: {error.strerror or error}") from None
    except SystemExit:  # the client has said that it ends
        return


def _speak(server: Server) -> None:
    """Standard output is for the protocol alone: whatever else is printed goes to standard error."""
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as out:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        if sys.stdin.isatty():
            print(
                "nnlint server: an editor is to start this, and speak to it; Ctrl-C ends it", file=sys.stderr
            )
        server.start_io(sys.stdin.buffer, out)


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not port.isdecimal() or int(port) > 65_535:
        raise UsageError(f"--tcp {text}: say HOST:PORT, for example 127.0.0.1:2087")
    return host.strip("[]") or "127.0.0.1", int(port)
