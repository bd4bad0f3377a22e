"""`python -m validation`: run artifacts beside the PyTorch reference."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path

from reference.command_line import DEFAULT_OUTPUT, Parser, add_revision_option, add_verbose_option, positive, run
from reference.config import SIZES

DATA_HELP = (
    "the rendered validation scenes, or a folder: of folders named for their classes, with a labels.csv (file,label), "
    "or with images/ and masks/ (default: demo). Of several labels, labels.csv has file,label with | or ; between "
    "labels, or a row for each, or file and a column of 0 and 1 for each label; of a regression file and a column of "
    "numbers for each output, called value where there is one. Columns are named as the labels, or by their numbers"
)
ARTIFACT_HELP = ".mlpackage, .aimodel, .tflite or .onnx"
COMPUTE_UNITS = ("ALL", "CPU_ONLY", "CPU_AND_GPU", "CPU_AND_NE")


def main(argv: list[str] | None = None) -> int:
    parser = Parser(prog="python -m validation", description="Check artifacts against the reference.")
    commands = parser.add_subparsers(dest="command", required=True)
    classify = commands.add_parser("classify", help="classify one image with the reference and with artifacts")
    classify.add_argument("--image", type=Path, required=True, help="a photograph, as an app would take it")
    accuracy = commands.add_parser("accuracy", help="top-1, mAP, MAE or mIoU of the reference and of artifacts, paired")
    accuracy.add_argument("--images", type=positive, help="how many (default: all; of the demo 5000)")
    accuracy.add_argument("--scheduler", metavar="ADDRESS", help="use the Dask cluster there instead")
    parity = commands.add_parser(
        "parity", help="compare artifacts with the reference by number; fails beyond tolerance"
    )
    seen = parity.add_mutually_exclusive_group()
    seen.add_argument(
        "--images", nargs="+", type=Path, default=[], help="pictures or folders of them (default: 16 rendered scenes)"
    )
    seen.add_argument(
        "--golden",
        type=Path,
        metavar="FILE",
        help="a golden set instead, with the answers: no weights needed",
    )
    parity.add_argument(
        "--runtime",
        "--runtimes",
        action="append",
        default=[],
        metavar="NAME",
        help="only this one, such as litert-arm64; may be repeated (default: all that are not on request only)",
    )
    drift = commands.add_parser("drift", help="parity, accuracy, structure and latency beside a baseline")
    drift.add_argument(
        "--baseline", type=Path, metavar="FILE", help="default: the kit's own, of artifacts of the demo checkpoint"
    )
    drift.add_argument(
        "--update-baseline",
        action="store_true",
        help="write what was measured there: exactly the artifacts given; comparing then fails nothing",
    )
    drift.add_argument("--images", type=positive, help="how many, evenly spread (default: as many as the baseline)")
    device = commands.add_parser("import-device", help="judge what the phone apps exported, as if it had run here")
    device.add_argument("results", type=Path, metavar="RESULTS.json")
    device.add_argument(
        "--models", type=Path, required=True, metavar="FOLDER", help="the artifacts that ran, with their golden sets"
    )
    device.add_argument("--baseline", type=Path, metavar="FILE", help="compare with this one too, of the same device")
    device.add_argument("--update-baseline", action="store_true", help="write what was measured there")
    localize = commands.add_parser("localize", help="the layer at which an artifact leaves the reference")
    localize.add_argument("artifact", type=Path, metavar="ARTIFACT", help=ARTIFACT_HELP)
    localize.add_argument("--image", type=Path, help="a photograph (default: a rendered scene)")
    localize.add_argument("--runtime", metavar="NAME", help="default: one that can look inside")
    latency = commands.add_parser(
        "latency",
        help="time loading, preprocessing and inference, all models in turn; of a batch as a whole, its ratio by image",
    )
    latency.add_argument(
        "--against", default="reference", metavar="{reference,FILE}", help="what ratios are to (default: %(default)s)"
    )
    latency.add_argument("--image", type=Path, help="a photograph, as an app would take it (default: a rendered scene)")
    latency.add_argument(
        "--threads",
        type=positive,
        nargs="+",
        action="extend",
        help="of CPU runtimes, each in turn (default: 1)",
    )
    latency.add_argument("--runs", type=positive, default=50, help="rounds that count (default: %(default)s)")
    latency.add_argument("--warmup", type=positive, default=5, help="rounds before (default: %(default)s)")
    structure = commands.add_parser(
        "structure", help="operations, weights, partitions and what keeps accelerators off; runs nothing"
    )
    doctor = commands.add_parser(
        "doctor", help="versions, runtimes, processor and kernels here; fails where they are known to be bad together"
    )
    for command in (accuracy, drift):
        command.add_argument("--data", default="demo", metavar="{demo,FOLDER}", help=DATA_HELP)
        command.add_argument(
            "--jobs", type=positive, default=os.cpu_count() or 1, help="processes (default: one per core)"
        )
    for command in (accuracy, drift, parity, localize):
        command.add_argument("--threads", type=positive, default=1, help="of CPU runtimes (default: %(default)s)")
    for command in (accuracy, drift, parity, localize, latency):
        command.add_argument("--compute-units", choices=COMPUTE_UNITS, default="ALL", help="of Core ML (default: ALL)")
    for command in (parity, localize):
        command.add_argument(
            "--arm-processor",
            metavar="CPU",
            help="what litert-arm64 and onnxruntime-arm64 emulate: a CPU of qemu's, such as neoverse-n1 or cortex-a53 "
            "(default: the newest)",
        )
    for command in (drift, parity):
        command.add_argument(
            "--require", action="append", default=[], metavar="RUNTIME", help="exit with 3 where this one did not run"
        )
    for command in (accuracy, drift, parity, device):
        for name, where in (("--markdown", "for GitHub's summary"), ("--junit", "as JUnit's XML")):
            command.add_argument(name, type=Path, metavar="FILE", help=f"write the results there too, {where}")
    for command in (accuracy, drift, parity, device):
        command.add_argument(
            "--html", type=Path, metavar="FILE", help="write one page with plots and pictures there too"
        )
    for command in (accuracy, drift, parity, device, latency, structure, doctor):
        command.add_argument("--json", type=Path, metavar="FILE", help="write the results there too, as JSON")
    peers = commands.add_parser("peers", help="the same weights through stock TFLite routes, beside .tflite files")
    peers.add_argument(
        "--scenes", type=positive, default=200, help="how many rendered validation scenes (default: %(default)s)"
    )
    peers.add_argument("--size", choices=SIZES, help="all classifiers of this size in the folder of --models")
    peers.add_argument("--models", type=Path, default=DEFAULT_OUTPUT, metavar="FOLDER", help="default: %(default)s")
    peers.add_argument("artifacts", nargs="*", type=Path, metavar="ARTIFACT", help=".tflite, where no --size is given")
    for command in (classify, accuracy, drift, parity, latency, structure):
        command.add_argument("artifacts", nargs="+", type=Path, metavar="ARTIFACT", help=ARTIFACT_HELP)
    for command in (classify, accuracy, drift, parity, device, localize, latency, structure, peers, doctor):
        add_verbose_option(command)
    for command in (classify, accuracy, drift, parity, localize, latency, peers):
        command.add_argument(
            "--checkpoint",
            help="the reference's weights, where the manifest's own id is not found here: a Hub id that a manifest "
            "names is looked for in the Hub's cache alone",
        )
        add_revision_option(command)
    arguments = parser.parse_args(argv)

    return run(lambda: import_module(f".commands.{arguments.command.replace('-', '_')}", __package__).run(arguments))


if __name__ == "__main__":
    sys.exit(main())
