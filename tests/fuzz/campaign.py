"""Mutations through a parser, one after the other, and what became of each."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from reference.confined import Confined, Misbehaved
from reference.errors import UserError

from .mutations import Mutation
from .template import Template

OUTCOMES = ("clean", "right", "traceback", "hang", "crash", "memory")
GOOD = OUTCOMES[:2]
SECONDS = 5.0  # of processor time, from which on it is a hang
KEPT = 200  # mutations between two notes of how far a campaign is
_VERBS = {"raised": "traceback", "took": "hang", "waited": "hang", "ended": "crash", "asked": "memory"}


@dataclass(frozen=True)
class Target:
    """What is attacked.

    path: of the file that is written anew each time. content: a sound one's. mutations: one is drawn. read: a function
    "module:name" that takes the arguments, in a process of its own; it raises UserError for what is wrong. guarded:
    this one runs there what may crash or hang, and nothing may leave it but UserErrors. modules: what a process needs.
    """

    name: str
    path: Path
    content: bytes
    mutations: Sequence[Mutation]
    read: str
    arguments: tuple[object, ...] = ()
    guarded: Callable[[Confined], object] | None = None
    modules: tuple[str, ...] = ()


@dataclass
class Tally:
    """How far a campaign is: outcomes by number; contained: what a process of its own kept to itself, by kind; notes:
    the first of each bad kind."""

    done: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    contained: Counter[str] = field(default_factory=Counter)
    notes: dict[str, str] = field(default_factory=dict)


def attack(target: Target, seed: int, count: int, *, until: float = float("inf"), journal: Path | None = None) -> Tally:
    """Up to `count` mutations, of which those that the journal has are done, until the clock (time.monotonic) says."""
    tally = _read(journal)
    template = Template(*target.modules)
    process = template.copy()
    target.path.write_bytes(target.content)
    outcome, said = _outcome(target, process, Tally())
    if outcome != "clean":
        raise AssertionError(f"the sound file of {target.name} is {outcome}: {said}")
    for number in range(tally.done, count):
        if time.monotonic() > until:
            break
        random = Random(f"{seed} {target.name} {number}")
        target.path.write_bytes(_mutated(random, target))
        outcome, said = _outcome(target, process, tally)
        tally.outcomes[outcome] += 1
        if outcome not in GOOD:
            tally.notes.setdefault(said[:300], f"{target.name} {number}: {outcome}")
        if process.ended:
            process.close()
            process = template.copy()
        tally.done = number + 1
        if journal is not None and tally.done % KEPT == 0:
            _write(journal, tally)
    process.close()
    template.close()
    target.path.write_bytes(target.content)
    if journal is not None:
        _write(journal, tally)
    return tally


def _mutated(random: Random, target: Target) -> bytes:
    """Never the sound file itself; what cannot be changed so is changed otherwise."""
    while True:
        with suppress(ValueError, IndexError, KeyError, OverflowError, UnicodeError):  # of what is changed already
            content = random.choice(target.mutations)(random, target.content)
            if content != target.content:
                return content


def _outcome(target: Target, process: Confined, tally: Tally) -> tuple[str, str]:
    try:
        if target.guarded is not None:
            target.guarded(process)
        else:
            process.call(target.read, target.path, *target.arguments, seconds=SECONDS)
    except Misbehaved as error:
        return _VERBS[str(error).partition(" ")[0]], str(error)
    except UserError as error:
        if isinstance(error.__cause__, Misbehaved):
            tally.contained[_VERBS[str(error.__cause__).partition(" ")[0]]] += 1
        return "right", ""
    except Exception as error:
        return "traceback", f"{type(error).__name__}: {error}"
    return "clean", ""


def _read(journal: Path | None) -> Tally:
    if journal is None or not journal.exists():
        return Tally()
    said = json.loads(journal.read_text("utf-8"))
    return Tally(said["done"], Counter(said["outcomes"]), Counter(said["contained"]), said["notes"])


def _write(journal: Path, tally: Tally) -> None:
    aside = journal.with_suffix(".writing")
    aside.write_text(json.dumps(vars(tally), indent=1), "utf-8")
    aside.replace(journal)


def table(tallies: dict[str, Tally]) -> Iterator[str]:
    """Lines: what became of each parser's mutations."""
    yield f"{'parser':14}{'mutations':>10}" + "".join(f"{each:>10}" for each in OUTCOMES) + "  contained"
    for name, tally in tallies.items():
        counts = "".join(f"{tally.outcomes[each]:>10}" for each in OUTCOMES)
        contained = ", ".join(f"{kind} {number}" for kind, number in sorted(tally.contained.items()))
        yield f"{name:14}{tally.done:>10}{counts}  {contained or '-'}"
    for tally in tallies.values():
        yield from (f"{where}: {said}" for said, where in tally.notes.items())
