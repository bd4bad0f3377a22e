"""Options as data: each is declared once, as a field of a dataclass, and everything else follows from the field."""

from __future__ import annotations

import argparse
import dataclasses
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from reference.errors import UserError

Kind = TypeVar("Kind")


@dataclass(frozen=True, kw_only=True)
class Form:
    """How an option is typed, and how an artifact tells of it.

    help, metavar, choices, parse: of one value, as argparse takes them. group: the heading it stands under. repeated:
    whether it may be given several times. records: whether it shapes the artifact. says: a value as the manifest has
    it. mark: a value as the file's name has it, None where that would be no word. identity: what then tells two values
    apart there, by a hash; None: what the manifest says.
    """

    help: str
    group: str
    metavar: str | None = None
    choices: tuple[str, ...] | None = None
    parse: Callable[[str], Any] = str
    repeated: bool = False
    records: bool = True
    says: Callable[[Any], str] = str
    mark: Callable[[Any], str] | None = None
    identity: Callable[[Any], str] | None = None


def option(default: Any, help: str, *, group: str, by_default: str = "", **form: Any) -> Any:
    """A field of a dataclass, with its Form; `by_default`: what happens then, where the default is no word itself."""
    told = by_default or ("" if isinstance(default, bool | tuple | None) else str(default))
    notes = ["can be given several times"] * form.get("repeated", False) + [f"default: {told}"] * bool(told)
    whole = f"{help} ({'; '.join(notes)})" if notes else help
    return dataclasses.field(default=default, metadata={"form": Form(help=whole, group=group, **form)})


def form_of(field: dataclasses.Field[Any]) -> Form:
    """How the option is declared."""
    return field.metadata["form"]


def long_name(field: dataclasses.Field[Any]) -> str:
    """As it is typed, without the dashes before."""
    return field.name.replace("_", "-")


def add_options(groups: Mapping[str, Any], kind: type[Any]) -> None:
    """The command line's form of `kind`; options that are not given leave no trace in what is parsed.

    Args:
        groups: argparse's, by their headings.
    """
    own = inspect.get_annotations(kind)  # a pipeline's options come before those that all have
    for field in sorted(dataclasses.fields(kind), key=lambda each: each.name not in own):
        form = form_of(field)
        how: dict[str, Any] = {"default": argparse.SUPPRESS, "help": form.help.replace("%", "%%")}
        if isinstance(field.default, bool):
            how |= {"action": "store_true"}
        else:
            how |= {"action": "append" if form.repeated else "store", "type": _one_line(form.parse)}
            how |= {"metavar": form.metavar, "choices": form.choices}
        groups[form.group].add_argument(f"--{long_name(field)}", **how)


def from_arguments(kind: type[Kind], arguments: argparse.Namespace) -> Kind:
    """What was typed, as options of `kind`."""
    names = {field.name for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    given = {name: value for name, value in vars(arguments).items() if name in names}
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in given.items()})


def _one_line(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    """`parse` with its UserErrors as argparse's own, or it would print none of their words."""

    def parsed(text: str) -> Any:
        try:
            return parse(text)
        except UserError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    parsed.__name__ = getattr(parse, "__name__", "value")
    return parsed
