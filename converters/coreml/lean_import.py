"""Import coremltools without the frameworks it only takes models from.

coremltools imports TensorFlow, transformers and others wherever they are installed, for parts that are not used here;
that alone takes longer than the whole conversion.
"""

from __future__ import annotations

import sys
from types import ModuleType

UNUSED = ("tensorflow", "sklearn", "xgboost", "libsvm", "transformers", "torchao")


def import_coremltools() -> ModuleType:
    """The coremltools package."""
    hidden = [name for name in UNUSED if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None makes an import fail at once
    try:
        import coremltools
    finally:
        for name in hidden:
            del sys.modules[name]
    return coremltools
