"""Text as people's tools save it, read only where its encoding is certain."""

from __future__ import annotations

import codecs
from pathlib import Path

from .errors import UserError
from .plain_files import read_bytes

# Byte order marks, the longer first: UTF-32's begins with UTF-16's.
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def read_text(path: Path) -> str:
    """The text of a file in UTF-8, or in UTF-16 or UTF-32 with a byte order mark.

    Raises:
        UserError: where it cannot be read, or is in another encoding.
    """
    try:
        content = read_bytes(path)
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}") from error
    encoding = next((name for mark, name in _MARKS.items() if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        other = "UTF-16 without a byte order mark" if b"\0" in content else "an 8-bit encoding such as Windows-1252"
        what = f"broken {encoding.upper()}" if encoding != "utf-8" else f"not UTF-8 but probably {other}"
        raise UserError(f"{path} is {what} (byte {error.start}): save it as UTF-8") from error
    if "\0" in text:
        raise UserError(f"{path} is no text, or UTF-16 without a byte order mark: save it as UTF-8")
    return text
