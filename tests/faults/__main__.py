"""``python -m tests.faults [CODE...]``: put every fault into every program, and count what nnlint finds."""

from __future__ import annotations

import argparse
import sys
from collections import Counter

from tests.faults.faults import FAULTS, Fault
from tests.faults.programs import programs
from tests.faults.running import Verdict, findings, judge, mutants

from nnlint.check import all_checks


def main() -> int:
    """Exit code 1 when a good program is not clean."""
    options = _options()
    there = {check.code for check in all_checks()}
    chosen = [f for f in FAULTS if _is_wanted(f, options.codes, there)]
    verdicts: list[Verdict] = []
    spoiled = False
    for program in programs():
        if options.program and program.name not in options.program:
            continue
        clean, failures = findings(program)
        if clean or failures:
            spoiled = True
            print(f"not clean: {program.name}: {', '.join([*sorted(clean), *failures])}", flush=True)
        for mutant in mutants(program, chosen):
            verdict = judge(mutant, clean)
            verdicts.append(verdict)
            if options.verbose and not verdict.found:
                print(f"--- {mutant}\n{mutant.program.files[mutant.path]}")
    _print_table(chosen, verdicts)
    _print_list("missed", [str(v.mutant) for v in verdicts if not v.found])
    _print_list("extra", [f"{', '.join(v.extra)}: {v.mutant}" for v in verdicts if v.extra])
    _print_list("failed", [f"{', '.join(v.failures)}: {v.mutant}" for v in verdicts if v.failures])
    return int(spoiled)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("codes", nargs="*", help="codes, or beginnings of codes, of the faults (all)")
    parser.add_argument("--program", action="append", help="only into this program")
    parser.add_argument("--verbose", action="store_true", help="print the text of what is missed")
    return parser.parse_args()


def _is_wanted(fault: Fault, codes: list[str], there: set[str]) -> bool:
    return fault.codes[0] in there and (not codes or any(fault.codes[0].startswith(code) for code in codes))


def _print_table(faults: list[Fault], verdicts: list[Verdict]) -> None:
    injected = Counter(v.mutant.fault for v in verdicts)
    found = Counter(v.mutant.fault for v in verdicts if v.found)
    extra = Counter(v.mutant.fault for v in verdicts if v.extra)
    print(f"{'fault':56}{'injected':>9}{'found':>7}{'extra':>7}")
    for fault in filter(injected.__getitem__, faults):
        print(f"{fault!s:56}{injected[fault]:9}{found[fault]:7}{extra[fault]:7}")
    total = sum(injected.values())
    print(f"{'all':56}{total:9}{sum(found.values()):7}{sum(extra.values()):7}")
    print(f"found {sum(found.values()) / total:.1%}" if total else "nothing injected")


def _print_list(title: str, lines: list[str]) -> None:
    if lines:
        print(f"\n{title}:")
    for line in lines:
        print(f"  {line}")


if __name__ == "__main__":
    sys.exit(main())
