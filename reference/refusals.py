"""What the system refuses, through no mistake of ours: a full disk, a name that is too long."""

from __future__ import annotations

import errno
import os

_SPACE = "free some space there, or choose another place (TMPDIR is that of temporary files)"
_WHAT_TO_DO = {
    errno.ENOSPC: _SPACE,
    errno.EDQUOT: _SPACE,
    errno.EFBIG: _SPACE,
    errno.EROFS: "choose another place (TMPDIR is that of temporary files)",
    errno.ENAMETOOLONG: "choose a shorter name",
}
# What coremltools' writer says of a full disk, and of nothing else that has been seen.
_OTHER_WORDS = {errno.ENOSPC: "[MIL FileWriter]: Unknown error occurred while writing"}


def refusal(error: BaseException | None) -> str | None:
    """One line on what the system refused, where that is what led to `error`; None where it is not."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        number = refused(error)
        if number is not None:
            place = getattr(error, "filename", None) or "a temporary file"
            return f"cannot use {place} ({os.strerror(number)}): {_WHAT_TO_DO[number]}"
        if isinstance(error, FileNotFoundError) and "temporary directory" in str(error):
            return f"{error.strerror}: {_SPACE}"
        error = error.__cause__ or error.__context__
    return None


def refused(error: BaseException) -> int | None:
    """The number that the system gives its reason, where it is one of these.

    Libraries make errors of their own kinds of it, in C++ at that: the system's own words then tell.
    """
    for number in _WHAT_TO_DO:
        words = (os.strerror(number), _OTHER_WORDS.get(number, os.strerror(number)))
        if getattr(error, "errno", None) == number or any(each in str(error) for each in words):
            return number
    return None
