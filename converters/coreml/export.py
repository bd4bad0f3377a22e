"""torch.export: the network as a graph of PyTorch's core operators, for one size of image or for several."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch.export import ExportedProgram

from reference.errors import UserError

from ..deployable import Deployable


def export(network: Deployable, shape: Sequence[int], sizes: Sequence[tuple[int, int]]) -> ExportedProgram:
    """The graph for images [B, C, H, W].

    Args:
        shape: of the images; sizes: height and width of all crops that it shall take, where there are
            several.

    Raises:
        UserError: for several sizes, one of which is no square, or which patches do not tile.
    """
    dynamic = None
    if sizes[1:]:
        oblong = [size for size in sizes if size[0] != size[1]]
        if oblong:
            raise UserError(f"--image-size with several sizes takes squares, not {'x'.join(map(str, oblong[0]))}")
        sides = [side for side, _ in sizes]
        config = network.network.config
        step = config.patch_size * 32  # patches tile every feature map, so that none is stretched
        wrong = [side for side in sides if side % step]
        if wrong:
            raise UserError(f"--image-size with several sizes takes multiples of {step}, not {wrong[0]}")
        side = step * torch.export.Dim("side", min=1, max=max(sides) // step)
        dynamic = ({2: side, 3: side},)
        # The size that is traced must not be one step: PyTorch takes a dimension of 1 for a constant.
        shape = [*shape[:2], max(sides), max(sides)]
    return torch.export.export(network, (torch.rand(*shape),), dynamic_shapes=dynamic).run_decompositions({})
