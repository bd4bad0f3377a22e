"""How much worse than its baseline a figure may be before that is a regression; each with its reason.

A file made anew and run on another processor is no worse, and must pass. Two cases differ (`anew` in
reference/tolerances.py): where only float32's sums run in another order, answers are the same but for their last bits.
Where values are rounded as they run, or ranges were measured, another processor draws the rounding noise anew: a figure
is then a sample, and may differ from the baseline's as two samples differ.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from ..checks.metrics import METRICS, TOP

DEVIATIONS = 3.0  # of the difference of two samples
SQUARES, MAGNITUDES = 2.0, math.pi / 2 - 1  # of normal values: their variance, in units of their squared mean
NORMAL = math.pi / 2  # the variance of a normal value itself, in units of its squared mean magnitude
UNSURE = 1 / 8  # the share of images that are unsure enough to move, and so make the sample


@dataclass(frozen=True)
class Sample:
    """What a figure was measured on.

    images: how many; anew: see above; turned: how many images the baseline's artifact gave another class, or other
    labels, than the reference did; moved: by how much the errors of its values differed from the reference's.
    unit: of an accuracy the points that one image can move it by, of errors the largest value, at least 1 in parity.
    """

    images: int
    anew: bool = False
    turned: float = 0
    moved: float = 0
    unit: float = 1

    def times(self, variance: float) -> float:
        """How many times its baseline a mean of differences may be; `variance`: of one, in units of its mean."""
        return 1 + DEVIATIONS * (2 * variance / (UNSURE * self.images)) ** 0.5 if self.anew else 2


@dataclass(frozen=True)
class Allowance:
    """What a figure is called in tables, which way is better, and the worst value that passes.

    worst: of the baseline's value and what was measured.
    """

    says: str
    higher_is_better: bool
    worst: Callable[[float, Sample], float]
    reason: str

    def passes(self, value: float, baseline: float, sample: Sample) -> bool:
        """Whether `value` is no regression from `baseline`; NaN is one."""
        bound = self.worst(baseline, sample)
        return value >= bound if self.higher_is_better else value <= bound


def _metric(name: str, worst: Callable[[float, Sample], float], reason: str) -> Allowance:
    return Allowance(METRICS[name].says, METRICS[name].higher_is_better, worst, reason)


def _none_more(says: str) -> Allowance:
    return Allowance(says, False, lambda before, _: before, "none more: the graph decides how fast a file is")


def _noise(variance: float, floor: float) -> Callable[[float, Sample], float]:
    """Of means and largest values of differences; `floor`: what float32 alone may cost anywhere, of values up to 1."""
    return lambda before, sample: sample.times(variance) * abs(before) + floor * sample.unit


def _count(share: float, sample: Sample, per_image: int = 1) -> float:
    """The lowest share of equal answers: counts of rare events differ by the root of both together."""
    count = per_image * sample.images
    turned = (1 - share) * count
    more = 1 + DEVIATIONS * (2 * turned) ** 0.5 if sample.anew else 1 + turned / 2
    return 1 - (turned + more) / count


def _points(before: float, sample: Sample) -> float:
    """An accuracy in percent: images that turned may have turned the other way."""
    if sample.anew:
        return before - sample.unit * (1 + DEVIATIONS * (2 * sample.turned) ** 0.5)
    return before - max(0.5, 3 * sample.unit)


def _error(before: float, sample: Sample) -> float:
    """A mean absolute error: what the file moves errors by, it may move the other way."""
    return before + (sample.times(NORMAL) - 1) * sample.moved + _FLOAT32 * sample.unit


# What float32 itself costs: eight times 17 roundings of 2**-24 (reference/tolerances.py).
_FLOAT32_DB, _FLOAT32 = 100.0, 1e-5
_POWER = "twice the noise power, or as samples of it differ; beyond 100 dB lies float32's own"
_TWICE = "twice as much, or as samples of the noise differ"
_POINTS = "half a point, or three images; where noise is drawn anew, as many images as may turn by chance"
_ERROR = "as much more as the file moved errors before; where noise is drawn anew, as samples of it differ"
_BORDER = "half as many again, and one image; where noise is drawn anew, as counts of rare events differ"

ALLOWANCES: dict[str, Allowance] = {
    "sqnr_db": _metric(
        "sqnr_db", lambda before, sample: min(before - 10 * math.log10(sample.times(SQUARES)), _FLOAT32_DB), _POWER
    ),
    "cosine": _metric("cosine", lambda before, sample: 1 - sample.times(SQUARES) * (1 - before) - 1e-6, _POWER),
    "max_abs_error": _metric("max_abs_error", _noise(MAGNITUDES, _FLOAT32), _TWICE),
    "confidence_drift": _metric("confidence_drift", _noise(MAGNITUDES, _FLOAT32), _TWICE),
    # Of answers that do not quite sum to one, a divergence can be a little below zero.
    "kl_divergence": _metric("kl_divergence", _noise(SQUARES, 2e-7), _TWICE),
    "top1_agreement": _metric("top1_agreement", _count, _BORDER),
    "top5_agreement": _metric("top5_agreement", lambda before, sample: _count(before, sample, TOP), _BORDER),
    "same_answer": Allowance("same top 1, all images", True, _count, _BORDER),
    "same_labels": Allowance("same labels, all images", True, _count, _BORDER),
    "error_change": Allowance("change in errors, all images", False, _noise(MAGNITUDES, _FLOAT32), _TWICE),
    "quality_change": Allowance("change in what is right, all images", False, _noise(MAGNITUDES, _FLOAT32), _TWICE),
    "pixel_agreement": _metric(
        "pixel_agreement", lambda before, _: 1 - 1.5 * (1 - before) - 1e-3, "half as many again, and 0.1 % of them"
    ),
    "miou": _metric("miou", lambda before, _: 1 - 1.5 * (1 - before) - 5e-3, "half as far off again, and 0.5 points"),
    "top-1": Allowance("top-1, %", True, _points, _POINTS),
    "top-5": Allowance("top-5, %", True, _points, _POINTS),
    "mIoU": Allowance("mIoU, %", True, _points, _POINTS),
    "mAP": Allowance("mAP, %", True, _points, _POINTS),
    "macro F1": Allowance("macro F1, %", True, _points, _POINTS),
    "F1": Allowance("F1 (%)", True, _points, _POINTS),
    "MAE": Allowance("MAE", False, _error, _ERROR),
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
    return replace(found, says=f"{found.says}, {rest}") if found is not None and comma else found
