"""`python -m validation`: run artifacts beside the PyTorch reference."""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from typing import Any

from reference.command_line import (
    DEFAULT_OUTPUT,
    Parser,
    add_revision_option,
    add_verbose_option,
    existing,
    leave,
    positive,
    run,
)
from reference.config import SIZES

WHAT, HOW, CHECKS, PLACE = "what to check", "how", "checks", "where to"
DATA_HELP = (
    "demo: the rendered validation scenes; or a folder, with a sub-folder for each class, with a labels.csv "
    "(file,label), or with images/ and masks/ (default: demo). Of several labels labels.csv has file,label with | or ; "
    "between labels, or a row for each, or file and a column of 0 and 1 for each label. Of a regression it has file "
    "and a column of numbers for each output, called value where there is one. Columns are named as the labels, or by "
    "their numbers"
)
ARTIFACT_HELP = ".mlpackage, .aimodel, .tflite or .onnx"
NPUS = (
    *(f"ethos-u55-{macs}" for macs in (32, 64, 128, 256)),
    *(f"ethos-u65-{macs}" for macs in (256, 512)),
    *(f"ethos-u85-{macs}" for macs in (128, 256, 512, 1024, 2048)),
)
COMPUTE_UNITS = ("ALL", "CPU_ONLY", "CPU_AND_GPU", "CPU_AND_NE")


