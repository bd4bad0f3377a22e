"""The Kotlin compiler, JUnit and android.jar that `.ci/kotlin` fetches, and what they make of android_demo."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
COMPILER = (
    "kotlin-compiler",
    "kotlin-stdlib",
    "kotlin-reflect",
    "kotlin-script-runtime",
    "kotlinx-coroutines-core-jvm",
)
JAVA = ("java", "-XX:+UseSerialGC", "-Xmx1g")
NO_JDK = "-no-jdk"  # no Java classes but those of the classpath: android.jar's


@dataclass(frozen=True)
class Module:
    """Sources that are compiled together, Java among them being looked up only, into a folder of their name."""

    name: str
    sources: tuple[str, ...]
    classpath: tuple[Path, ...]
    options: tuple[str, ...] = ()


class Toolchain:
    """Where the pieces lie. Without them a test is skipped with the reason, but fails under CI on Linux."""

    def __init__(self, output: Path) -> None:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        self.home = Path(os.environ.get("MOBILEVIT_KOTLIN") or cache / "mobilevit-kotlin")
        self.output = output
        self.android = self.home / "android-23.jar"
        self.junit = (self.home / "junit4.jar", self.home / "hamcrest.jar")
        kotlinc = sorted(self.home.glob("kotlinc-*"))
        there = kotlinc and shutil.which("java") and all(path.exists() for path in (self.android, *self.junit))
        if not there:
            must = os.environ.get("CI") and platform.system() == "Linux"
            (pytest.fail if must else pytest.skip)("NOT RUN: there is no Kotlin toolchain; .ci/kotlin fetches it")
        self._kotlinc = kotlinc[-1]

    def libraries(self, *names: str) -> tuple[Path, ...]:
        """Jars that come with the compiler."""
        return tuple(self._kotlinc / "lib" / f"{name}.jar" for name in names)

    def compile(self, modules: Iterable[Module]) -> subprocess.CompletedProcess[str]:
        """Compile one after the other, warnings being errors."""
        files = []
        for module in modules:
            files.append(self.output / f"{module.name}.arguments")
            arguments = [
                "-kotlin-home", self._kotlinc, "-no-reflect", "-Werror", "-jvm-target", "1.8",
                "-cp", _joined(module.classpath), "-d", self.output / module.name, *module.options, *module.sources,
            ]  # fmt: skip
            files[-1].write_text("\n".join(map(str, arguments)), encoding="utf-8")
        classpath = _joined(self.libraries(*COMPILER))
        settings = ("-XX:TieredStopAtLevel=1", "-Dkotlin.environment.keepalive=true", "-cp", classpath)
        return _run([*JAVA, *settings, HERE / "Compile.java", *files])

    def test(self) -> subprocess.CompletedProcess[str]:
        """Run every class of "tests" whose name ends in Test with JUnit."""
        tests = self.output / "tests"
        names = sorted(".".join(path.relative_to(tests).with_suffix("").parts) for path in tests.rglob("*Test.class"))
        return self.run("org.junit.runner.JUnitCore", *names)

    def run(self, *main: str) -> subprocess.CompletedProcess[str]:
        """Run a class with arguments, with "core", "mobilevit" and "tests" at hand."""
        classes = [self.output / module for module in ("core", "mobilevit", "tests")]
        libraries = self.libraries("kotlin-stdlib", "kotlin-test", "kotlin-test-junit")
        fixtures = f"-Dmobilevit.fixtures={ROOT / 'tests' / 'fixtures'}"
        return _run([*JAVA, fixtures, "-cp", _joined([*classes, *libraries, *self.junit, self.android]), *main])


def _joined(paths: Iterable[Path]) -> str:
    return os.pathsep.join(map(str, paths))


def _run(command: list[str | Path]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=400)
