"""From a finished model to files in place: written aside, hashed, described, then moved. Nobody sees half a one."""

from __future__ import annotations

import errno
import importlib.metadata
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from reference.checkpoints import Checkpoint
from reference.errors import UserError
from reference.labels import as_hex, distinct, palette
from reference.manifest import (
    ArtifactFacts,
    CalibrationFacts,
    CheckpointFacts,
    Format,
    Manifest,
    Preprocessing,
    Task,
    digest,
    manifest_path,
    size_in_bytes,
)
from reference.tensor_specs import InputSpec, Layout, OutputSpec

from .deployable import Deployable, SegmentationOutput

# How file names begin.
STEMS: dict[Task, str] = {
    "classification": "mobilevit",
    "segmentation": "deeplabv3_mobilevit",
    "features": "mobilevit_features",
}


@dataclass(frozen=True)
class Written:
    """A published artifact: its path and its manifest; `notes`: lines on what checking it showed."""

    path: Path
    manifest: Manifest
    notes: tuple[str, ...] = ()


def publish(
    write: Callable[[Path], object],
    *,
    checkpoint: Checkpoint,
    output_dir: Path,
    format: Format,
    precision: str,
    preprocessing: Preprocessing,
    input: InputSpec,
    outputs: list[OutputSpec],
    tools: tuple[str, ...],
    compression: str = "none",
    other_sizes: Sequence[Preprocessing] = (),
    calibration: CalibrationFacts | None = None,
    kind: str | None = None,
    marks: Sequence[str] = (),
) -> Written:
    """Write an artifact into `output_dir`, then its manifest; each appears whole or not at all.

    Between the two, the old manifest's sha256 does not fit the new artifact, which every reader refuses.

    Args:
        write: writes the artifact to the path it is given.
        tools: distributions whose versions the manifest names.
        kind: what the file's name says it is; None: the precision.
        marks: what the name says after that.
    """
    labels = class_names(checkpoint)
    colors = palette(len(labels)) if checkpoint.task == "segmentation" else []
    parts = (STEMS[checkpoint.task], checkpoint.size, checkpoint.slug, kind or precision, *marks)
    name = f"{'_'.join(parts)}.{format}"
    with _staging(output_dir) as folder:
        write(folder / name)
        manifest = Manifest(
            schema_version=2,
            kit_version=importlib.metadata.version("mobilevit-edge-kit"),
            task=checkpoint.task,
            size=checkpoint.size,
            checkpoint=CheckpointFacts(
                id=checkpoint.id,
                sha256=checkpoint.sha256,
                parameters=sum(parameter.numel() for parameter in checkpoint.model.parameters()),
            ),
            artifact=ArtifactFacts(
                file=name,
                format=format,
                sha256=digest(folder / name),
                bytes=size_in_bytes(folder / name),
                precision=precision,
                compression=compression,
            ),
            options={},
            input=input,
            outputs=outputs,
            preprocessing=preprocessing,
            other_sizes=list(other_sizes),
            calibration=calibration,
            labels=labels,
            palette=list(map(as_hex, colors)),
            tool_versions={tool: importlib.metadata.version(tool) for tool in tools},
        )
        manifest.write(manifest_path(folder / name))
        _move(folder / name, output_dir / name)
        _move(manifest_path(folder / name), manifest_path(output_dir / name))
    return Written(output_dir / name, manifest)


def marks(*, output: SegmentationOutput, image_sizes: Sequence[int], compression: str = "none") -> list[str]:
    """What a file's name says of options other than the default."""
    said = [] if compression == "none" else [compression]
    if output == "logits":
        said.append(output)
    if image_sizes:
        said.append("-".join(map(str, image_sizes)))
    return said


def app_preprocessing(checkpoint: Checkpoint) -> Preprocessing:
    """The app's half of the checkpoint's preprocessing; UserError where a manifest cannot describe it."""
    processor = checkpoint.processor
    if not (processor.do_resize and processor.do_center_crop and "shortest_edge" in processor.size):
        raise UserError(
            f"checkpoint {checkpoint.id}: its preprocessor_config.json must resize a shortest_edge and crop the centre"
        )
    return Preprocessing.model_validate(
        {
            "resize": "shortest_edge",
            "resize_height": None,
            "resize_width": None,
            "resize_shortest_edge": processor.size["shortest_edge"],
            "interpolation": processor.resample.name.lower(),
            "antialias": True,
            "crop_height": processor.crop_size["height"],
            "crop_width": processor.crop_size["width"],
        }
    )


def class_names(checkpoint: Checkpoint) -> list[str]:
    """The checkpoint's labels, all different; none where nothing is classified."""
    return [] if checkpoint.task == "features" else distinct(checkpoint.model.config.labels)


def tensor_outputs(network: Deployable, shapes: Iterable[Sequence[int]], layout: Layout) -> list[OutputSpec]:
    """What `network` returns as plain tensors, named for their meaning; `layout` is that of its maps."""
    return [
        OutputSpec(
            name=meaning,
            kind="tensor",
            shape=list(shape),
            dtype="int32" if meaning == "class_map" else "float32",
            meaning=meaning,
            layout=layout if len(shape) == 4 else None,
        )
        for meaning, shape in zip(network.meanings, shapes)
    ]


def check_place(output_dir: Path) -> None:
    """UserError where `output_dir` could not be made or written to, so that nobody waits for a conversion in vain."""
    absolute = output_dir.absolute()
    nearest = next(folder for folder in (absolute, *absolute.parents) if folder.exists())
    if not nearest.is_dir():
        raise _cannot_write(output_dir, os.strerror(errno.ENOTDIR))
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise _cannot_write(output_dir, os.strerror(errno.EACCES))


def _cannot_write(output_dir: Path, reason: str | None) -> UserError:
    return UserError(f"cannot write to {output_dir} ({reason}): choose another --output-dir")


@contextmanager
def _staging(output_dir: Path) -> Iterator[Path]:
    """A temporary folder inside `output_dir`, on the same file system, gone at the end whatever happens."""
    try:
        output_dir.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=".writing-", dir=output_dir))
    except OSError as error:
        raise _cannot_write(output_dir, error.strerror) from error
    try:
        yield folder
    except OSError as error:  # a full disk, for one
        raise _cannot_write(output_dir, error.strerror) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _move(source: Path, target: Path) -> None:
    """Replace `target`, file or folder, by `source`; whatever fails, `target` is as it was."""
    replaced = source.with_name("replaced-" + source.name)
    if target.is_dir():  # a folder cannot be replaced in one step
        target.rename(replaced)
    try:
        source.replace(target)
    except OSError:
        if replaced.exists():
            replaced.rename(target)
        raise