def main(argv: list[str] | None = None) -> int:
    parser = Parser(prog="python -m validation", description="Check artifacts against the reference.")
    commands = parser.add_subparsers(dest="command", required=True, title="commands", metavar="COMMAND")

    def groups(name: str, help: str) -> dict[str, Any]:
        """A command's groups of options by their headings; those that stay empty do not show."""
        command = commands.add_parser(name, help=help, description=f"{help[0].upper()}{help[1:]}.")
        add_verbose_option(command)
        return {heading: command.add_argument_group(heading) for heading in (WHAT, HOW, CHECKS, PLACE)}

    classify = groups("classify", "classify one picture with the reference and with artifacts")
    parity = groups("parity", "compare the answers of artifacts with the reference's; fail beyond tolerance")
    accuracy = groups(
        "accuracy", "measure top-1, mAP, MAE or mIoU of the reference and of artifacts, on the same images"
    )
    drift = groups("drift", "measure parity, accuracy, structure and latency, and compare with a baseline")
    localize = groups("localize", "find the layer at which an artifact leaves the reference")
    structure = groups(
        "structure", "list operations, weights, partitions and what keeps accelerators off; nothing is run"
    )
    latency = groups(
        "latency",
        "time loading, preprocessing and inference, all models in turn; a batch is timed whole, its ratio is by image",
    )
    peers = groups("peers", "put the same weights through stock TFLite routes, and race them beside .tflite files")
    device = groups("import-device", "judge what the phone apps exported, as if it had run here")
    doctor = groups(
        "doctor", "tell versions, runtimes, processor and kernels here; fail where they are known to be bad together"
    )

    for command in (classify, accuracy, drift, parity, latency, structure):
        command[WHAT].add_argument("artifacts", nargs="+", type=Path, metavar="ARTIFACT", help=ARTIFACT_HELP)
    localize[WHAT].add_argument("artifact", type=Path, metavar="ARTIFACT", help=ARTIFACT_HELP)
    peers[WHAT].add_argument(
        "artifacts", nargs="*", type=Path, metavar="ARTIFACT", help=".tflite, where no --size is given"
    )
    peers[WHAT].add_argument("--size", choices=SIZES, help="all classifiers of this size in the folder of --models")
    peers[WHAT].add_argument(
        "--models", type=Path, default=DEFAULT_OUTPUT, metavar="FOLDER", help="where they are (default: %(default)s)"
    )
    device[WHAT].add_argument("results", type=Path, metavar="RESULTS.json", help="what the app's Benchmark shared")
    device[WHAT].add_argument(
        "--models", type=Path, required=True, metavar="FOLDER", help="the artifacts that ran, with their golden sets"
    )
    for command in (classify, accuracy, drift, parity, localize, latency, peers):
        command[WHAT].add_argument(
            "--checkpoint",
            metavar="{demo,random,PATH,HUB_ID}",
            help="the reference's weights, where the manifest's own id is not found here: a Hub id that a manifest "
            "names is looked for in the Hub's cache alone",
        )
        add_revision_option(command[WHAT])
    classify[WHAT].add_argument(
        "--image", type=existing, required=True, metavar="FILE", help="a photograph, as an app would take it"
    )
    for command in (localize, latency):
        command[WHAT].add_argument(
            "--image",
            type=existing,
            metavar="FILE",
            help="a photograph, as an app would take it (default: a rendered scene)",
        )
    for command in (accuracy, drift):
        command[WHAT].add_argument("--data", type=_data, default="demo", metavar="{demo,FOLDER}", help=DATA_HELP)
    accuracy[WHAT].add_argument(
        "--images", type=positive, metavar="NUMBER", help="how many images (default: all; of the rendered scenes 5000)"
    )
    drift[WHAT].add_argument(
        "--images", type=positive, metavar="NUMBER", help="how many images, evenly spread (default: as the baseline)"
    )
    peers[WHAT].add_argument(
        "--scenes",
        type=positive,
        default=200,
        metavar="NUMBER",
        help="how many rendered validation scenes (default: %(default)s)",
    )
    seen = parity[WHAT].add_mutually_exclusive_group()
    seen.add_argument(
        "--images",
        nargs="+",
        type=existing,
        default=[],
        metavar="PATH",
        help="pictures or folders of them (default: 16 rendered scenes)",
    )
    seen.add_argument(
        "--golden", type=existing, metavar="FILE", help="a golden set instead, with its answers: needs no weights"
    )

    parity[HOW].add_argument(
        "--runtime",
        "--runtimes",
        action="append",
        default=[],
        metavar="NAME",
        help="run only in this one, for example litert-arm64; can be given several times (default: all but those that "
        "run only where they are named)",
    )
    localize[HOW].add_argument("--runtime", metavar="NAME", help="run in this one (default: one that can look inside)")
    for command in (accuracy, drift, parity, localize):
        command[HOW].add_argument(
            "--threads",
            type=positive,
            default=1,
            metavar="NUMBER",
            help="threads of runtimes on the CPU (default: %(default)s)",
        )
    latency[HOW].add_argument(
        "--threads",
        type=positive,
        nargs="+",
        action="extend",
        metavar="NUMBER",
        help="threads of runtimes on the CPU, one number after the other (default: 1)",
    )
    structure[HOW].add_argument(
        "--npu",
        nargs="+",
        action="extend",
        choices=NPUS,
        default=[],
        metavar="NPU",
        help=f"compile .tflite files for Arm's NPUs too (extra npu): {', '.join(NPUS)}",
    )
    for command in (accuracy, drift, parity, localize, latency):
        command[HOW].add_argument(
            "--compute-units", choices=COMPUTE_UNITS, default="ALL", help="what Core ML may use (default: ALL)"
        )
    for command in (parity, localize):
        command[HOW].add_argument(
            "--arm-processor",
            metavar="CPU",
            help="what litert-arm64 and onnxruntime-arm64 emulate: a CPU of qemu's, for example neoverse-n1 or "
            "cortex-a53 (default: the newest)",
        )
    for command in (accuracy, drift):
        command[HOW].add_argument(
            "--jobs",
            type=positive,
            default=os.cpu_count() or 1,
            metavar="NUMBER",
            help="how many processes (default: one per core)",
        )
    accuracy[HOW].add_argument("--scheduler", metavar="ADDRESS", help="use the Dask cluster there instead of processes")
    latency[HOW].add_argument(
        "--against",
        default="reference",
        metavar="{reference,FILE}",
        help="what ratios are to: PyTorch, or one of the files (default: %(default)s)",
    )
    latency[HOW].add_argument(
        "--runs", type=positive, default=50, metavar="NUMBER", help="rounds that count (default: %(default)s)"
    )
    latency[HOW].add_argument(
        "--profile",
        action="store_true",
        help="tell instead where each artifact's time goes, by kind of operation, as LiteRT and ONNX Runtime tell it",
    )
    latency[HOW].add_argument(
        "--warmup", type=positive, default=5, metavar="NUMBER", help="rounds before these (default: %(default)s)"
    )

    drift[CHECKS].add_argument(
        "--baseline",
        type=Path,
        metavar="FILE",
        help="what to compare with (default: the kit's own, of artifacts of the demo checkpoint)",
    )
    drift[CHECKS].add_argument(
        "--update-baseline",
        action="store_true",
        help="write what was measured into the baseline: exactly the artifacts given; comparing then fails nothing",
    )
    device[CHECKS].add_argument(
        "--baseline", type=Path, metavar="FILE", help="compare with this one too, of the same device"
    )
    device[CHECKS].add_argument(
        "--update-baseline", action="store_true", help="write what was measured into the baseline"
    )
    for command in (drift, parity):
        command[CHECKS].add_argument(
            "--require",
            action="append",
            default=[],
            metavar="RUNTIME",
            help="exit with 3 where this one did not run; can be given several times",
        )

    for command in (accuracy, drift, parity, device, latency, structure, doctor):
        command[PLACE].add_argument("--json", type=Path, metavar="FILE", help="write the results there too, as JSON")
    for command in (accuracy, drift, parity, device):
        for name, form in (
            ("--markdown", "the results there too, for GitHub's summary"),
            ("--junit", "the results there too, as JUnit's XML"),
            ("--html", "one page there too, with plots and pictures"),
        ):
            command[PLACE].add_argument(name, type=Path, metavar="FILE", help=f"write {form}")

    arguments, unknown = parser.parse_known_args(argv)
    if unknown:
        commands.choices[arguments.command].error(f"unrecognized arguments: {' '.join(unknown)}")
    return run(lambda: import_module(f".commands.{arguments.command.replace('-', '_')}", __package__).run(arguments))


def _data(text: str) -> str:
    return text if text == "demo" else str(existing(text))


if __name__ == "__main__":
    leave(main())
