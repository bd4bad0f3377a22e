"""`python -m tests.conformance`: how much of coremltools' own tests the executor passes."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter, defaultdict
from pathlib import Path

# Without it coremltools tests in float16 alone, whose tolerance (0.5, 5 %) lets half of wrong executors pass.
os.environ["INCLUDE_MIL_FP32_UNIT_TESTS"] = "1"


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument("--every", type=int, default=1, metavar="N", help="run every N-th case only")
    parser.add_argument("--first", type=int, default=0, metavar="K", help="... from the K-th on (default: 0)")
    parser.add_argument("--only", action="append", default=[], metavar="TEXT", help="cases with TEXT in their name")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all cases there")
    arguments = parser.parse_args(argv)

    import coremltools
    import pytest
    import torch

    from .plugin import Conformance

    torch.set_num_threads(1)
    tests = Path(coremltools.__file__).parent / "converters/mil/mil/ops/tests"
    conformance = Conformance(every=arguments.every, first=arguments.first, only=tuple(arguments.only))
    options = ["-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", str(tests), "--tb=no", "-W", "ignore"]
    pytest.main([*options, "--no-header", "-r", "N", str(tests)], plugins=[conformance])
    if arguments.json:
        facts = [vars(case) for case in conformance.cases]
        arguments.json.write_text(json.dumps({"cases": facts, "operations": sorted(conformance.operations)}, indent=1))
    report(conformance.cases)
    return 0


def report(cases) -> None:
    groups: dict[str, Counter[str]] = defaultdict(Counter)
    for case in cases:
        groups[case.group][case.outcome] += 1
    print(f"{'group':50} passed failed refused")
    for name, counts in sorted(groups.items()):
        print(f"{name:50} {counts['passed']:6} {counts['failed']:6} {counts['refused']:7}")
    for case in cases:
        if case.outcome == "failed":
            print(f"FAILED {case.name}: {case.reason}")
    totals = Counter(case.outcome for case in cases)
    print(dict(totals))


if __name__ == "__main__":
    sys.exit(main())
