"""What comes up on the way through a network: numbers, and such as its artifact's number format has."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode, _disable_current_modes

from reference.errors import UserError

from .deployable import Deployable
from .measure import FLOAT16_MAX
from .options import Options

# Where float16 does not hold a network's numbers.
REMEDY = {
    "mlpackage": "give --precision mixed, or float32",
    "aimodel": "give --precision float32",
    "tflite": "give --quantize none",
    "onnx": "",  # keeps such weights in float32
}


@torch.inference_mode()
def finite_answers(network: Deployable, images: Tensor, options: Options) -> tuple[Tensor, ...]:
    """What the network answers to images [B, C, H, W], with a look at all weights and at what comes up on the way.

    Raises:
        UserError: naming the first that is no number, or is larger than float16's where the artifact has those: it
            would be infinite there.
    """
    halves, what_else = "float16" in options.numbers, REMEDY[options.format]
    for name, weight in network.state_dict().items():
        if weight.is_floating_point():
            _check(weight, f"the weights {name}", what_else if halves and options.format != "onnx" else None)
    if halves and options.format in ("mlpackage", "aimodel"):  # the others widen weights before they compute
        with _looking(network, what_else):
            return network.answers(images)
    answers = network.answers(images)
    if not all(each.isfinite().all() for each in answers):
        with _looking(network, None):
            network.answers(images)
    return answers


class _Looking(TorchDispatchMode):
    """Sees the result of every operation; layers: those that are running, innermost last."""

    def __init__(self, what_else: str | None) -> None:
        super().__init__()
        self.layers: list[str] = []
        self._what_else = what_else

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = function(*args, **(kwargs or {}))
        for each in result if isinstance(result, tuple | list) else (result,):
            if isinstance(each, Tensor) and each.is_floating_point() and each.numel() and not function.is_view:
                layer = self.layers[-1] if self.layers else "the answer"
                _check(each, f"layer {layer} ({function.overloadpacket.__name__})", self._what_else)
        return result


@contextmanager
def _looking(network: nn.Module, what_else: str | None) -> Iterator[None]:
    looking, handles = _Looking(what_else), []
    for name, module in network.named_modules():

        def enter(_: object, __: object, name: str = name) -> None:
            looking.layers.append(name)

        def leave(_: object, __: object, ___: object) -> None:
            looking.layers.pop()

        if name:
            handles += [module.register_forward_pre_hook(enter), module.register_forward_hook(leave)]
    try:
        with looking:
            yield
    finally:
        for handle in handles:
            handle.remove()


def _check(values: Tensor, where: str, what_else: str | None) -> None:
    """what_else: to be done, where float16 has to hold them."""
    with _disable_current_modes():
        largest = float(torch.stack(values.aminmax()).abs().max())
    where = where.replace("network.", "", 1)
    if not math.isfinite(largest):
        raise UserError(f"{where}: a value is {largest}: the checkpoint is broken, or its training went astray")
    if what_else is not None and largest > FLOAT16_MAX:
        raise UserError(f"{where}: a value is {largest:.6g}, and float16 ends at {FLOAT16_MAX:.0f}: {what_else}")
