"""torch.export: the network as a graph of PyTorch's core operators, for one size of image or for several."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch.export import ExportedProgram

from reference.errors import UserError

from ..deployable import Deployable


def export(network: Deployable, shape: Sequence[int], sides: Sequence[int]) -> ExportedProgram:
    """The graph for images [1, 3, H, W].

    Args:
        shape: of an image; sides: of all crops that it shall take, where there are several.

    Raises:
        UserError: for several sides, one of which patches do not tile.
    """
    dynamic = None
    if sides[1:]:
        config = network.network.config
        step = config.patch_size * 32  # patches tile every feature map, so that none is stretched
        wrong = [side for side in sides if side % step]
        if wrong:
            raise UserError(f"--image-size with several sizes takes multiples of {step}, not {wrong[0]}")
        side = step * torch.export.Dim("side", min=1, max=max(sides) // step)
        dynamic = ({2: side, 3: side},)
    return torch.export.export(network, (torch.rand(*shape),), dynamic_shapes=dynamic).run_decompositions({})
