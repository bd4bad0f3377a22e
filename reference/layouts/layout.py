"""What a layout is: a project's names for MobileViT's tensors, and the preprocessing its checkpoints expect."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from PIL.Image import Resampling
from torch import Tensor

from ..config import BACKBONE, PREPROCESSING
from ..errors import UserError
from ..image_processor import MobileViTImageProcessor

# The network's fixed skeleton: how many inverted residuals the early encoder stages have, how many transformer layers
# the late ones, and how many convolutions the segmentation head's pyramid.
RESIDUALS = {0: 1, 1: 3}
TRANSFORMERS = {2: 2, 3: 4, 4: 3}
BRANCHES = 4

CLASSIFIER = "classifier"
HEADS = {f"{CLASSIFIER}.": "classification", "segmentation_head.": "segmentation"}  # by the prefix of their tensors


@dataclass(frozen=True)
class Layout:
    """One project's names, as templates from its modules to the reference's (see `written_out` for the fields).

    Attributes:
        name: for messages.
        convolution, normalization: what it calls the two halves of a layer.
        layers: layers of convolution and BatchNorm.
        modules: every other module with a weight.
        fused: attention's one matrix of queries, keys and values, in this order; to the module that has all three.
        prefix: of the backbone's tensors in checkpoints that have a head.
        training_only: prefixes of tensors that inference has no use for.
        edges: shortest edge and crop by task, in pixels; with `resample` and `bgr`, the filter and the channel order,
            what its checkpoints expect where no file says otherwise.
    """

    name: str
    convolution: str
    normalization: str
    layers: Mapping[str, str]
    modules: Mapping[str, str]
    fused: Mapping[str, str]
    prefix: str = ""
    training_only: tuple[str, ...] = ()
    edges: Mapping[str, tuple[int, int]] = field(default_factory=lambda: PREPROCESSING)
    resample: Resampling = Resampling.BILINEAR
    bgr: bool = True

    @cached_property
    def names(self) -> dict[str, str]:
        """Its modules to the reference's, without the fused ones."""
        names = dict(written_out(self.modules))
        for theirs, ours in written_out(self.layers):
            names[f"{theirs}.{self.convolution}"] = f"{ours}.convolution"
            names[f"{theirs}.{self.normalization}"] = f"{ours}.normalization"
        return names

    @property
    def stem(self) -> str:
        """What it calls the weight of the network's first convolution."""
        module = next(theirs for theirs, ours in self.layers.items() if ours == "conv_stem")
        return f"{module}.{self.convolution}.weight"

    @property
    def classifier(self) -> str:
        """What it calls the classifier."""
        return next(theirs for theirs, ours in self.modules.items() if ours == CLASSIFIER)

    @cached_property
    def fused_names(self) -> dict[str, str]:
        """Its fused attention modules to the reference's."""
        return dict(written_out(self.fused))

    def knows(self, name: str) -> bool:
        """Whether a MobileViT in this layout has a tensor of this name."""
        module = self._module(name)
        return module in self.names or module in self.fused_names or name.startswith(self.training_only)

    def renamed(self, weights: Mapping[str, Tensor], source: str) -> dict[str, Tensor]:
        """`weights` as the reference names them; what MobileViT does not have keeps its name, for `load_strictly`.

        Args:
            weights: as the layout names them.
            source: names the checkpoint in errors.

        Raises:
            UserError: when a fused matrix does not split into queries, keys and values, or a tensor is there twice.
        """
        known: dict[str, Tensor] = {}
        strange: dict[str, Tensor] = {}
        for name, tensor in weights.items():
            module, leaf = self._module(name), name.rpartition(".")[2]
            if module in self.names:
                ours = f"{self.names[module]}.{leaf}"
                if ours in known:
                    raise UserError(f"checkpoint {source} holds tensor {name} twice, once under another name")
                known[ours] = tensor
            elif module in self.fused_names:
                if tensor.ndim == 0 or len(tensor) % 3:
                    raise UserError(
                        f"checkpoint {source}: tensor {name} of shape {list(tensor.shape)} does not split into "
                        "queries, keys and values"
                    )
                for part, rows in zip(("query", "key", "value"), tensor.chunk(3)):
                    known[f"{self.fused_names[module]}.{part}.{leaf}"] = rows
            elif not name.startswith(self.training_only):
                strange[name] = tensor
        backbone = "" if task_of(known) == "features" else BACKBONE
        return {
            name if name.startswith(tuple(HEADS)) else backbone + name: tensor for name, tensor in known.items()
        } | strange

    def processor(self, task: str, channels: int) -> MobileViTImageProcessor:
        """The preprocessing that checkpoints in this layout expect, of a network that takes so many channels."""
        edge, crop = self.edges[task]
        return MobileViTImageProcessor(
            size=edge,
            crop_size=crop,
            resample=self.resample,
            do_flip_channel_order=self.bgr,
            num_channels=channels,
        )

    def _module(self, name: str) -> str:
        return name.removeprefix(self.prefix).rpartition(".")[0]


def task_of(names: Collection[str]) -> str:
    """By the head among the reference's names: "classification", "segmentation", or "features" for a backbone."""
    return next((task for head, task in HEADS.items() if any(name.startswith(head) for name in names)), "features")


def written_out(templates: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Module names from templates, for all numbers that their fields take.

    Fields: {early}, {late}: an encoder stage from 0, without and with transformers; {nth}: the same from 1; {index}:
    the residual, transformer layer or {branch} of the pyramid; {depth}: the number of the stage's transformer layers.
    """
    for theirs, ours in templates.items():
        for field_name, counts in (("{early}", RESIDUALS), ("{late}", TRANSFORMERS)):
            if field_name in ours:
                for stage, count in counts.items():
                    for index in range(count):
                        numbers = {"early": stage, "late": stage, "nth": stage + 1, "index": index, "depth": count}
                        yield theirs.format(**numbers), ours.format(**numbers)
                break
        else:
            for branch in range(BRANCHES if "{branch}" in ours else 1):
                yield theirs.format(branch=branch), ours.format(branch=branch)
