"""The rules that keep the house simple, held by walking the imports."""

from __future__ import annotations

import ast
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("reference", "converters", "validation")
MAY_IMPORT = {"reference": set(), "converters": {"reference"}, "validation": {"reference"}}
PIPELINES = ("converters.coreml", "converters.coreai", "converters.tflite", "converters.onnx")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def name_of(path: Path) -> str:
    """A file's name as a module; that of a package for its `__init__.py`."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {name_of(path): path for path in SOURCES}


def imports_of(path: Path) -> list[str]:
    """Absolute names of the modules a file imports, anywhere in it, relative imports resolved."""
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    names = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            stem = ".".join([*base, *([node.module] if node.module else [])])
            inner = [f"{stem}.{alias.name}" for alias in node.names]
            names += [name if name in MODULES else stem for name in inner]
    return names


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_dependencies_go_one_way(path):
    package = path.relative_to(ROOT).parts[0]
    for name in imports_of(path):
        top = name.split(".")[0]
        assert top != "tests"
        assert top not in PACKAGES or top == package or top in MAY_IMPORT[package], f"{path} imports {name}"
    for pipeline in PIPELINES:
        if path.is_relative_to(ROOT / pipeline.replace(".", "/")):
            others = set(PIPELINES) - {pipeline}
            assert not [name for name in imports_of(path) if any(name.startswith(other) for other in others)]


def arrows() -> dict[str, set[str]]:
    """Of each module the modules of this project that it imports; what only type checkers see counts too."""
    return {name: MODULES.keys() & set(imports_of(path)) - {name} for name, path in MODULES.items()}


def circles(graph: dict[str, set[str]]) -> list[str]:
    """One circle of the graph, as names in order; none where there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def test_no_module_imports_itself_in_a_circle():
    assert circles(arrows()) == []


@pytest.mark.parametrize("package", ["", *(name_of(path) for path in SOURCES if path.name == "__init__.py")])
def test_rooms_are_in_one_order(package):
    """Modules and packages within a package, taken as wholes: no two that need each other."""
    prefix = f"{package}." if package else ""

    def room(module: str) -> str | None:
        return module.removeprefix(prefix).split(".")[0] if module.startswith(prefix) else None

    rooms: dict[str, set[str]] = {}
    for module, imported in arrows().items():
        here = room(module)
        if here is not None:
            rooms.setdefault(here, set()).update({room(each) for each in imported} - {here, None})
    assert circles(rooms) == []


def test_circles_would_be_seen():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}}) != []


def test_rooms_are_few_and_pipelines_short():
    rooms = {path.relative_to(ROOT / "validation").parts[0] for path in SOURCES if "validation" in path.parts}
    assert len(rooms) <= 16
    for pipeline in PIPELINES:
        lines = MODULES[f"{pipeline}.convert"].read_text(encoding="utf-8").splitlines()
        assert len(lines) < 120, pipeline


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_are_of_one_thought(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 260


@pytest.mark.parametrize(
    ("module", "arguments", "said"),
    [
        *((each, "--help", f"usage: python -m {each}") for each in PIPELINES),
        *((each, "--help", f"usage: python -m {each}") for each in ("validation", "validation.mil", "reference.demo")),
        *((each, "--calibration nowhere", "error: argument --calibration: there is no folder") for each in PIPELINES),
        ("validation", "accuracy x.onnx --data nowhere", "error: argument --data: there is no folder"),
    ],
)
def test_help_and_slips_import_nothing_heavy(module, arguments, said):
    """They are told in well under half a second only as long as none of these is imported."""
    code = (
        "import runpy, sys\n"
        f"sys.argv = ['x', *{arguments.split()}]\n"
        "try:\n"
        f"    runpy.run_module('{module}', run_name='__main__')\n"
        "except SystemExit as end:\n"
        "    heavy = {'torch', 'tensorflow', 'coremltools', 'onnx', 'numpy', 'rich'} & set(sys.modules)\n"
        "    sys.exit(f'imported {heavy}' if heavy else end.code)\n"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == (2 if said.startswith("error") else 0), result.stderr
    assert said in result.stdout + result.stderr


@pytest.mark.processes
def test_loading_a_checkpoint_leaves_the_compiler_of_torch_alone():
    """Its import takes as long as all of the rest."""
    code = "import sys, reference\nreference.load_checkpoint('demo')\nsys.exit('torch._dynamo' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
