"""The Markdown pages say what is so: links lead somewhere, commands parse, named files and targets are there."""

from __future__ import annotations

import ast
import importlib
import re
import shlex
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from converters import command_line

from .readmes import FENCE, ROOT, pages, prose, snippets

PAGES = pages()
INLINE = re.compile(r"`([^`]+)`")
LINK = re.compile(r"\[[^\]]*\]\(([^()\s]+)\)")
COMMAND = re.compile(r"python -m (?=converters|validation|reference)")
PACKAGES = ("reference", "converters", "validation")
ROOMS = r"(?:reference|converters|validation|ios_demo|android_demo|tests|\.ci|\.github)/"


def every_page(test):
    return pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))(test)


@cache
def anchors(page: Path) -> set[str]:
    """What GitHub makes of the headings: small letters, no punctuation, hyphens for spaces, numbers for twins."""
    found: Counter[str] = Counter()
    names = set()
    for heading in re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE):
        shown = LINK.sub(lambda link: link[0].partition("](")[0][1:], heading)
        name = re.sub(r"[^\w\- ]", "", shown.lower()).replace(" ", "-")
        names.add(f"{name}-{found[name]}" if found[name] else name)
        found[name] += 1
    return names


def coded(page: Path) -> list[str]:
    """The inline code of a page, each piece in one line."""
    return [" ".join(each.split()) for each in INLINE.findall(prose(page))]


@every_page
def test_links_lead_somewhere(page):
    for link in LINK.findall(INLINE.sub("", prose(page))):
        if link.startswith(("https://", "mailto:")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert target.is_relative_to(ROOT), link
        assert not anchor or anchor in anchors(target), f"{link}: {sorted(anchors(target))}"


def test_anchors_are_githubs(tmp_path):
    """By GitHub's documentation: small letters, hyphens for spaces, no punctuation or markup, numbers for twins."""
    page = tmp_path / "page.md"
    page.write_text("# Core ML, on `Linux`\n## A phone's [kernels](x.md)\n```sh\n# no heading\n```\n## Twin\n## Twin\n")
    assert anchors(page) == {"core-ml-on-linux", "a-phones-kernels", "twin", "twin-1"}


@every_page
def test_lines_are_short(page):
    text = FENCE.sub("", page.read_text("utf-8"))
    assert [line for line in text.splitlines() if len(line) > 120 and not line.startswith("|")] == []


def test_the_first_page_is_short():
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 230


@every_page
def test_files_that_pages_name_are_there(page):
    """From the repository's root, or from the page."""
    named = [each.rstrip("/") for each in coded(page) if re.fullmatch(ROOMS + r"[\w./*-]*", each)]
    assert [each for each in named if not any(ROOT.glob(each)) and not any(page.parent.glob(each))] == []


@every_page
def test_targets_that_pages_name_are_there(page):
    lines = re.findall(r"^([\w -]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    targets = {each for line in lines for each in line.split()}
    blocks = "\n".join(lines for language, lines in FENCE.findall(page.read_text("utf-8")) if language == "sh")
    code = [*coded(page), *blocks.splitlines()]
    named = {match[1] for each in code if (match := re.match(r"(?:\w+=\S+ )*make ([\w-]+)", each))}
    assert named <= targets


def test_make_help_knows_every_target():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    (phony,) = re.findall(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    assert set(re.findall(r"^# make ([\w-]+)", makefile, re.MULTILINE)) | {"help"} == set(phony.split())


def commands(page: Path) -> list[tuple[str, bool]]:
    """The kit's commands on a page, and whether they are whole; inline code may only name one."""
    text = page.read_text("utf-8")
    blocks = [lines for language, lines in FENCE.findall(text) if language in ("sh", "bash")]
    blocks += re.findall(r"^    (.+)$", prose(page), re.MULTILINE)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    return [(each, True) for each in lines if COMMAND.match(each)] + [
        (each, False) for each in coded(page) if COMMAND.match(each)
    ]


@every_page
def test_commands_parse(page, monkeypatch, capsys):
    """By the real parsers, as in test_workflows.py; the reader's own folders are taken to be there."""
    monkeypatch.setattr("reference.command_line.exists", lambda path: True)
    for command, whole in commands(page):
        _, _, module, *arguments = shlex.split(command, comments=True)
        main = importlib.import_module(f"{module}.__main__")
        runs = command_line if module.startswith("converters") else main
        monkeypatch.setattr(runs, "run", lambda body: 0)
        try:
            assert main.main(arguments) == 0
        except SystemExit:
            said = capsys.readouterr().err
            assert not whole, f"{command}: {said}"
            assert "are required" in said, f"{command}: {said}"


def test_commands_are_found():
    assert sum(len(commands(page)) for page in PAGES) > 40


def test_python_on_the_pages_imports_what_is_there():
    """All of it; other tests run what takes no minute, here, in test_workflows.py and in test_keras_files.py."""
    found = snippets("python")
    assert len(found) >= 5
    for snippet in found:
        for node in ast.walk(ast.parse(snippet)):
            if isinstance(node, ast.ImportFrom) and node.module.split(".")[0] in PACKAGES:
                module = importlib.import_module(node.module)
                assert [alias.name for alias in node.names if not hasattr(module, alias.name)] == []


def test_the_reference_answers(monkeypatch, capsys):
    (snippet,) = snippets("python", "checkpoint.processor(")
    monkeypatch.chdir(ROOT)
    exec(snippet, {})
    assert capsys.readouterr().out == "dotted ring\n"


def test_the_executor_answers(mlpackage, tmp_path, monkeypatch):
    (snippet,) = snippets("python", "validation.mil")
    (tmp_path / "build").symlink_to(mlpackage("float16").path.parent)
    (tmp_path / "reference").symlink_to(ROOT / "reference")
    monkeypatch.chdir(tmp_path)
    before, _, last = snippet.rstrip().rpartition("\n")
    names: dict = {}
    exec(before, names)
    assert "dotted ring" in eval(last, names).values()
