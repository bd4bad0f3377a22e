"""Tables that fit 100 columns, on a terminal of any width and in a file."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from reference.console import Plain

from ..results import Check, verdict
from .formats import Reported, shown, told

COLUMNS = 100


def show(*tables: Table | str) -> None:
    """Print tables, and lines of text between them."""
    console = Plain()
    console.width = min(console.width, COLUMNS) if console.is_terminal else COLUMNS
    for table in tables:
        console.print(table)


def judged(results: Sequence[Reported], title: str, verbose: bool) -> Table:
    """A table of each artifact in each runtime; what was only measured where it is asked for."""
    table = Table(title=f"{title}: {verdict(results)}", title_justify="left")
    table.add_column("artifact", overflow="fold")
    table.add_column("runtime")
    table.add_column("verdict")
    table.add_column("measured", ratio=1)
    for result in results:
        lines = [_line(check) for check in result.checks if told(check) or verbose]
        same = 0 if verbose else sum(check.baseline is not None and not told(check) for check in result.checks)
        lines += [f"{same} figures as before"] if same else []
        table.add_row(result.label, result.runtime, verdict(result.checks), "\n".join(lines), end_section=True)
    return table


def _line(check: Check) -> str:
    said = shown(check)
    asked = [f"before {said.before}"] if said.before else []
    asked += [said.bound] if said.bound else []
    joined = f"  ({', '.join(asked)})" if asked else ""
    sign = "✗ " if check.verdict == "FAIL" else ""
    return f"{sign}{said.name}: {said.value}{joined}"
