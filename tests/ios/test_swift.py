"""The Swift package and the demo app, as far as they can be checked without Xcode and a phone."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ..readmes import snippets

ROOT = Path(__file__).parent.parent.parent
DEMO, STUBS = ROOT / "ios_demo", ROOT / "tests" / "ios" / "stubs"
KIT = DEMO / "MobileViTKit"
SOURCES = sorted(path for path in DEMO.rglob("*.swift") if ".build" not in path.parts)
NO_SWIFT = 69  # what .ci/swift exits with

# In the order of their imports; the files of a module begin with its name.
STUBBED = (
    "AppleFoundation", "CryptoKit", "os", "CoreGraphics", "ImageIO", "CoreVideo", "CoreImage", "CoreML", "CoreAI",
    "QuartzCore",
    "AVFoundation", "UIKit", "SwiftUI", "PhotosUI",
)  # fmt: skip
MODULES = {
    "MobileViTCore": KIT / "Sources" / "MobileViTCore",
    "MobileViTCoreML": KIT / "Sources" / "MobileViTCoreML",
    "MobileViTCoreAI": KIT / "Sources" / "MobileViTCoreAI",
    "MobileViTDemo": DEMO / "App" / "Sources",
}


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command of the toolchain; skip where there is none, which continuous integration does not forgive."""
    result = subprocess.run([ROOT / ".ci" / "swift", *command], cwd=ROOT, capture_output=True, text=True, timeout=600)
    if result.returncode == NO_SWIFT:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"NOT RUN: {result.stderr.strip()}")
    return result


def assert_passes(*command: str | Path) -> str:
    result = run(*command)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout + result.stderr


def test_package_arrives_at_the_references_numbers():
    output = assert_passes("swift", "test", "--package-path", KIT)
    executed = [int(count) for count in re.findall(r"Executed (\d+) tests, with 0 failures", output)]
    assert max(executed, default=0) >= 20, output


def test_every_file_parses():
    assert SOURCES
    assert_passes("swiftc", "-wmo", "-parse", *SOURCES, *sorted(STUBS.glob("*.swift")))


def test_format_is_clean():
    assert_passes("swift", "format", "lint", "--strict", "--recursive", *SOURCES, STUBS)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(DEMO)))
def test_files_are_of_one_thought(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 260


@pytest.fixture(scope="module")
def interfaces() -> Path:
    """A folder for modules' interfaces, inside the repository, as the toolchain may see nothing else."""
    folder = KIT / ".build" / "interfaces"
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        path.unlink()
    return folder


@pytest.fixture(scope="module")
def checked(interfaces) -> list[str | Path]:
    """The command that type-checks against the modules, once they are there.

    They stand on the hand-written stubs of Apple's modules; on a Mac on Apple's SDK itself.
    """
    compiler = ["swiftc", "-warnings-as-errors"]
    if sys.platform == "darwin":
        target = f"{platform.machine()}-apple-ios17.0-simulator"
        compiler = ["xcrun", "--sdk", "iphonesimulator", "swiftc", "-target", target]
    checking = [*compiler, "-swift-version", "6", "-parse-as-library", "-I", interfaces]
    sources = {name: sorted(folder.glob("*.swift")) for name, folder in MODULES.items()}
    if sys.platform != "darwin":
        sources = {name: sorted(STUBS.glob(f"{name}*.swift")) for name in STUBBED} | sources
    sources["Readme"] = [interfaces / "Readme.swift"]
    (snippet,) = snippets("swift")
    sources["Readme"][0].write_text(snippet, encoding="utf-8")
    for name, files in sources.items():
        place = ["-module-name", name, "-emit-module-path", interfaces / f"{name}.swiftmodule"]
        assert_passes(*checking, "-wmo", "-emit-module", *place, *files)
    return checking


def test_app_and_core_ml_code_type_check(checked, interfaces):
    assert {path.stem for path in interfaces.glob("*.swiftmodule")} >= {*MODULES, "Readme"}


def test_the_string_catalog_holds_what_the_app_says_and_no_more(checked):
    """By the types that the compiler finds, as Xcode does: `LocalizedStringKey` is what is translated."""
    dump = ["-module-name", "MobileViTDemo", "-dump-ast"]
    tree = assert_passes(*checked, *dump, *sorted(MODULES["MobileViTDemo"].glob("*.swift")))
    literal = r'string_literal_expr type="LocalizedStringKey" location=(?:\S*/)?(\w+\.swift):(\d+):(\d+) '
    said = {key_at(*place) for place in re.findall(literal, tree)}
    strings = json.loads((DEMO / "App" / "Resources" / "Localizable.xcstrings").read_text(encoding="utf-8"))["strings"]
    assert said == {re.sub("%(lld|@)", "%", key) for key in strings}


def key_at(file: str, line: str, column: str) -> str:
    """The text at a place of the app's sources, "%" for each value in it."""
    rows = (MODULES["MobileViTDemo"] / file).read_text(encoding="utf-8").splitlines()
    rest, depth, key = rows[int(line) - 1][int(column) :], 0, ""  # behind the quotation mark
    while depth or not rest.startswith('"'):
        if depth:
            depth += {"(": 1, ")": -1}.get(rest[0], 0)
        elif rest.startswith("\\("):
            depth, key, rest = 1, f"{key}%", rest[1:]
        else:
            key += rest[0]
        rest = rest[1:]
    return key
