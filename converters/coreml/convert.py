"""A checkpoint to a published .mlpackage: torch.export, compressed, coremltools, described, checked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch

from reference.checkpoints import Checkpoint
from reference.threads import torch_threads

from ..artifact import Written
from ..bias_correction import ENOUGH, correct_biases
from ..channels_first import to_channels_first
from ..choice import Chosen, weights_to_compress
from ..conversion import begin
from ..measure import Measured, Range, measure
from ..naming import class_names
from ..passes import INTEGERS_KEEPING_LAYER_NORM, KEEPING_LAYER_NORM
from .checks import check
from .compress import add_passes, choose, rounding
from .describe import classifier_outputs, classifies, describe
from .export import export
from .lean_import import import_coremltools
from .operations import FORM
from .options import DEFAULTS, Compression, CoreMLOptions
from .program import to_ml_program
from .reproducible import settle

ct = import_coremltools()


def convert(checkpoint: Checkpoint, output_dir: Path, options: CoreMLOptions = DEFAULTS) -> Written:
    """Convert `checkpoint` and publish the .mlpackage in `output_dir`.

    Raises:
        UserError: where options do not fit, images are missing, the package fails its checks, or cannot be put in
            place.
    """
    several = options.batch > 1  # which Core ML takes as numbers only: its images come one by one
    passes = INTEGERS_KEEPING_LAYER_NORM if options.measures else KEEPING_LAYER_NORM
    job = begin(checkpoint, output_dir, options, passes=passes, bake_input=several, scale_first=several)
    options, images = job.options, job.images
    compression = options.compression
    feed = job.input("tensor", "NCHW", "float32") if several else job.input("image", "NCHW", "uint8")

    to_channels_first(job.network.network, FORM)
    program = export(job.network, [1, *feed.shape[1:]], options.image_size)  # whose values are measured
    measured = Measured({}, {})
    if images is not None:
        seen = job.inputs if options.measures else job.inputs[:ENOUGH]
        with torch_threads(1):
            measured = measure(program, seen, ranging=options.measures)
    ranges = measured.ranges
    pipeline = ct.PassPipeline.DEFAULT
    chosen: dict[str, Chosen] = {}
    if compression is not None:
        weights = weights_to_compress(program, palettes=compression.palette)
        chosen = {name: choose(compression, weight) for name, weight in weights.items()}
        add_passes(pipeline, compression, weights, chosen, ranges)
        if images is not None:
            dense = {name: torch.from_numpy(each.dense) for name, each in chosen.items()}
            with torch_threads(1):
                correct_biases(program, job.inputs, measured.means, dense, rounding(compression, ranges))
    if several:
        job.network.load_state_dict(program.state_dict, strict=False)
        program = export(job.network, feed.shape, options.image_size)

    model = to_ml_program(program, job, pipeline, ranges)
    outputs = job.outputs
    if classifies(job):
        outputs = classifier_outputs(len(class_names(job.checkpoint)))
    describe(model, job, feed, outputs)

    def write(path: Path) -> None:
        model.save(str(path))
        settle(path)
        if compression is not None:
            check(path, compression, chosen)

    return job.publish(
        write,
        input=feed,
        outputs=outputs,
        tools=("coremltools", "torch"),
        measured=None if images is None else images.facts(_served(compression, ranges)),
    )


def _served(compression: Compression | None, ranges: Mapping[str, Range]) -> str:
    """What calibration images served for."""
    return ", ".join(["mse"] * bool(ranges) + ["bias correction"] * (compression is not None))
