"""What `python -m validation doctor` prints."""

from __future__ import annotations

import json
from argparse import Namespace
from dataclasses import asdict
from itertools import groupby

from rich.table import Table

from reference.command_line import working

from ..doctor.environment import Ability, Dependency, Environment, environment
from ..doctor.faults import Found, faults
from ..reporting.formats import write_file
from ..reporting.tables import show
from ..results import FAILED, PASSED


def run(arguments: Namespace) -> int:
    """Look around, print, write JSON where asked to; 1 where a combination known to be bad is here."""
    with working("looking", arguments.verbose):
        here, bad = environment(), faults()
    show(_table(here), *(_bad(each) for each in bad), "" if bad else "nothing known to be bad")
    if arguments.json is not None:
        facts = {**asdict(here), "faults": [asdict(each) for each in bad]}
        write_file(arguments.json, json.dumps(facts, indent=2) + "\n")
    return FAILED if bad else PASSED


def _table(here: Environment) -> Table:
    chip = here.processor
    told = [("processor", chip.name), ("has", ", ".join(chip.has)), ("lacks", ", ".join(chip.lacks))]
    sections = [
        [
            ("Python", f"{here.python}, {here.system}"),
            *(
                (f"extra {extra}" if extra else "kit", _installed(list(asked), extra))
                for extra, asked in groupby(here.dependencies, lambda each: each.extra)
            ),
        ],
        [(each.runtime, _can(each)) for each in here.runtimes],
        [*told[:1], ("has", chip.unknown)] if chip.unknown else told,
        [*here.kernels.items(), *(("set", f"{name}={value}") for name, value in here.settings.items())],
    ]
    table = Table(show_header=False)
    table.add_column("what")
    table.add_column("found", overflow="fold", ratio=1)
    for rows in sections:
        for what, found in rows:
            table.add_row(what, found)
        table.add_section()
    return table


def _installed(asked: list[Dependency], extra: str) -> str:
    here = [f"{each.name} {each.version}" for each in asked if each.version is not None]
    absent = [each.name for each in asked if each.version is None]
    wanted = f".[{extra}]" if extra else "."
    missing = [f"missing: {', '.join(absent)} (pip install -e '{wanted}')"] if absent else []
    return "\n".join([", ".join(here), *missing] if here else missing)


def _can(found: Ability) -> str:
    if found.not_run:
        return f"NOT RUN: {found.not_run}"
    return f"runs .{found.format}{', looks inside' if found.localizes else ''}"


def _bad(found: Found) -> str:
    return f"BAD: {found.name}: {found.found}\n  {found.means}\n  remedy: {found.remedy}"
