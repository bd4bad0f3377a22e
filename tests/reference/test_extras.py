"""Which version of a distribution is here."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from reference.errors import UserError
from reference.extras import BASE, KIT, required_version, version_of

ROOT = Path(__file__).parents[2]


@pytest.fixture
def other(tmp_path, monkeypatch):
    """A distribution `edge-cpu` whose module is `edge_case`, as tensorflow-cpu has tensorflow's."""
    (tmp_path / "edge_case").mkdir()
    (tmp_path / "edge_case" / "__init__.py").touch()
    facts = tmp_path / "edge_cpu-1.2.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: edge-cpu\nVersion: 1.2\n")
    (facts / "RECORD").write_text("edge_case/__init__.py,,\nedge_cpu-1.2.dist-info/METADATA,,\n")
    (facts / "top_level.txt").write_text("edge_case\n")  # Python 3.10 knows modules by this list alone
    monkeypatch.syspath_prepend(tmp_path)


def test_another_distribution_may_bring_a_module(other):
    assert version_of("edge-case") == version_of("edge-cpu") == "1.2"


def test_what_is_missing_is_one_line(monkeypatch):
    assert version_of("no-such-thing") is None
    with pytest.raises(UserError, match="^no-such-thing is not installed: run pip install no-such-thing$"):
        required_version("no-such-thing")
    monkeypatch.setattr("reference.extras.version_of", lambda name: None)
    with pytest.raises(UserError, match=f"^{KIT} is not installed: run pip install -e . in the project's folder$"):
        required_version(KIT)


def test_modules_that_the_kit_cannot_do_without():
    """As pyproject.toml has them, by the names of distributions."""
    needed = {each.name for each in map(Requirement, importlib.metadata.requires(KIT) or []) if each.marker is None}
    assert {name.replace("PIL", "pillow") for name in BASE} == needed


@pytest.mark.processes
@pytest.mark.parametrize(
    ("command", "missing"),
    [
        ("converters.coreml --size xxs", "coremltools"),
        ("validation doctor", "rich"),
        ("validation parity README.md", "PIL"),
        ("validation.mil ops README.md", "pydantic"),
        ("reference.demo evaluate", "numpy"),
    ],
)
def test_outside_the_environment(command, missing):
    """-S leaves out what is installed."""
    process = subprocess.run([sys.executable, "-S", "-m", *command.split()], cwd=ROOT, capture_output=True, text=True)
    assert process.returncode == 2
    (line,) = process.stderr.splitlines()
    assert line.startswith(f"error: {missing} is not installed: enter the environment")
