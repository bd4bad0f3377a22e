"""What checks say, for people, for JSON and for exit codes alike. A check that did not run never counts as passed."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Literal

from pydantic import BaseModel, ConfigDict

Verdict = Literal["PASS", "FAIL", "NOT RUN"]

PASSED, FAILED, USAGE, NOT_RUN_BUT_REQUIRED = range(4)  # exit codes


class Check(BaseModel):
    """One verdict on one artifact in one runtime.

    check: a metric's name, or what was looked at; value, bound: of a metric, null where there is none (NaN has no
    JSON); reason: why this bound, or what is wrong.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    artifact: str
    runtime: str
    check: str
    verdict: Verdict
    value: float | None = None
    bound: float | None = None
    reason: str = ""


def verdict(checks: Iterable[Check]) -> Verdict:
    """FAIL where anything failed, PASS where something passed, else NOT RUN."""
    said = {each.verdict for each in checks}
    return "FAIL" if "FAIL" in said else "PASS" if "PASS" in said else "NOT RUN"


def exit_code(checks: Collection[Check], required: Collection[str] = ()) -> int:
    """0 passed, 1 failed, 3 when nothing ran, or when a runtime named in `required` did not run everywhere it could."""
    if any(each.verdict == "FAIL" for each in checks):
        return FAILED
    missing = any(each.verdict == "NOT RUN" and each.runtime in required for each in checks)
    unseen = set(required) - {each.runtime for each in checks}
    return NOT_RUN_BUT_REQUIRED if missing or unseen or verdict(checks) == "NOT RUN" else PASSED
