"""``python -m tests.checkpoints [CODE...]``: put every fault into every trained network, in every form of file,
and count what nnlint finds.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.checkpoints.faults import FAULTS, Fault, State, places
from tests.checkpoints.files import FORMS
from tests.checkpoints.networks import NETWORKS, trained

from nnlint import engine
from nnlint.config import Settings


@dataclass(frozen=True)
class Verdict:
    """What nnlint says of one spoilt file. ``extra``: codes that the fault does not explain."""

    fault: Fault
    what: str
    found: bool
    extra: tuple[str, ...]


def findings(name: str, form: str, state: State) -> list[str]:
    """Codes, hints included, that nnlint gives for weights in a form of file."""
    with TemporaryDirectory() as folder:
        path = FORMS[form](Path(folder), name, state)
        result = engine.run(
            [str(path)], Settings(select=("WT", "OX", "IN"), ignore=("OX105", "OX110", "OX111"))
        )
        assert not result.failures, result.failures
        return sorted(f.code for f in result.findings)


def verdicts(name: str, form: str, faults: Sequence[Fault], most: int | None = None) -> list[Verdict]:
    """One for each place of each fault, or for ``most`` of them."""
    found = []
    for fault in faults:
        for tensor, state in islice(places(fault, trained(name).model), most):
            codes = findings(name, form, state)
            extra = tuple(c for c in codes if c != fault.code and c not in ALSO.get(fault.name, ()))
            found.append(Verdict(fault, f"{fault}: {tensor} of {name}, {form}", fault.code in codes, extra))
    return found


ALSO = {
    "a million times too large": ("WT103", "WT109"),
    "one value of 1e6": ("WT103", "WT109"),
    "all rows alike": ("WT102",),
    "a quarter of the rows zero": ("WT109",),
    "a quarter of the rows nearly zero": ("WT109",),
}
"""What the fault brings along: units beside such weights are nothing, biases beside none outweigh them."""


def main() -> int:
    """Exit code 1 when the weights of a network that learned are not clean."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("codes", nargs="*")
    parser.add_argument("--network", action="append", choices=NETWORKS)
    parser.add_argument("--form", action="append", choices=FORMS)
    parser.add_argument("--places", type=int, help="at most so many of each fault in a network (all)")
    options = parser.parse_args()
    chosen = [f for f in FAULTS if not options.codes or f.code.startswith(tuple(options.codes))]
    spoilt, judged = False, list[Verdict]()
    for name in options.network or NETWORKS:
        print(f"{name}: {trained(name).accuracy:.1%} right", flush=True)
        for form in options.form or FORMS:
            codes = findings(name, form, trained(name).model.state_dict())
            if codes:
                spoilt = True
                print(f"  not clean: {form}: {', '.join(codes)}")
            judged += verdicts(name, form, chosen, options.places)
    _print_table(chosen, judged)
    return int(spoilt)


def _print_table(faults: Sequence[Fault], judged: Sequence[Verdict]) -> None:
    injected = Counter(v.fault for v in judged)
    found = Counter(v.fault for v in judged if v.found)
    extra = Counter(v.fault for v in judged if v.extra)
    print(f"{'fault':48}{'injected':>9}{'found':>7}{'extra':>7}")
    for fault in faults:
        print(f"{fault!s:48}{injected[fault]:9}{found[fault]:7}{extra[fault]:7}")
    total = sum(injected.values())
    print(f"{'all':48}{total:9}{sum(found.values()):7}{sum(extra.values()):7}")
    for title, lines in (
        ("missed", [v.what for v in judged if not v.found]),
        ("extra", [f"{', '.join(v.extra)}: {v.what}" for v in judged if v.extra]),
    ):
        print(f"\n{title}:" if lines else "", *lines, sep="\n  ")


if __name__ == "__main__":
    sys.exit(main())
