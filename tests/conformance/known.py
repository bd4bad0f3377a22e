"""Cases that fail or are refused, and why; a case that fails without standing here fails the test suite."""

from __future__ import annotations

import re

# A pattern found in the case's name, and the reason.
KNOWN = (
    (r"iOS14::TestList::", "operations on lists are refused by name"),
    (
        r"iOS1[56]::TestCropResize::test_builder_to_backend_smoke",
        "a box that lies outside of the image and ends before it begins: Apple returns the whole image, resized",
    ),
    (
        r"TestNormalizationLocalResponseNorm::test_builder_to_backend_smoke",
        "the recorded values lack all neighbouring channels, against the documentation and PyTorch",
    ),
    (
        r"TestScatter.*::test_builder_to_backend_programmatic.*precision='fp16'.*accumulate_mode=div",
        "quotients of random numbers beyond float16's range",
    ),
    (
        r"TestCropResize::test_builder_to_backend_ios1[67].*precision='fp32'",
        "a value recorded with three decimals, 7.899, where the formula gives 7.9",
    ),
    (
        r"iOS15::TestResample::.*precision='fp32'",
        "coremltools expects casts that its float32 program does not have; the numbers compared before that agree",
    ),
    (
        r"TestConv(Transpose)?::test_builder_to_backend_stress.*float16",
        "float16 sums whose expectation is itself rounded twice, off by two units in the last place in a value or two",
    ),
    (
        r"iOS17::TestScatter::test_ios17_invalid_indices.*\[(10|-1), 0\]-validate_indices=False",
        "undefined by Apple, and the test asks for wrong numbers; here an index is counted from the end, or an error",
    ),
)


def reason_for(name: str) -> str | None:
    """Why a case is known to fail; None when it is not."""
    return next((reason for pattern, reason in KNOWN if re.search(pattern, name)), None)
