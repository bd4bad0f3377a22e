"""Results for machines: JSON, Markdown for a summary on GitHub, and JUnit's XML for whatever shows tests."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from xml.etree import ElementTree

from reference.errors import UserError
from reference.foreign_text import one_line, printable

from ..baselines.allowances import allowance
from ..checks.metrics import METRICS
from ..results import Check, verdict

SIGNS = {"PASS": "✅", "FAIL": "❌", "NOT RUN": "➖"}

OF_LABELS = {name: f"{name}, %" for name in ("AP", "F1", "IoU")}  # above columns of labels


class Reported(Protocol):
    """One artifact in one runtime, as `parity` gives it; label: the artifact's."""

    @property
    def label(self) -> str: ...

    @property
    def runtime(self) -> str: ...

    @property
    def checks(self) -> list[Check]: ...

    @property
    def diagnosis(self) -> list[str]: ...


@dataclass(frozen=True)
class Shown:
    """A check in words: what was looked at, the value, what it was before, the bound with its sign; "" for none."""

    name: str
    value: str
    before: str
    bound: str


def shown(check: Check) -> Shown:
    """A check as people read it."""
    figure = METRICS.get(check.check) or allowance(check.check)
    if figure is None or check.verdict == "NOT RUN":
        return Shown(figure.says if figure is not None else check.check, check.reason, "", "")
    value = "not finite" if check.value is None else number(check.value)
    bound = "" if check.bound is None else f"{'≥' if figure.higher_is_better else '≤'} {number(check.bound)}"
    return Shown(figure.says, value, "" if check.baseline is None else number(check.baseline), bound)


def number(value: float) -> str:
    """Counts in full, shares close to 1 to seven digits, all else to four."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.{7 if 0.999 < value < 1 else 4}g}"


def heading(figure: str) -> str:
    """What an accuracy is called above a column, with its unit."""
    known = allowance(figure)
    return OF_LABELS.get(figure, figure if known is None else known.says)


def figure(name: str, value: float | None) -> str:
    """The value of an accuracy: percents with two decimals, errors in their own unit as `number` has them."""
    if value is None:
        return "not finite"
    return f"{value:.2f}" if "%" in heading(name) else number(value)


def lost(name: str, interval: tuple[float, float, float]) -> str:
    """How much worse an artifact is in that accuracy, and the interval."""
    points, low, high = (signed(name, value) for value in interval)
    return f"{points} ({low} .. {high})"


def signed(name: str, change: float) -> str:
    """By how much an accuracy differs."""
    return f"{change:+.2f}" if "%" in heading(name) else f"{change:+.3g}"


def lost_heading(name: str) -> str:
    """What `lost` is called."""
    return "points lost" if "%" in heading(name) else f"{name} added"


def told(check: Check) -> bool:
    """Whether a summary needs it: what was only measured, or is what it was before, it does not."""
    return check.verdict != "PASS" or (check.bound is not None and check.value != check.baseline)


def has_baseline(results: Sequence[Reported]) -> bool:
    """Whether anything was held against what it was before."""
    return any(check.baseline is not None for each in results for check in each.checks)


def facts_of(results: Sequence[Reported]) -> dict[str, Any]:
    """{"verdict", "results": [{"checks": [...], "diagnosis": [...]}]}; see Check."""
    facts = [{"checks": [check.model_dump() for check in each.checks], "diagnosis": each.diagnosis} for each in results]
    return {"verdict": verdict(results), "results": facts}


def as_json(results: Sequence[Reported], **more: Any) -> str:
    """See facts_of; more: what else is to stand beside the results."""
    return json.dumps({**facts_of(results), **more}, indent=2) + "\n"


def as_markdown(results: Sequence[Reported], title: str = "parity", *, everything: bool = False) -> str:
    """A table of what was bounded, failed or did not run, and the diagnoses below; everything: what was told too."""
    whole = verdict(results)
    before = ["before"] if has_baseline(results) else []
    headings = ["artifact", "runtime", "check", "value", *before, "bound", ""]
    lines = [f"### {SIGNS[whole]} {title}: {whole}", "", f"| {' | '.join(headings)} |", "| --- " * len(headings) + "|"]
    for check in (check for each in results for check in each.checks if everything or told(check)):
        said = shown(check)
        values = [said.value, said.before, said.bound] if before else [said.value, said.bound]
        cells = [check.artifact, check.runtime, said.name, *values, SIGNS[check.verdict]]
        lines.append(f"| {' | '.join(map(_marked_down, cells))} |")
    lines += ["", *(f"- {_marked_down(line)}" for line in diagnoses(results))]
    return "\n".join(lines).rstrip() + "\n"


def _marked_down(text: str) -> str:
    """Text that Markdown shows as it is, in a cell of a table too."""
    marks = r"[\\`*\[\]<~&]|(?<![a-zA-Z0-9])_|_(?![a-zA-Z0-9])"
    return re.sub(marks, r"\\\g<0>", one_line(text)).replace("|", "&#124;")


def diagnoses(results: Sequence[Reported]) -> list[str]:
    """All lines of diagnosis, with what they are about."""
    return [f"{each.label}, {each.runtime}: {line}" for each in results for line in each.diagnosis]


def as_junit(results: Sequence[Reported], title: str = "parity") -> str:
    """One test case for each check; what did not run is a skipped one."""
    suites = ElementTree.Element("testsuites")
    suite = ElementTree.SubElement(suites, "testsuite", name=printable(title))
    for each in results:
        for check in each.checks:
            said, place = shown(check), printable(f"{each.label}.{each.runtime}")
            case = ElementTree.SubElement(suite, "testcase", classname=place, name=printable(said.name))
            measured = f"{said.value} {said.bound}".strip()
            message = printable(measured if check.reason in measured else f"{measured}; {check.reason}")
            if check.verdict == "FAIL":
                failure = ElementTree.SubElement(case, "failure", message=message)
                failure.text = printable("\n".join(each.diagnosis)) or None
            elif check.verdict == "NOT RUN":
                ElementTree.SubElement(case, "skipped", message=message)
    cases = list(suite)
    suite.set("tests", str(len(cases)))
    suite.set("failures", str(sum(case.find("failure") is not None for case in cases)))
    suite.set("skipped", str(sum(case.find("skipped") is not None for case in cases)))
    ElementTree.indent(suites)
    return ElementTree.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def write_file(path: Path, text: str) -> None:
    """Write a report; UserError where that cannot be done."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from error
