"""From a checkpoint's files, in whatever layout people have them, to configuration, tensors and preprocessing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from .config import MobileViTConfig, check_names
from .errors import UserError
from .image_processor import MobileViTImageProcessor
from .json_files import read_json
from .layouts import architecture, recognise, timm
from .layouts.layout import CLASSIFIER, task_of
from .layouts.sequential import head_layers, numbered
from .sources import CONFIG_FILE, PREPROCESSOR_FILE, WEIGHT_FILES, Source, require_file
from .state_dicts import network_in
from .weight_files import read_content


@dataclass(frozen=True)
class CheckpointFiles:
    """What a checkpoint's files say.

    layout: whose names its tensors have; task: "classification", "segmentation", or "features" for a backbone alone;
    weights: under the reference's names; sha256: of the weights file, or of its shards; notes: what its user should
    know, a line each.
    """

    layout: str
    task: str
    config: MobileViTConfig
    weights: dict[str, Tensor]
    processor: MobileViTImageProcessor
    sha256: str
    notes: tuple[str, ...]


def read_checkpoint_files(place: Source, config: MobileViTConfig | None = None, **changes: Any) -> CheckpointFiles:
    """Read and recognise a checkpoint.

    Its own config.json (Hugging Face's or timm's) and preprocessor_config.json win; what they leave out follows from
    the tensors' shapes and from the layout.

    Args:
        place: where its files lie.
        config: what to take for its configuration; None: what the files say.
        changes: configuration values that differ from the checkpoint's; see MobileViTConfig.from_json_file.

    Raises:
        UserError: when files are missing or broken, or hold another network; for `config` and `changes` at once.
    """
    check_names(changes)
    if config is not None and changes:
        raise UserError(f"give {next(iter(changes))} in the configuration, or leave the configuration out")
    config_file = place.find(CONFIG_FILE)
    fields = None if config_file is None else read_json(config_file)
    timm_fields = fields if fields is not None and timm.is_timm(fields) else None
    if timm_fields is not None:
        timm.check_architecture(timm_fields, str(config_file))
    elif config_file is not None and config is None:
        config = MobileViTConfig.from_json_file(config_file, **changes)
    # timm writes no preprocessor_config.json: the Hub, or its cache without a network, need not be asked for one.
    preprocessor = place.find(PREPROCESSOR_FILE) if timm_fields is None else None
    weights_file = require_file(place, *WEIGHT_FILES)
    content, digest = read_content(place, weights_file)
    named, choice = network_in(content, str(weights_file))
    layout = recognise(named, place.id)
    named, before, words = head_layers(named, layout.classifier, place.id)
    weights = layout.renamed(named, place.id)
    task = task_of(weights)
    if config is None:
        inferred = architecture.configuration(weights, place.id)
        if timm_fields is not None:
            labels = timm.labels(timm_fields, inferred.get("num_labels", 0))
            inferred |= {"id2label": labels} if labels else {}
        if "num_labels" in changes:
            inferred.pop("id2label", None)
        config = MobileViTConfig.from_dict({**inferred, **changes}, source=str(weights_file))
    channels = config.num_channels
    if preprocessor is not None:
        processor = MobileViTImageProcessor.from_json_file(preprocessor, num_channels=channels)
    elif timm_fields is not None:
        processor = timm.processor(timm_fields, str(config_file), channels)
    else:
        processor = layout.processor(task, channels)
    weights = numbered(weights, CLASSIFIER, before)
    notes = [f"{weights_file}: {word}" for word in (choice, *words) if word]
    if preprocessor is None and timm_fields is None:
        notes.append(f"there is no {PREPROCESSOR_FILE}: preprocessing is taken to be that of published checkpoints")
    return CheckpointFiles(layout.name, task, config, weights, processor, digest, tuple(notes))
