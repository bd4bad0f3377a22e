"""Checkpoints by name: the bundled demonstration, a seed, a local file or folder, or the Hugging Face Hub."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from .config import CROP, RESIZE_EDGE, SIZES, MobileViTConfig
from .errors import UserError
from .heads import MobileViTForImageClassification
from .image_processor import MobileViTImageProcessor
from .initialise import randomise
from .sources import (
    CONFIG_FILE,
    HUB_IDS,
    PREPROCESSOR_FILE,
    WEIGHT_FILES,
    LocalSource,
    Source,
    open_source,
    require_file,
)
from .weights import load_strictly, read_weights

BUNDLED = Path(__file__).parent / "demo" / "weights"
RANDOM_SEED = 0
RANDOM_LABELS = 1000  # as many as ImageNet-1k: artifacts get their real size


@dataclass(frozen=True)
class Checkpoint:
    """A loaded checkpoint.

    id: "demo", "random", a Hub id, or the name of a local folder or file; sha256: of the weights (file bytes, or the
    tensors of "random"); model: float32, in eval mode; processor: the preprocessing it was trained with.
    """

    id: str
    sha256: str
    model: MobileViTForImageClassification
    processor: MobileViTImageProcessor

    @property
    def size(self) -> str:
        """The published size's name, or "custom"."""
        return self.model.config.size or "custom"

    @property
    def slug(self) -> str:
        """`id` as a part of a file name: "apple-mobilevit-small"."""
        return re.sub(r"[^A-Za-z0-9.]+", "-", self.id).strip("-") or "checkpoint"


def load_checkpoint(source: str = "demo", size: str | None = None) -> Checkpoint:
    """Load a classification checkpoint.

    Args:
        source: "demo" (bundled), "random" (seeded and well-scaled), a folder or weights file, or a Hub id such as
            "apple/mobilevit-xx-small". The Hub is asked for nothing but a Hub id.
        size: "xxs", "xs" or "s"; "xxs" when a bundled or random checkpoint does not say, and otherwise whatever the
            checkpoint is: it then only has to agree.

    Raises:
        UserError: when there is no such checkpoint, or it does not fit.
    """
    if size is not None and size not in SIZES:
        raise UserError(f"size {size!r} is unknown; choose one of {', '.join(SIZES)}")
    if source == "random":
        return _random(size or "xxs")
    if source == "demo":
        folder = BUNDLED / (size or "xxs")
        if not folder.is_dir():
            bundled = ", ".join(sorted(path.name for path in BUNDLED.iterdir()))
            raise UserError(
                f"no demo checkpoint of size {size} is bundled (only {bundled}): choose --size {bundled}, "
                f"--checkpoint {HUB_IDS[size or 'xxs']}, a path, or random"
            )
        return _from_source(LocalSource(folder), "demo", size)
    place = open_source(source)
    return _from_source(place, place.id, size)


def _random(size: str) -> Checkpoint:
    config = MobileViTConfig(**SIZES[size], num_labels=RANDOM_LABELS)
    model = MobileViTForImageClassification(config).eval()
    randomise(model, RANDOM_SEED)
    digest = hashlib.sha256()
    for tensor in model.state_dict().values():
        digest.update(tensor.numpy().tobytes())
    return Checkpoint("random", digest.hexdigest(), model, MobileViTImageProcessor(size=RESIZE_EDGE, crop_size=CROP))


def _from_source(place: Source, id: str, size: str | None) -> Checkpoint:
    config = MobileViTConfig.from_json_file(require_file(place, CONFIG_FILE))
    if size is not None and config.size != size:
        raise UserError(f"checkpoint {id} is of size {config.size or 'custom'}, not {size}: leave --size out")
    preprocessor = place.find(PREPROCESSOR_FILE)
    if preprocessor is not None:
        processor = MobileViTImageProcessor.from_json_file(preprocessor)
    else:  # the published classifiers' own, not the class default, which crops larger than it resizes
        processor = MobileViTImageProcessor(size=RESIZE_EDGE, crop_size=CROP)
    weights_file = require_file(place, *WEIGHT_FILES)
    model = MobileViTForImageClassification(config).eval()
    load_strictly(model, read_weights(weights_file), id)
    return Checkpoint(id, hashlib.sha256(weights_file.read_bytes()).hexdigest(), model, processor)
