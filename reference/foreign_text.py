"""Text that comes from elsewhere - labels, names of operations, errors of libraries - shown as it is, never obeyed."""

from __future__ import annotations

import unicodedata

# Of Unicode's categories: what terminals obey, and what no encoding and no XML can hold.
UNSHOWN = {"Cc", "Cs", "Cn"}
TURNS = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")  # the direction of what follows


def printable(text: str) -> str:
    """The text, with escapes such as \\x1b for what is no character to be shown; line breaks stay."""
    return "\n".join(line if line.isprintable() else "".join(map(_shown, line)) for line in text.split("\n"))


def one_line(text: str) -> str:
    """The same, with escapes for line breaks too."""
    return printable(text.strip()).replace("\n", "\\n")


def _shown(character: str) -> str:
    if unicodedata.category(character) in UNSHOWN or character in TURNS:
        return character.encode("unicode_escape").decode("ascii")
    return character
