"""How float16 programs are rounded: Apple leaves it open, so it has a name and can be varied."""

from __future__ import annotations

from enum import Enum


class Precision(str, Enum):
    """Where values of type float16 are rounded.

    DECLARED: every operation computes in float32 on its inputs and rounds its result once to the declared type.
    FLOAT32: weights as stored, activations never rounded to float16; what the program means, free of rounding.
    FLOAT16_ACCUMULATE: as DECLARED, and conv, linear and matmul also round every product and every partial sum, in
        the order of the inputs: pessimistic, and slow.

    Apple's hardware may do none of the three: the Neural Engine and the GPU choose their own order of sums, may keep
    fused operations (conv + bias + activation) unrounded in between, may flush subnormal numbers to zero, and use
    their own approximations of exp, tanh, erf and the like. The spread between the modes is a hint, no bound.
    """

    DECLARED = "declared"
    FLOAT32 = "float32"
    FLOAT16_ACCUMULATE = "float16_accumulate"
