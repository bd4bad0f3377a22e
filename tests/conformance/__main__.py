"""`python -m tests.conformance`: how much of coremltools' own tests of operations the executor passes."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter, defaultdict
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from .known import reason_for

if TYPE_CHECKING:
    from .plugin import Conformance

# Without it coremltools tests in float16 alone, whose tolerance (0.5, 5 %) lets half of wrong executors pass.
os.environ["INCLUDE_MIL_FP32_UNIT_TESTS"] = "1"
CASES_PER_MUTATION = 25


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument("--every", type=int, default=1, metavar="N", help="run every N-th case only")
    parser.add_argument("--first", type=int, default=0, metavar="K", help="... from the K-th on (default: 0)")
    parser.add_argument("--only", action="append", default=[], metavar="TEXT", help="cases with TEXT in their name")
    parser.add_argument("--mutations", action="store_true", help="also make operations wrong and see who notices")
    parser.add_argument("--log", type=Path, metavar="FILE", help="add a line of JSON for each case, as they come")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything there")
    arguments = parser.parse_args(argv)

    import torch
    import torch._dynamo  # before TensorFlow, which coremltools imports: see validation/doctor/faults.py

    from .plugin import Conformance

    torch.set_num_threads(1)
    conformance = Conformance(arguments.every, arguments.first, tuple(arguments.only), log=arguments.log)
    run(conformance)
    unknown = report(conformance)
    facts = {
        "cases": [vars(case) for case in conformance.cases],
        "operations": sorted(conformance.operations),
        "broken": conformance.broken,
        "mutations": mutations() if arguments.mutations else {},
    }
    for mistake, (noticed, of) in facts["mutations"].items():
        print(f"{mistake}: noticed by {noticed} of {of} cases")
    if arguments.json:
        arguments.json.write_text(json.dumps(facts, indent=1))
    return 1 if unknown or conformance.broken else 0


def run(conformance: Conformance, module: str = "") -> None:
    """Run coremltools' tests, or one file of them."""
    import coremltools
    import pytest

    tests = Path(coremltools.__file__).parent / "converters/mil/mil/ops/tests"
    options = ["-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", str(tests), "-W", "ignore"]
    options += ["--tb=no", "--no-header", "-r", "N", "--continue-on-collection-errors"]
    pytest.main([*options, str(tests / module)], plugins=[conformance])


def report(conformance: Conformance) -> list[str]:
    """Print counts by group, failures with their reasons, totals; returns the failures without a known reason."""
    from validation.mil.registry import REGISTRY

    groups: dict[str, Counter[str]] = defaultdict(Counter)
    for case in conformance.cases:
        groups[case.group][case.outcome] += 1
    print(f"{'group':50} passed failed refused")
    for name, counts in sorted(groups.items()):
        print(f"{name:50} {counts['passed']:6} {counts['failed']:6} {counts['refused']:7}")
    unknown = []
    for case in conformance.cases:
        if case.outcome != "passed":
            reason = reason_for(case.name)
            print(f"{case.outcome.upper()} {case.name}: {reason or case.reason}")
            unknown += [] if reason else [case.name]
    totals = Counter(case.outcome for case in conformance.cases)
    executed = totals["passed"] + totals["failed"]
    print(
        f"{totals['passed']} of {executed} executed cases passed ({totals['passed'] / max(1, executed):.2%}), "
        f"{totals['failed']} failed, {len(unknown)} of them without a known reason; {totals['refused']} refused; "
        f"{conformance.out_of_scope} of recurrent and stateful operations not run; "
        f"{len(REGISTRY.keys() & conformance.operations)} of {len(REGISTRY)} operations executed"
    )
    for module in conformance.broken:
        print(f"NOT RUN {module}")
    return unknown


def mutations() -> dict[str, tuple[int, int]]:
    """Of each mutation, how many cases that otherwise pass fail with it, and of how many."""
    from .mutations import MUTATIONS
    from .plugin import Conformance

    results = {}
    for mutation in MUTATIONS:
        passed = []
        for context in (nullcontext(), mutation.applied()):
            conformance = Conformance(only=(mutation.only,), at_most=CASES_PER_MUTATION)
            with context:
                run(conformance, mutation.module)
            passed.append({case.name for case in conformance.cases if case.outcome == "passed"})
        results[mutation.mistake] = (len(passed[0] - passed[1]), len(passed[0]))
    return results


if __name__ == "__main__":
    sys.exit(main())
