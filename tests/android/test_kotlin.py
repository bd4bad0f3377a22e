"""The Kotlin of android_demo, compiled for Android 6 and, as far as it needs no phone, tested."""

from __future__ import annotations

import json
import re

import pytest

from ..readmes import snippets
from .cases import FOLDER, NO_JSON, cases
from .toolchain import NO_JDK, ROOT, Module, Toolchain

DEMO = ROOT / "android_demo"
PACKAGE = "io.github.mobilevitedgekit"


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
            ("android_demo/core/src/test/kotlin", "android_demo/mobilevit/src/test/kotlin", "tests/android/litert"),
            (core, library, *junit, *android),
            (friends,),
        ),
    ]
    result = toolchain.compile(modules)
    assert result.returncode == 0, result.stderr
    return toolchain


def test_the_library_does_what_its_tests_say(compiled):
    result = compiled.test()
    assert result.returncode == 0, result.stdout
    assert "OK (" in result.stdout


# What an app has at hand where it calls the library.
AROUND = f"""package org.example
import android.content.Context
import android.graphics.Bitmap
import android.media.Image
import android.util.Log
import {PACKAGE}.*
fun label(context: Context, bitmap: Bitmap, cameraImage: Image) {{
%s}}
"""


def test_the_readmes_lines_compile(compiled):
    (snippet,) = snippets("kotlin")
    source = compiled.output / "Readme.kt"
    source.write_text(AROUND % snippet, encoding="utf-8")
    modules = (compiled.output / "core", compiled.output / "mobilevit")
    result = compiled.compile([Module("readme", (str(source),), (*modules, compiled.android), (NO_JDK,))])
    assert result.returncode == 0, result.stderr


def test_the_app_is_sound_as_far_as_the_front_end_sees(compiled):
    """Names, types and Compose's rules, against signatures of AndroidX; for code, Compose wants its real runtime."""
    resources = compiled.output / "R.kt"
    names = re.findall(r'<string name="(\w+)"', (DEMO / "app/src/main/res/values/strings.xml").read_text("utf-8"))
    constants = "".join(f"const val {name}: Int = 0\n" for name in names)
    resources.write_text(f"package {PACKAGE}.demo\nobject R {{ object string {{\n{constants}}} }}\n", encoding="utf-8")
    coroutines, compose = compiled.libraries("kotlinx-coroutines-core-jvm", "compose-compiler-plugin")
    modules = (compiled.output / "core", compiled.output / "mobilevit")
    sources = ("android_demo/app/src/main/kotlin", "tests/android/stubs/androidx", "tests/android/stubs/platform")
    classpath = (*modules, compiled.android, coroutines)
    app = Module("app", (*sources, str(resources)), classpath, (NO_JDK, f"-Xplugin={compose}"))
    result = compiled.compile([app])
    assert not re.search(r"^.*(error|warning): .*$", result.stderr, re.MULTILINE), result.stderr
    assert "The Compose Compiler requires the Compose Runtime to be on the class path" in result.stderr


@pytest.mark.benchmark
def test_a_camera_frame_takes_less_than_15_ms(compiled):
    result = compiled.run(f"{PACKAGE}.core.PreprocessingBenchmarkKt")
    print(result.stdout)
    assert float(re.search(r"ARGB to 256x256: .* ms, ([\d.]+) ms", result.stdout)[1]) < 15


def test_each_text_is_used():
    code = "".join(path.read_text("utf-8") for path in DEMO.rglob("app/src/main/**/*.*ml")) + "".join(
        path.read_text("utf-8") for path in DEMO.rglob("app/src/main/**/*.kt")
    )
    names = re.findall(r'<string name="(\w+)"', code)
    assert names
    assert not [name for name in names if not re.search(rf"R\.string\.{name}\b|@string/{name}\b", code)]


def test_builds_name_what_the_catalog_has():
    """Each pin is used, and nothing is used that has none; Gradle itself does not run here."""
    catalog = (DEMO / "gradle/libs.versions.toml").read_text("utf-8")
    builds = "".join(path.read_text("utf-8") for path in DEMO.rglob("*.gradle.kts"))
    sections = {name: set(re.findall(r"^([\w-]+) =", text, re.MULTILINE)) for name, text in _sections(catalog).items()}
    used = {kind: set() for kind in sections}
    for reference in re.findall(r"libs((?:\.\w+)+)", builds):
        kind, name = re.fullmatch(r"\.(?:(versions|plugins)\.)?([\w.]+?)(?:\.get)?", reference).groups()
        used[kind or "libraries"].add(name.replace(".", "-"))
    used["versions"] |= set(re.findall(r'version\.ref = "(\w+)"', catalog))
    assert used == sections


def _sections(catalog: str) -> dict[str, str]:
    parts = re.split(r"^\[(\w+)\]$", catalog, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2]))


def test_cases_are_what_python_finds():
    for name, content in cases().items():
        assert json.loads((FOLDER / name).read_text(encoding="utf-8")) == content, (
            f"{name}: python -m tests.android.cases"
        )


@pytest.mark.parametrize("text", NO_JSON)
def test_python_refuses_these_too(text):
    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is no JSON")

    with pytest.raises(ValueError, match=r"\w"):
        json.loads(text, parse_constant=refuse)
