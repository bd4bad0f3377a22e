"""Results as one HTML page that needs nothing else: verdict, plots, pictures, tables, and the numbers as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from reference.foreign_text import printable

from ...results import verdict
from ..formats import Reported, facts_of, figure, has_baseline, heading, lost, lost_heading, shown
from . import charts
from .examples import Example
from .plot_data import Histogram, Measured, OfLabel, Profile

JSON_ID = "results"  # of the element that holds the numbers
PLOTTED = ("histograms", "profiles", "measured", "labels")
WORST = 20  # labels that are shown for each figure; the numbers have all


@dataclass(frozen=True)
class Page:
    """What the page shows.

    measured: size, speed and accuracy side by side; labels: what became of each; about: small print, such as versions.
    """

    title: str
    results: Sequence[Reported] = ()
    histograms: Sequence[Histogram] = ()
    profiles: Sequence[Profile] = ()
    measured: Sequence[Measured] = ()
    labels: Sequence[OfLabel] = ()
    examples: Sequence[Example] = ()
    about: dict[str, str] = field(default_factory=dict)

    def facts(self) -> dict:
        """All numbers of the page, fit for JSON; pictures by their names only."""
        return {
            "title": self.title,
            **facts_of(self.results),
            **{name: [asdict(each) for each in getattr(self, name)] for name in PLOTTED},
            "examples": [each.facts() for each in self.examples],
            "about": self.about,
        }


def as_html(page: Page) -> str:
    """The page, as text."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("validation.reporting", "page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"shown": shown, "verdict": verdict, "has_baseline": has_baseline}
    environment.globals |= {"figure": figure, "heading": heading, "lost": lost, "lost_heading": lost_heading}
    environment.globals |= {"charts": charts, "json_id": JSON_ID, "worst": WORST}
    # "</script>" within a string would end the element.
    facts = json.dumps(page.facts(), allow_nan=False).replace("<", "\\u003c")
    return printable(environment.get_template("page.html").render(page=page, facts=facts))
