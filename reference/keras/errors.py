"""UserError, as it must be to pass through Keras in one line."""

from __future__ import annotations

from ..errors import UserError


class CallError(UserError):
    """A UserError raised while a model is called. Keras would append all arguments of the call to its text."""

    _keras_call_info_injected = True  # what Keras marks the errors with that it is done with
