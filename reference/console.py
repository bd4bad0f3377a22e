"""The terminal, to which text is text."""

from __future__ import annotations

from typing import IO, Any

from rich.console import Console
from rich.text import Text

from .foreign_text import printable


class Plain(Console):
    """A console to which text is text: no markup, no emoji codes, no colours by guess, no control characters."""

    def __init__(self, *, file: IO[str] | None = None) -> None:
        super().__init__(file=file, markup=False, emoji=False, highlight=False)

    def render_str(self, text: str, **options: Any) -> Text:
        """All text comes through here, that of tables too."""
        return super().render_str(printable(text), **options)
