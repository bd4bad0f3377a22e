"""--help of every command: options stand in groups, each says what it does, and defaults read as English."""

from __future__ import annotations

import importlib
import re

import pytest

CONVERTERS = ("coreml", "coreai", "tflite", "onnx")
CHECKS = (
    "classify", "accuracy", "parity", "drift", "localize", "structure", "latency", "peers", "import-device", "doctor",
)  # fmt: skip
COMMANDS = [(f"converters.{each}",) for each in CONVERTERS] + [("validation", each) for each in CHECKS]
GROUPS = {
    "converters": {"what to convert", "how", "what goes in and out", "images to measure on", "checks", "where to"},
    "validation": {"what to check", "how", "checks", "where to"},
}
ENTRY = re.compile(r"^  (?=\S)", re.MULTILINE)  # an option begins a line so; its help is indented further


@pytest.fixture(params=COMMANDS, ids=" ".join)
def sections(request, capsys, monkeypatch) -> tuple[str, dict[str, list[str]]]:
    """The package, and what its help has under each heading: options with their help."""
    monkeypatch.setenv("COLUMNS", "120")
    module, *words = request.param
    with pytest.raises(SystemExit):
        importlib.import_module(f"{module}.__main__").main([*words, "--help"])
    parts = re.split(r"^(\w[\w ]*):\n", capsys.readouterr().out, flags=re.MULTILINE)
    entries = [[each for each in ENTRY.split(part) if each.strip()] for part in parts[2::2]]
    return module.split(".")[0], dict(zip(parts[1::2], entries))


def test_options_stand_in_groups(sections):
    package, found = sections
    assert {each.split()[0] for each in found.pop("options")} == {"-h,", "-v,"}
    assert found
    assert found.keys() <= GROUPS[package]


def test_each_option_says_what_it_does(sections):
    for entry in (each for entries in sections[1].values() for each in entries):
        said = re.split(r"\s{2,}", entry.strip(), maxsplit=1)[1:]
        assert said, entry
        text = " ".join(said[0].split())
        assert not text.startswith("default"), entry
        assert " such as " not in text, entry
        assert not {"None", "[]", "()"} & set(re.findall(r"default: ([^)]*)\)", text)), entry


@pytest.mark.parametrize("command", CHECKS)
def test_an_unknown_option_points_to_its_own_commands_help(command, capsys):
    needed = {"classify": ["--image", "README.md"], "import-device": ["--models", "build"]}.get(command, [])
    artifact = [] if command == "doctor" else ["README.md"]
    with pytest.raises(SystemExit) as ended:
        importlib.import_module("validation.__main__").main([command, *artifact, *needed, "--chekpoint", "x"])
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line == f"error: unrecognized arguments: --chekpoint x (see python -m validation {command} --help)"
