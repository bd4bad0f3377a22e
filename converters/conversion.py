"""One conversion: what all pipelines settle before their own work, and what they publish after it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Literal

import torch
from torch import Tensor

from reference.checkpoints import Checkpoint
from reference.extras import KIT, required_version
from reference.golden import GoldenSet
from reference.labels import as_hex, palette
from reference.manifest import (
    ArtifactFacts,
    CalibrationFacts,
    CheckpointFacts,
    Manifest,
    Preprocessing,
    digest,
    size_in_bytes,
)
from reference.tensor_specs import Dtype, InputSpec, Layout, Meaning, OutputSpec, Quantization

from .admission import Chosen, admit
from .app import golden_of
from .artifact import Written, put_in_place
from .calibration import Calibration, calibration, seen_by
from .deployable import Deployable, deployable
from .finite import finite_answers
from .naming import class_names, with_labels
from .options import record
from .passes import without
from .preprocessing import INPUT, InputTransform, app_preprocessing, input_transform


@dataclass(frozen=True)
class Conversion(Generic[Chosen]):
    """A checkpoint on its way to an artifact.

    checkpoint: cropping to the size asked for. options: settled. target: where the artifact goes. preprocessing: the
    app's half; transform: the artifact's. network: rewritten, for the pipeline to change further. outputs: what it
    returns, its maps with the channels first. images: to measure on, None where none are needed, or none known.
    """

    checkpoint: Checkpoint
    options: Chosen
    target: Path
    preprocessing: Preprocessing
    transform: InputTransform
    network: Deployable
    outputs: list[OutputSpec]
    images: Calibration | None

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the crop, pixels."""
        return self.preprocessing.crop_height, self.preprocessing.crop_width

    @property
    def inputs(self) -> list[Tensor]:
        """The images to measure on, as `network` takes them, [1, C, H, W] each."""
        return [] if self.images is None else taken(self.images, self.network, self.transform)

    def input(
        self,
        kind: Literal["image", "tensor"],
        layout: Layout,
        dtype: Dtype,
        quantization: Quantization | None = None,
    ) -> InputSpec:
        """RGB or grey 0..255, which the artifact reorders, scales and shifts itself."""
        channels = self.transform.channels
        return InputSpec(
            name=INPUT,
            kind=kind,
            shape=[self.options.batch, *((channels, *self.size) if layout == "NCHW" else (*self.size, channels))],
            layout=layout,
            dtype=dtype,
            minimum=0,
            maximum=255,
            color_order="L" if self.transform.color_order == "L" else "RGB",
            network_color_order=self.transform.color_order,
            scale=list(self.transform.scale),
            offset=list(self.transform.offset),
            quantization=quantization,
        )

    def publish(
        self,
        write: Callable[[Path], object],
        *,
        input: InputSpec,
        outputs: list[OutputSpec],
        tools: Sequence[str],
        measured: CalibrationFacts | None = None,
    ) -> Written:
        """Write the artifact, its manifest and the golden set that may be asked for into place.

        Args:
            write: writes the artifact to the path it is given.
            tools: distributions whose versions the manifest names.
            measured: what `images` served for.
        """
        checkpoint, labels = self.checkpoint, class_names(self.checkpoint)
        colors = palette(len(labels)) if checkpoint.task == "segmentation" else []
        precision, compression = self.options.numbers

        def describe(path: Path) -> Manifest:
            return Manifest(
                schema_version=2,
                kit_version=required_version(KIT),
                task=checkpoint.task,
                size=checkpoint.size,
                checkpoint=CheckpointFacts(
                    id=checkpoint.id,
                    sha256=checkpoint.sha256,
                    parameters=sum(parameter.numel() for parameter in checkpoint.model.parameters()),
                    commit=checkpoint.commit,
                ),
                artifact=ArtifactFacts(
                    file=path.name,
                    format=self.options.format,
                    sha256=digest(path),
                    bytes=size_in_bytes(path),
                    precision=precision,
                    compression=compression,
                ),
                options=record(self.options, checkpoint.task),
                input=input,
                outputs=outputs,
                preprocessing=self.preprocessing,
                other_sizes=[app_preprocessing(checkpoint.cropping(*size)) for size in self.options.image_size[1:]],
                calibration=measured,
                labels=labels,
                palette=list(map(as_hex, colors)),
                tool_versions={tool: required_version(tool) for tool in tools},
            )

        def judge(manifest: Manifest) -> GoldenSet:
            return golden_of(checkpoint, manifest, self.options.golden_pictures)

        golden = judge if self.options.golden else None
        return Written(self.target, put_in_place(self.target, write, describe, golden))


def begin(
    checkpoint: Checkpoint,
    output_dir: Path,
    options: Chosen,
    *,
    passes: Collection[str],
    bake_input: bool,
    scale_first: bool = False,
) -> Conversion[Chosen]:
    """Settle what a pipeline starts from.

    Args:
        passes: names of exact rewrites; those that the options leave out are.
        bake_input, scale_first: see `deployable`.

    Raises:
        UserError: where the options do not fit, images are missing, or the artifact cannot be put in its place.
    """
    options, target = admit(checkpoint, output_dir, options)
    checkpoint = with_labels(checkpoint, options)
    passes = without(passes, options.no_pass)
    if options.image_size:
        checkpoint = checkpoint.cropping(*options.image_size[0])
    preprocessing = app_preprocessing(checkpoint)
    images = None
    if options.images != "none":
        required = options.images == "required"
        images = calibration(checkpoint, options.calibration, options.calibration_samples, required=required)
    network = deployable(
        checkpoint, passes=passes, bake_input=bake_input, scale_first=scale_first, output=options.output
    )
    transform = input_transform(checkpoint)
    (image,) = taken(seen_by(checkpoint, images), network, transform)
    answers = finite_answers(network, image.repeat(options.batch, 1, 1, 1), options)
    return Conversion(
        checkpoint=checkpoint,
        options=options,
        target=target,
        preprocessing=preprocessing,
        transform=transform,
        network=network,
        outputs=_outputs(network.meanings, answers),
        images=images,
    )


def taken(images: Calibration, network: Deployable, transform: InputTransform) -> list[Tensor]:
    """The images as `network` takes them, [1, C, H, W] each."""
    if network.takes_pixels:
        return [torch.tensor(each).permute(2, 0, 1)[None].float() for each in images.pixels]
    rest = torch.tensor(transform.unevenness).reshape(1, -1, 1, 1)
    return [each / rest for each in images.inputs] if (rest != 1).any() else images.inputs


def _outputs(meanings: Sequence[Meaning], answers: Sequence[Tensor]) -> list[OutputSpec]:
    """What a network returns, named for what it means."""
    return [
        OutputSpec(
            name=meaning,
            kind="tensor",
            shape=list(each.shape),
            dtype="int32" if meaning == "class_map" else "float32",
            meaning=meaning,
            layout="NCHW" if each.ndim == 4 else None,
        )
        for meaning, each in zip(meanings, answers)
    ]
