"""The Kotlin of android_demo, compiled for Android 6 and, as far as it needs no phone, tested."""

from __future__ import annotations

import json

import pytest

from .cases import FOLDER, NO_JSON, cases
from .toolchain import NO_JDK, Module, Toolchain


@pytest.fixture(scope="module")
def compiled(tmp_path_factory) -> Toolchain:
    """All modules, :core too against API 23 and nothing else, since such phones run it."""
    toolchain = Toolchain(tmp_path_factory.mktemp("kotlin"))
    core, library = toolchain.output / "core", toolchain.output / "mobilevit"
    android = (toolchain.android,)
    junit = (*toolchain.libraries("kotlin-test", "kotlin-test-junit"), toolchain.junit[0])
    friends = f"-Xfriend-paths={core},{library}"  # as Gradle lets tests see what is internal
    modules = [
        Module("core", ("android_demo/core/src/main/kotlin",), android, (NO_JDK,)),
        Module(
            "mobilevit",
            ("android_demo/mobilevit/src/main/kotlin", "tests/android/stubs/litert"),
            (core, *android),
            (NO_JDK,),
        ),
        Module(
            "tests",
            ("android_demo/core/src/test/kotlin", "android_demo/mobilevit/src/test/kotlin"),
            (core, library, *junit),
            (friends,),
        ),
    ]
    result = toolchain.compile(modules)
    assert result.returncode == 0, result.stderr
    return toolchain


def test_the_library_does_what_its_tests_say(compiled):
    result = compiled.test("core", "mobilevit")
    assert result.returncode == 0, result.stdout
    assert "OK (" in result.stdout


def test_cases_are_what_python_finds():
    for name, content in cases().items():
        assert json.loads((FOLDER / name).read_text(encoding="utf-8")) == content, f"{name}: python -m tests.android.cases"


@pytest.mark.parametrize("text", NO_JSON)
def test_python_refuses_these_too(text):
    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is no JSON")

    with pytest.raises(ValueError, match=r"\w"):
        json.loads(text, parse_constant=refuse)
