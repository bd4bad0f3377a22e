"""Checkpoints by name: the bundled demonstration, a seed, a local file or folder, or the Hugging Face Hub."""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .checkpoint_files import read_checkpoint_files
from .config import PREPROCESSING, SIZES, TASKS, MobileViTConfig
from .errors import UserError
from .heads import MobileViTForImageClassification, MobileViTForSemanticSegmentation
from .image_processor import MobileViTImageProcessor
from .initialise import randomise
from .manifest import Task
from .mobilevit import MobileViTModel
from .pretrained import PreTrainedModel
from .sources import RESERVED, LocalSource, Source, hub_id, open_source

BUNDLED = Path(__file__).parent / "demo" / "weights"
MODELS: dict[str, type[PreTrainedModel]] = {
    "classification": MobileViTForImageClassification,
    "segmentation": MobileViTForSemanticSegmentation,
    "features": MobileViTModel,
}
RANDOM_SEED = 0
# As the published checkpoints have them: artifacts get their real size.
RANDOM_CONFIGS: dict[str, dict[str, Any]] = {
    "classification": {"num_labels": 1000},
    "segmentation": {"num_labels": 21, "output_stride": 16, "image_size": 512},
    "features": {},
}


@dataclass(frozen=True)
class Checkpoint:
    """A loaded checkpoint.

    id: "demo", "random", a Hub id, or the name of a local folder or file; task: one of TASKS; sha256: of the weights
    (file bytes, or the tensors of "random"); model: float32, in eval mode, of the class that MODELS has for the task;
    processor: the preprocessing it was trained with; notes: what its user should know, a line each; commit: of a Hub
    id, the state of the repository, 40 hexadecimal digits.
    """

    id: str
    task: Task
    sha256: str
    model: PreTrainedModel
    processor: MobileViTImageProcessor
    notes: tuple[str, ...] = ()
    commit: str | None = None

    @property
    def size(self) -> str:
        """The published size's name, or "custom"."""
        return self.model.config.size or "custom"

    @property
    def slug(self) -> str:
        """`id` as a part of a file name: "apple-mobilevit-small".

        Letters outside ASCII, "_" and the like become "-" too; a short hash of the id then tells it apart from others.
        """
        plain = re.sub(r"[^A-Za-z0-9.]+", "-", self.id).strip("-") or "checkpoint"
        if re.fullmatch(r"[A-Za-z0-9./-]+", self.id):
            return plain
        return f"{plain}-{hashlib.sha256(self.id.encode()).hexdigest()[:6]}"

    def labelled(self, labels: Sequence[str]) -> Checkpoint:
        """The same with other names of its classes."""
        model = copy.copy(self.model)
        model.config = copy.copy(model.config)
        model.config.id2label = dict(enumerate(labels))
        model.config.label2id = {label: index for index, label in enumerate(labels)}
        return dataclasses.replace(self, model=model)

    def cropping(self, height: int, width: int) -> Checkpoint:
        """The same with crops of this many pixels, out of images larger in proportion.

        A shortest edge grows with the crop's longer one, so that no picture is smaller than the crop.
        """
        processor = copy.copy(self.processor)
        size, crop = processor.size, processor.crop_size
        if "shortest_edge" in size:
            edge = size["shortest_edge"] * max(height, width) / max(crop.values())
            processor.size = {"shortest_edge": round(edge)}
        elif processor.do_center_crop:
            sides = size["height"] * height / crop["height"], size["width"] * width / crop["width"]
            processor.size = {"height": round(sides[0]), "width": round(sides[1])}
        else:
            processor.size = {"height": height, "width": width}
        processor.crop_size = {"height": height, "width": width}
        return dataclasses.replace(self, processor=processor)


