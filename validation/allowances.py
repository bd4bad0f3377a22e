"""How much worse than its baseline a figure may be before that is a regression; each with its reason.

The same files give the same figures in the same versions of the runtimes on the same instruction set. What is allowed
covers what other instruction sets and another calibration run add, and no more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .metrics import METRICS


@dataclass(frozen=True)
class Allowance:
    """What a figure is called in tables, which way is better, and the worst value that passes.

    worst: of the baseline's value and the number of images.
    """

    says: str
    higher_is_better: bool
    worst: Callable[[float, int], float]
    reason: str

    def passes(self, value: float, baseline: float, images: int) -> bool:
        """Whether `value` is no regression from `baseline`; NaN is one."""
        bound = self.worst(baseline, images)
        return value >= bound if self.higher_is_better else value <= bound


def _metric(name: str, worst: Callable[[float, int], float], reason: str) -> Allowance:
    return Allowance(METRICS[name].says, METRICS[name].higher_is_better, worst, reason)


def _none_more(says: str) -> Allowance:
    return Allowance(says, False, lambda before, _: before, "none more: the graph decides how fast a file is")


def _twice(before: float, _: int) -> float:
    """Of answers that do not quite sum to one, a divergence can be a little below zero."""
    return 2 * abs(before) + 1e-6


_POWER = "twice the noise power: sums in another order, or on other instruction sets, move it by less"
_TWICE = "twice as much: a largest or mean difference follows the noise"
_BORDER = "half as many again, and one image in all: answers on the border between classes"

ALLOWANCES: dict[str, Allowance] = {
    "sqnr_db": _metric("sqnr_db", lambda before, _: before - 3, _POWER),
    "cosine": _metric("cosine", lambda before, _: 1 - 2 * (1 - before) - 1e-6, _POWER),
    "max_abs_error": _metric("max_abs_error", _twice, _TWICE),
    "confidence_drift": _metric("confidence_drift", _twice, _TWICE),
    "kl_divergence": _metric("kl_divergence", _twice, _TWICE),
    "top1_agreement": _metric("top1_agreement", lambda before, n: 1 - 1.5 * (1 - before) - 1 / n, _BORDER),
    "top5_agreement": _metric("top5_agreement", lambda before, n: 1 - 1.5 * (1 - before) - 1 / n, _BORDER),
    "pixel_agreement": _metric(
        "pixel_agreement", lambda before, _: 1 - 1.5 * (1 - before) - 1e-3, "half as many again, and 0.1 % of them"
    ),
    "miou": _metric("miou", lambda before, _: 1 - 1.5 * (1 - before) - 5e-3, "half as far off again, and 0.5 points"),
    **{
        name: Allowance(
            f"{name}, %",
            True,
            lambda before, n: before - max(0.5, 300 / n),
            "half a point, or three images where that is more: the images are the same, their answers nearly",
        )
        for name in ("top-1", "top-5", "mIoU")
    },
    "bytes": Allowance("bytes", False, lambda before, _: 1.02 * before, "2 %: metadata of newer tools, no weights"),
    "weight_bytes": Allowance("bytes of weights", False, lambda before, _: 1.01 * before, "1 %: folded constants"),
    "operations": _none_more("operations"),
    "transposes": _none_more("transposes"),
    "reshapes": _none_more("reshapes"),
    "partitions": _none_more("partitions"),
    **{
        name: Allowance(
            says, False, lambda before, _: 1.5 * before, "half as much again: a phone is slower when warm or busy"
        )
        for name, says in (
            ("load_ms", "loading, ms"),
            ("preprocessing_ms", "resize and crop, ms"),
            ("inference_ms", "inference, ms, p50"),
            ("inference_p90_ms", "inference, ms, p90"),
            ("peak_mib", "peak memory, MiB"),
        )
    },
    "latency_ratio": Allowance(
        "latency, to the reference's",
        False,
        lambda before, _: 2 * before,
        "twice: processors of one instruction set differ by a third or so, leaving the fast kernels costs three times",
    ),
}


def allowance(figure: str) -> Allowance | None:
    """That of a figure, whose name may go on after a comma ("partitions, XNNPACK"); None for what is no figure."""
    name, comma, rest = figure.partition(", ")
    found = ALLOWANCES.get(name)
    return Allowance(f"{found.says}, {rest}", *_rest(found)) if found is not None and comma else found


def _rest(found: Allowance) -> tuple[bool, Callable[[float, int], float], str]:
    return found.higher_is_better, found.worst, found.reason
