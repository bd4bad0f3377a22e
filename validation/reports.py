"""Results for machines: JSON, Markdown for a summary on GitHub, and JUnit's XML for whatever shows tests."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from xml.etree import ElementTree

from reference.errors import UserError

from .metrics import METRICS
from .results import Check, verdict

SIGNS = {"PASS": "✅", "FAIL": "❌", "NOT RUN": "➖"}


class Reported(Protocol):
    """One artifact in one runtime, as `parity` gives it."""

    @property
    def artifact(self) -> str: ...

    @property
    def runtime(self) -> str: ...

    @property
    def checks(self) -> list[Check]: ...

    @property
    def diagnosis(self) -> list[str]: ...


@dataclass(frozen=True)
class Shown:
    """A check in words: what was looked at, the value, the bound with its sign; empty where there is none."""

    name: str
    value: str
    bound: str


def shown(check: Check) -> Shown:
    """A check as people read it."""
    metric = METRICS.get(check.check)
    if metric is None:
        return Shown(check.check, check.reason, "")
    value = "not finite" if check.value is None else f"{check.value:.4g}"
    bound = "" if check.bound is None else f"{'≥' if metric.higher_is_better else '≤'} {check.bound:.4g}"
    return Shown(metric.says, value, bound)


def as_json(results: Sequence[Reported]) -> str:
    """{"verdict", "results": [{"checks": [...], "diagnosis": [...]}]}; see Check."""
    facts = [{"checks": [check.model_dump() for check in each.checks], "diagnosis": each.diagnosis} for each in results]
    return json.dumps({"verdict": verdict(results), "results": facts}, indent=2) + "\n"


def as_markdown(results: Sequence[Reported]) -> str:
    """A table of what was bounded, failed or did not run, and the diagnoses below."""
    whole = verdict(results)
    lines = [f"### {SIGNS[whole]} parity: {whole}", "", "| artifact | runtime | check | value | bound | |"]
    lines.append("| --- | --- | --- | --- | --- | --- |")
    for check in (check for each in results for check in each.checks):
        if check.bound is not None or check.verdict != "PASS":
            said = shown(check)
            cells = (check.artifact, check.runtime, said.name, said.value, said.bound, SIGNS[check.verdict])
            lines.append(f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |")
    lines += ["", *(f"- {each.artifact}, {each.runtime}: {line}" for each in results for line in each.diagnosis)]
    return "\n".join(lines).rstrip() + "\n"


def as_junit(results: Sequence[Reported]) -> str:
    """One test case for each check; what did not run is a skipped one."""
    suites = ElementTree.Element("testsuites")
    suite = ElementTree.SubElement(suites, "testsuite", name="parity")
    for each in results:
        for check in each.checks:
            said, place = shown(check), f"{each.artifact}.{each.runtime}"
            case = ElementTree.SubElement(suite, "testcase", classname=place, name=said.name)
            measured = f"{said.value} {said.bound}".strip()
            message = measured if check.reason in measured else f"{measured}; {check.reason}"
            if check.verdict == "FAIL":
                failure = ElementTree.SubElement(case, "failure", message=message)
                failure.text = "\n".join(each.diagnosis) or None
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
