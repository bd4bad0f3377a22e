"""What checks say, for people, for JSON and for exit codes alike. A check that did not run never counts as passed."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict

Verdict = Literal["PASS", "FAIL", "NOT RUN"]

PASSED, FAILED, USAGE, NOT_RUN_BUT_REQUIRED = range(4)  # exit codes


class Check(BaseModel):
    """One verdict on one artifact in one runtime.

    check: a figure's name, or what was looked at; value, bound: of a figure, null where there is none (NaN has no
    JSON); baseline: what it was before, of drift; reason: why this bound, or what is wrong.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    artifact: str
    runtime: str
    check: str
    verdict: Verdict
    value: float | None = None
    bound: float | None = None
    baseline: float | None = None
    reason: str = ""


@dataclass(frozen=True)
class Judged:
    """An artifact in one runtime; label: the artifact's; diagnosis: what explains a failure, in words."""

    label: str
    runtime: str
    checks: list[Check]
    diagnosis: list[str] = field(default_factory=list)


class Checked(Protocol):
    """Anything with checks: for example what a comparison of one artifact gives."""

    @property
    def checks(self) -> list[Check]: ...


def verdict(of: Iterable[Check | Checked]) -> Verdict:
    """FAIL where anything failed, PASS where something passed, else NOT RUN."""
    said = {each.verdict for each in _flat(of)}
    return "FAIL" if "FAIL" in said else "PASS" if "PASS" in said else "NOT RUN"


def exit_code(of: Iterable[Check | Checked], required: Collection[str] = ()) -> int:
    """0 passed, 1 failed, 3 when nothing ran, or when a runtime named in `required` did not run everywhere it could."""
    checks = _flat(of)
    if verdict(checks) == "FAIL":
        return FAILED
    missing = any(each.verdict == "NOT RUN" and each.runtime in required for each in checks)
    unseen = set(required) - {each.runtime for each in checks}
    return NOT_RUN_BUT_REQUIRED if missing or unseen or verdict(checks) == "NOT RUN" else PASSED


def _flat(of: Iterable[Check | Checked]) -> list[Check]:
    return [check for each in of for check in ([each] if isinstance(each, Check) else each.checks)]
