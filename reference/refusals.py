"""What the system refuses, through no mistake of ours: a full disk, a name that is too long."""

from __future__ import annotations

import errno
import os

_WHAT_TO_DO = {
    errno.ENOSPC: "free some space there, or choose another place (TMPDIR is that of temporary files)",
    errno.EDQUOT: "free some space there, or choose another place (TMPDIR is that of temporary files)",
    errno.EFBIG: "choose another place (TMPDIR is that of temporary files)",
    errno.EROFS: "choose another place (TMPDIR is that of temporary files)",
    errno.ENAMETOOLONG: "choose a shorter one",
}


def refusal(error: BaseException | None) -> str | None:
    """One line on what the system refused, where that is what led to `error`; None where it is not.

    Libraries make errors of their own kinds of it, in C++ at that: the system's own words then tell.
    """
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        for number, advice in _WHAT_TO_DO.items():
            words = os.strerror(number)
            if getattr(error, "errno", None) == number or words in str(error):
                place = getattr(error, "filename", None) or "a temporary file"
                return f"cannot write {place} ({words}): {advice}"
        if isinstance(error, FileNotFoundError) and "temporary directory" in str(error):
            return f"{error.strerror}: {_WHAT_TO_DO[errno.ENOSPC]}"
        error = error.__cause__ or error.__context__
    return None
