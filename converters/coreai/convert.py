"""A checkpoint to a published .aimodel: channels first, compressed, torch.export, coreai-torch, described."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import torch
from coreai_torch import TorchConverter, get_decomp_table

from reference.checkpoints import Checkpoint
from reference.threads import torch_threads

from ..artifact import Written
from ..bias_correction import ENOUGH, correct_biases
from ..channels_first import to_channels_first
from ..choice import Chosen, weights_to_compress
from ..conversion import Conversion, begin
from ..measure import Range, measure
from ..passes import INTEGERS_KEEPING_LAYER_NORM, KEEPING_LAYER_NORM
from .compress import choose, rounding, store, taken
from .describe import describe
from .operations import FORM, register
from .options import DEFAULTS, Compression, CoreAIOptions
from .reproducible import sort_metadata, with_settled_names
from .whole import Whole, make_classifier_pointwise

TEXT = 4_000_000  # bytes that a program takes beside its weights, and more


def convert(checkpoint: Checkpoint, output_dir: Path, options: CoreAIOptions = DEFAULTS) -> Written:
    """Convert `checkpoint` and publish the .aimodel in `output_dir`.

    Raises:
        UserError: where options do not fit, or the asset cannot be put in place.
    """
    passes = INTEGERS_KEEPING_LAYER_NORM if options.measures else KEEPING_LAYER_NORM
    job = begin(checkpoint, output_dir, options, passes=passes, bake_input=False)
    dtype = getattr(torch, job.options.precision)
    feed = job.input("tensor", "NCHW", "uint8")
    to_channels_first(job.network.network, FORM)
    make_classifier_pointwise(job.network.network)
    compression = job.options.compression
    chosen: dict[str, Chosen] = {}
    ranges: dict[str, Range] = {}
    if compression is not None:
        chosen, ranges = _compress(job, compression)
    whole = Whole(job.network, job.transform, dtype).eval()
    whole.held = store(job.network, chosen, ranges, dtype)

    pixels = torch.zeros(feed.shape, dtype=torch.uint8)
    program = torch.export.export(whole, (pixels,)).run_decompositions(get_decomp_table())
    converter = TorchConverter(mode=TorchConverter.Mode.RELEASE)  # without the stack traces of this machine
    register(converter)
    names = [spec.name for spec in job.outputs]
    converter.add_exported_program(program, input_names=[feed.name], output_names=names)
    model = with_settled_names(converter.to_coreai())

    # Apple's writer ends the process where the disk is full.
    needed = 4 * sum(each.numel() for each in job.network.parameters()) + TEXT

    def write(path: Path) -> None:
        if shutil.disk_usage(path.parent).free < needed:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        asset = model.save_asset(path)
        asset.update_metadata(lambda metadata: describe(metadata, job.checkpoint, job.preprocessing))
        sort_metadata(path)

    return job.publish(
        write,
        input=feed,
        outputs=job.outputs,
        tools=("coreai-core", "coreai-torch", "torch"),
        measured=None if job.images is None else job.images.facts("mse, " * bool(ranges) + "bias correction"),
    )


def _compress(job: Conversion[CoreAIOptions], compression: Compression) -> tuple[dict[str, Chosen], dict[str, Range]]:
    """What becomes of each weight, and the range of what its layer takes where that has 8 bits too.

    Both by the weight's name in the network, whose biases make up for them where images are known.
    """
    image = torch.zeros(1, job.transform.channels, *job.size)
    program = torch.export.export(job.network, (image,)).run_decompositions({})
    ranges: dict[str, Range] = {}
    weights = weights_to_compress(program, palettes=compression.palette is not None)
    chosen = {name: choose(compression, weight) for name, weight in weights.items()}
    if job.images is not None:
        dense = {name: torch.from_numpy(each.dense) for name, each in chosen.items()}
        with torch_threads(1):
            measures = job.options.measures
            measured = measure(program, job.inputs if measures else job.inputs[:ENOUGH], ranging=measures)
            small = taken(program, chosen) if measures else {}
            correct_biases(program, job.inputs, measured.means, dense, rounding(measured.ranges, small))
        job.network.load_state_dict(program.state_dict, strict=False)
        ranges = {name: measured.ranges[node.name] for name, node in small.items()}
    return chosen, ranges
