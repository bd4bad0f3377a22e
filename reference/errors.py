"""The one exception for mistakes a user can make and mend."""

from __future__ import annotations


class UserError(ValueError):
    """A wrong argument, file or checkpoint. Its text is one line: what, where, what to do. Commands exit with 2."""
