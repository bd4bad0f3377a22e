"""Tables that fit 100 columns, on a terminal of any width and in a file."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

COLUMNS = 100


def show(*tables: Table | str) -> None:
    """Print tables, and lines of text between them."""
    console = Console(highlight=False)
    console.width = min(console.width, COLUMNS) if console.is_terminal else COLUMNS
    for table in tables:
        console.print(table, markup=False) if isinstance(table, str) else console.print(table)
