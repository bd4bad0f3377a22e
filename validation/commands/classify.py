"""One image through the reference and through artifacts, side by side."""

from __future__ import annotations

from argparse import Namespace

import numpy as np
from rich.table import Table

from reference.command_line import working
from reference.errors import UserError
from reference.manifest import Manifest, Preprocessing
from reference.picture_files import open_image
from reference.tensor_specs import Meaning

from ..artifact import References, app_processor, open_artifacts
from ..checks.accuracy.independent import HALF
from ..reporting.tables import show
from ..results import FAILED, PASSED
from ..runtimes import Failed, NotRun, each_apart, load_fitting
from ..runtimes.pytorch import PyTorchRuntime

TOP = 3


def run(arguments: Namespace) -> int:
    """Print the most probable classes by the reference and by each artifact; returns the exit code."""
    code = PASSED
    artifacts, references = open_artifacts(arguments.artifacts), References(arguments.checkpoint, arguments.revision)
    photograph = open_image(arguments.image)
    for artifact in artifacts:
        if artifact.manifest.task != "classification":
            raise UserError(f"{artifact.label} is for {artifact.manifest.task}: give classifiers only")
    table = Table(title=str(arguments.image), title_justify="left")
    # Names of artifacts stay whole; the names of runtimes can be broken between words.
    table.add_column("model", overflow="fold", min_width=min(36, max(len(artifact.label) for artifact in artifacts)))
    table.add_column("runtime", max_width=20)
    for heading in ("answer", "max |Δ|"):
        table.add_column(heading)
    known: dict[tuple[str, Preprocessing, Meaning], np.ndarray] = {}  # the reference's answers
    for artifact, process in each_apart(artifacts):
        manifest = artifact.manifest
        with working(f"running {artifact.label}", arguments.verbose):
            pixels = app_processor(manifest).resize_and_crop(photograph)
            meaning = manifest.answer.meaning
            key = (manifest.checkpoint.sha256, manifest.preprocessing, meaning)
            first = key not in known
            if first:
                known[key] = PyTorchRuntime(references.of(artifact), meaning).run(pixels)
            try:
                runtime = load_fitting(artifact, process=process)
                answer = runtime.run(pixels)
                row = (runtime.name, said(answer, manifest), f"{np.abs(answer - known[key]).max():.1e}")
            except NotRun as reason:
                row = ("NOT RUN", str(reason), "-")
            except Failed as reason:
                row, code = ("FAIL", str(reason), "-"), FAILED
        if first:
            table.add_row(f"checkpoint {manifest.checkpoint.id}", "PyTorch", said(known[key], manifest), "-")
        table.add_row(artifact.label, *row)
    show(table)
    return code


def said(answer: np.ndarray, manifest: Manifest) -> str:
    """A classifier's answer in words, a line for each label: the first ones, or all that are more likely than not."""
    meaning, labels = manifest.answer.meaning, manifest.labels
    best = np.argsort(-answer, kind="stable").tolist()
    if meaning == "scores":
        shown = [index for index in best if answer[index] > HALF] or best[:1]
    else:
        shown = sorted(best)[:TOP] if meaning == "values" else best[:TOP]
    form = "{:6.1%}" if meaning in ("probabilities", "scores") else "{:9.3f}"
    return "\n".join(f"{form.format(answer[index])}  {labels[index]}" for index in shown)
