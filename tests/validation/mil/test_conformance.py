"""A sample of coremltools' own tests of operations: `make test-conformance`; all of them: `make conformance`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ...conformance.known import reason_for

ROOT = Path(__file__).parents[3]
EVERY = 200  # about half a minute


pytestmark = [pytest.mark.writes_packages, pytest.mark.conformance]


@pytest.fixture(scope="module")
def facts(tmp_path_factory):
    """What `python -m tests.conformance` writes; a process of its own, for it makes coremltools believe in macOS."""
    path = tmp_path_factory.mktemp("conformance") / "facts.json"
    command = [sys.executable, "-m", "tests.conformance", "--every", str(EVERY), "--mutations", "--json", str(path)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path[1:]])}
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert path.exists(), result.stdout[-2000:] + result.stderr[-2000:]
    return json.loads(path.read_text())


def test_nearly_all_cases_pass_and_all_others_are_known(facts):
    cases = facts["cases"]
    outcomes = [case["outcome"] for case in cases]
    assert outcomes.count("passed") >= 50, "the sample has shrunk"
    assert outcomes.count("passed") >= 0.97 * len(cases)
    assert [case for case in cases if case["outcome"] != "passed" and not reason_for(case["name"])] == []


def test_all_test_modules_could_be_imported(facts):
    """scipy is among the development dependencies for their sake."""
    assert [line for line in facts["broken"] if "No module named 'scipy'" not in line] == []
    if facts["broken"]:
        pytest.skip(f"NOT RUN: {len(facts['broken'])} modules need scipy, which is not installed")


def test_operations_made_wrong_are_noticed(facts):
    noticed = {mistake: count for mistake, (count, _) in facts["mutations"].items()}
    assert len(noticed) >= 5
    assert min(noticed.values()) > 0, noticed
