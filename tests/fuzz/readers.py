"""What reads each kind of file, as commands do: a path in, a UserError out where the file is not sound."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from reference.errors import UserError

PICTURE = Image.fromarray(np.arange(40 * 30 * 3, dtype=np.uint8).reshape(30, 40, 3))


def manifest(path: Path) -> None:
    from reference.manifest import SUFFIX, read_manifest
    from validation.artifact import app_processor
    from validation.runtimes.runtime import fed

    found = read_manifest(path.with_name(path.name.removesuffix(SUFFIX)))
    pixels = app_processor(found).resize_and_crop(PICTURE)
    fed(np.stack([pixels] * found.input.batch), found.input)


def checkpoint(path: Path) -> None:
    from reference.checkpoints import load_checkpoint

    load_checkpoint(str(path.parent))


def preprocessor(path: Path) -> None:
    from reference.image_processor import MobileViTImageProcessor

    processor = MobileViTImageProcessor.from_pretrained(path.parent)
    processor.network_input(processor.resize_and_crop(PICTURE))


def golden(path: Path) -> None:
    from reference.golden import read_golden
    from validation.checks.pictures import pictures_of

    pictures_of(read_golden(path))


def baseline(path: Path) -> None:
    from validation.baselines.file import read_baseline

    read_baseline(path)


def device(path: Path) -> None:
    from validation.device.judge import import_device
    from validation.reporting.formats import as_junit, as_markdown

    results = import_device(path, path.parent)
    as_junit(results, "x")
    as_markdown(results, "x")


def labels(path: Path, names: list[str]) -> None:
    from validation.datasets import open_dataset

    refused = []
    for meaning in ("probabilities", "scores", "values"):
        try:
            data = open_dataset(str(path.parent), "classification", names, None, meaning=meaning)
            data[0]
        except UserError as error:
            refused.append(error)
    if len(refused) == 3:
        raise refused[0]


def recipe(path: Path) -> None:
    from converters.tflite.own_recipe import read_recipe

    read_recipe(path)
