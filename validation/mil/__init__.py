"""A reference executor of saved ML Programs (.mlpackage), on any operating system. It is not Apple's runtime.

    from validation.mil import Program

    Program("x.mlpackage").predict({"image": image})

It executes the operations stored in the package as coremltools documents them; it does not predict Neural Engine or GPU
rounding, speed, placement, or whether a device loads the model. Agreement shows that the file describes the same
function as the PyTorch model.

Of coremltools only the generated protobuf classes are used, so no mistake of its converter can hide in both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .precision import Precision
    from .program import Program

__all__ = ["Precision", "Program"]


def __getattr__(name: str) -> object:
    """Import on first use: `python -m validation.mil --help` must not wait for torch."""
    if name == "Program":
        from .program import Program

        return Program
    if name == "Precision":
        from .precision import Precision

        return Precision
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
