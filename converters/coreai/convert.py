"""A checkpoint to a published .aimodel: channels first, compressed, torch.export, coreai-torch, described."""

from __future__ import annotations

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
from ..measure import measure
from ..passes import KEEPING_LAYER_NORM
from .compress import choose, store
from .describe import describe
from .operations import FORM, register
from .options import DEFAULTS, Compression, CoreAIOptions
from .reproducible import sort_metadata, with_settled_names
from .whole import Whole, make_classifier_pointwise


def convert(checkpoint: Checkpoint, output_dir: Path, options: CoreAIOptions = DEFAULTS) -> Written:
    """Convert `checkpoint` and publish the .aimodel in `output_dir`.

    Raises:
        UserError: where options do not fit, or the asset cannot be put in place.
    """
    job = begin(checkpoint, output_dir, options, passes=KEEPING_LAYER_NORM, bake_input=False)
    dtype = getattr(torch, job.options.precision)
    feed = job.input("tensor", "NCHW", "uint8")
    to_channels_first(job.network.network, FORM)
    make_classifier_pointwise(job.network.network)
    compression, chosen = job.options.compression, {}
    if compression is not None:
        chosen = _compress(job, compression)
    whole = Whole(job.network, job.transform, dtype).eval()
    whole.held = store(job.network, chosen, dtype)

    pixels = torch.zeros(feed.shape, dtype=torch.uint8)
    program = torch.export.export(whole, (pixels,)).run_decompositions(get_decomp_table())
    converter = TorchConverter(mode=TorchConverter.Mode.RELEASE)  # without the stack traces of this machine
    register(converter)
    names = [spec.name for spec in job.outputs]
    converter.add_exported_program(program, input_names=[feed.name], output_names=names)
    model = with_settled_names(converter.to_coreai())

    def write(path: Path) -> None:
        asset = model.save_asset(path)
        asset.update_metadata(lambda metadata: describe(metadata, job.checkpoint, job.preprocessing))
        sort_metadata(path)

    return job.publish(
        write,
        input=feed,
        outputs=job.outputs,
        tools=("coreai-core", "coreai-torch", "torch"),
        measured=None if job.images is None else job.images.facts("bias correction"),
    )


def _compress(job: Conversion[CoreAIOptions], compression: Compression) -> dict[str, Chosen]:
    """What becomes of each weight, by its name in the network, whose biases make up for it where images are known."""
    image = torch.zeros(1, job.transform.channels, *job.size)
    program = torch.export.export(job.network, (image,)).run_decompositions({})
    chosen = {name: choose(compression, weight) for name, weight in weights_to_compress(program).items()}
    if job.images is not None:
        dense = {name: torch.from_numpy(each.dense) for name, each in chosen.items()}
        with torch_threads(1):
            means = measure(program, job.inputs[:ENOUGH], ranging=False).means
            correct_biases(program, job.inputs, means, dense, lambda node, value: value)
        job.network.load_state_dict(program.state_dict, strict=False)
    return chosen