def load_checkpoint(
    source: str | Source = "demo",
    size: str | None = None,
    task: Task = "classification",
    *,
    revision: str | None = None,
    local_files_only: bool = False,
) -> Checkpoint:
    """Load a checkpoint.

    Args:
        source: "demo" (bundled), "random" (seeded and well-scaled), a folder or weights file, or a Hub id such as
            "apple/mobilevit-xx-small"; in Hugging Face's, ml-cvnets' or timm's layout. The Hub is asked for nothing
            but a Hub id; see `open_source` for what is one, whose result is taken too.
        size: "xxs", "xs" or "s"; "xxs" when a bundled or random checkpoint does not say, and otherwise whatever the
            checkpoint is: it then only has to agree.
        task: "classification", "segmentation", or "features": the backbone of a classifier.
        revision: of a Hub id, a branch, tag or commit; None: its main branch.
        local_files_only: whether of a Hub id the cache alone is asked.

    Raises:
        UserError: when there is no such checkpoint, or it does not fit; for a revision of what is no Hub id.
    """
    if size is not None and size not in SIZES:
        raise UserError(f"size {size!r} is unknown; choose one of {', '.join(SIZES)}")
    if task not in TASKS:
        raise UserError(f"task {task!r} is unknown; choose one of {', '.join(TASKS)}")
    if revision is not None and isinstance(source, str) and source in RESERVED:
        raise _no_revisions(source)
    if source == "random":
        return _random(size or "xxs", task)
    if source == "demo":
        return _from_source(LocalSource(_bundled(size or "xxs", task)), "demo", size, task)
    place = source
    if isinstance(place, str):
        place = open_source(place, revision=revision, local_files_only=local_files_only)
    if revision is not None and isinstance(place, LocalSource):
        raise _no_revisions(place.id)
    return _from_source(place, place.id, size, task)


def _no_revisions(source: str) -> UserError:
    return UserError(f"checkpoint {source} has no revisions: give --revision with a Hub id such as {hub_id('xxs')}")


def _bundled(size: str, task: str) -> Path:
    shelf = BUNDLED / ("segmentation" if task == "segmentation" else "classification")
    if not (shelf / size).is_dir():
        bundled = " or ".join(name for name in SIZES if (shelf / name).is_dir())
        raise UserError(
            f"no demo checkpoint of size {size} is bundled for {task} (only {bundled}): choose --size {bundled}, "
            f"--checkpoint {hub_id(size, task)}, a path, or random"
        )
    return shelf / size


def _random(size: str, task: Task) -> Checkpoint:
    model = MODELS[task](MobileViTConfig(**SIZES[size], **RANDOM_CONFIGS[task])).eval()
    randomise(model, RANDOM_SEED)
    digest = hashlib.sha256()
    for tensor in model.state_dict().values():
        digest.update(tensor.numpy().tobytes())
    return Checkpoint("random", task, digest.hexdigest(), model, published_processor(task))


def _from_source(place: Source, id: str, size: str | None, task: Task) -> Checkpoint:
    files = read_checkpoint_files(place)
    if size is not None and files.config.size != size:
        raise UserError(f"checkpoint {id} is of size {files.config.size or 'custom'}, not {size}: leave --size out")
    _check_task(files.task, id, task)
    files.config.return_dict = True  # a wish for who calls the model; here its answers are read by name
    model = MODELS[task].from_files(files, id)
    return Checkpoint(id, task, files.sha256, model, files.processor, files.notes, place.commit)


def published_processor(task: str, side: int | None = None) -> MobileViTImageProcessor:
    """The preprocessing of Apple's checkpoints for `task`, at their own crop or, in proportion, at `side` pixels."""
    edge, crop = PREPROCESSING[task]
    side = side or crop
    return MobileViTImageProcessor(size=round(side * edge / crop), crop_size=side)


def _check_task(found: str, id: str, task: str) -> None:
    """UserError when a checkpoint made for the task `found` cannot serve `task`."""
    if task == "segmentation" and found == "classification":
        raise UserError(
            f"checkpoint {id} is a classifier: choose --task classification or features, or a checkpoint such as "
            f"{hub_id('xxs', task)}"
        )
    if task != "segmentation" and found == "segmentation":
        raise UserError(f"checkpoint {id} segments images: choose --task segmentation")
    if task != "features" and found == "features":
        raise UserError(f"checkpoint {id} is a backbone without a head: choose --task features")
