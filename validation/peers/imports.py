"""What must happen before transformers and litert-torch can be imported beside some builds of PyTorch."""

from __future__ import annotations

import sys

import torch


def let_torchvision_import() -> torch.library.Library | None:
    """Define the operators without which torchvision fails at import, and the oracles that import it with it.

    The registry's torchvision is built against CUDA; beside a CPU build of torch its C operators do not load. No oracle
    runs them. Nothing happens where torchvision works, or is absent.
    """
    try:
        import torchvision  # noqa: F401
    except ImportError:
        return None
    except RuntimeError:  # operator torchvision::nms does not exist
        operators = torch.library.Library("torchvision", "DEF")
        for name in ("nms", "qnms"):
            operators.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
            del sys.modules[name]  # halfway imported
        return operators
    return None
