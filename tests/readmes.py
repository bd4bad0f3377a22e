"""The Markdown pages of the repository, and what stands in them to be run."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]
# A fenced block: its language, its lines. Inline code does not begin a line with three marks.
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def pages() -> list[Path]:
    """All Markdown files that git knows, or would take."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", "*.md"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return sorted(path for name in said.splitlines() if (path := ROOT / name).exists())


def snippets(language: str, text: str = "") -> list[str]:
    """The fenced blocks of a language in all pages, those that have `text` in them."""
    found = [block for page in pages() for block in FENCE.findall(page.read_text("utf-8"))]
    return [lines for marked, lines in found if marked == language and text in lines]


def prose(page: Path) -> str:
    """A page without its fenced blocks."""
    return FENCE.sub("", page.read_text("utf-8"))
