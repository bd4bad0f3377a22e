"""Workflows say what the commands understand: every `python -m` in them goes through bash and the real parsers."""

from __future__ import annotations

import importlib
import os
import subprocess
from pathlib import Path

import pytest
import yaml

from converters import command_line
from validation import verdict
from validation.results import Check

from .readmes import snippets

ROOT = Path(__file__).parent.parent
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ARTIFACTS = ("a.mlpackage", "a.aimodel", "a.tflite", "a_int8.tflite", "a.onnx")
# Each call prints its arguments, a line for each, and an empty line.
PRINTING = 'set -euo pipefail\npython() { printf "%s\\n" "$@" ""; }\n'


def scripts(path: Path) -> list[str]:
    jobs = yaml.safe_load(path.read_text("utf-8"))["jobs"].values()
    return [step["run"] for job in jobs for step in job["steps"] if "python -m" in step.get("run", "")]


def calls(script: str, folder: Path, **variables: str) -> list[list[str]]:
    """What python is called with where the script runs in `folder`."""
    environment = {**os.environ, "GITHUB_STEP_SUMMARY": "summary.md", **variables}
    command = ["bash", "-c", PRINTING + script]
    said = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True).stdout
    return [call.split("\n") for call in said.split("\n\n") if call]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
@pytest.mark.parametrize(
    "own",
    [
        {"BASELINE": "", "CALIBRATION": ""},
        {"BASELINE": "my baselines/a.json", "CALIBRATION": "my pictures", "DATA": "my images"},
    ],
    ids=["demo", "own"],
)
def test_commands_parse(path, own, tmp_path, monkeypatch):
    monkeypatch.setattr("reference.command_line.exists", lambda path: True)  # the reader's own folders
    (tmp_path / "build").mkdir()
    for name in ARTIFACTS:
        (tmp_path / "build" / name).touch()
    parsed = 0
    for script in scripts(path):
        for flag, module, *arguments in calls(script, tmp_path, **{"CHECKPOINT": "demo", "DATA": "demo", **own}):
            assert flag == "-m"
            if module == "pip":
                continue
            main = importlib.import_module(f"{module}.__main__")
            runs = command_line if module.startswith("converters") else main
            monkeypatch.setattr(runs, "run", lambda command: 0)
            assert main.main(arguments) == 0, arguments
            parsed += 1
            if "drift" in arguments:
                left_out = (".aimodel",) if "mil" in arguments else (".aimodel", ".mlpackage")  # slow here; not here
                given = [f"build/{name}" for name in ARTIFACTS if not name.endswith(left_out)]
                # In any order, which follows from the locale.
                assert {argument for argument in arguments if argument.startswith("build/")} == set(given)
                assert ("my baselines/a.json" in arguments) == bool(own["BASELINE"])
    assert parsed or path.name != "accuracy-drift.yml"


@pytest.mark.processes
def test_the_three_lines_of_the_readme(tflite, tmp_path, monkeypatch):
    """As a reader would paste them into a test of their own."""
    (block,) = snippets("python", "def test_my_artifact")
    (tmp_path / "build").symlink_to(tflite("float16").path.parent)
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    exec(block, names)
    names["test_my_artifact"]()
    failed = Check(artifact="a", runtime="litert", check="sqnr_db", verdict="FAIL")
    names["parity"] = lambda artifacts: [failed]
    with pytest.raises(AssertionError):
        names["test_my_artifact"]()
    assert names["verdict"] is verdict


def test_every_push_is_tested_on_x86_arm_and_macos():
    """The systems by GitHub's names, the ARM one with Linux, as it runs LiteRT's own ARM wheel."""
    matrix = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text("utf-8"))["jobs"]["test"]["strategy"][
        "matrix"
    ]
    assert {"ubuntu-latest", "ubuntu-24.04-arm", "macos-latest"} <= set(matrix["os"])
    drift = yaml.safe_load((ROOT / ".github/workflows/accuracy-drift.yml").read_text("utf-8"))["jobs"].values()
    assert {"ubuntu-latest", "ubuntu-24.04-arm", "macos-latest"} == {job["runs-on"] for job in drift}


def test_what_the_suite_leaves_out_is_run_every_week():
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text("utf-8"))
    assert "schedule" in workflow[True]  # YAML takes "on" for that
    assert "make deep" in [step.get("run") for step in workflow["jobs"]["deep"]["steps"]]
