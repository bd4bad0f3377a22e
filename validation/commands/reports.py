"""The files that --json, --markdown, --junit and --html name."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from typing import Any

from ..doctor.environment import machine, versions
from ..reporting.formats import Reported, as_json, as_junit, as_markdown, write_file
from ..reporting.page import Page, as_html


def write_reports(
    arguments: Namespace, results: Sequence[Reported], title: str, page: Callable[[], Page], **more: Any
) -> None:
    """Write those that were asked for; UserError where one cannot be written.

    Args:
        page: makes the page; called only where it is asked for, since its plots take work.
        more: what stands in the JSON beside the results; where there is such, the results are told and not judged, and
            Markdown has all of them.
    """
    for path, text in (
        (arguments.json, lambda: as_json(results, **more)),
        (arguments.markdown, lambda: as_markdown(results, title, everything=bool(more))),
        (arguments.junit, lambda: as_junit(results, title)),
        (arguments.html, lambda: as_html(page())),
    ):
        if path is not None:
            write_file(path, text())


def about(pictures: str) -> dict[str, str]:
    """What stands in small print: the time, the machine, the pictures, versions."""
    now = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    return {"made": now, "on": machine(), "pictures": pictures, **versions()}
