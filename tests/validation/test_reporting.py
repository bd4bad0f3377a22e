"""Results as JSON, Markdown and JUnit's XML, and what they make a command exit with."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest
from rich.table import Table

from reference.command_line import run
from reference.errors import UserError
from validation import exit_code, verdict
from validation.__main__ import main
from validation.reporting.formats import as_json, as_junit, as_markdown
from validation.reporting.page import Page, as_html
from validation.reporting.tables import judged, show
from validation.results import Check, Judged

from . import mistaken

PASS = Check(
    artifact="a|b.tflite", runtime="litert", check="sqnr_db", verdict="PASS", value=61.25, bound=55.0, reason="x"
)
FAIL = Check(
    artifact="c.onnx", runtime="onnxruntime", check="cosine", verdict="FAIL", value=None, bound=0.9, reason="NaN"
)
NOT_RUN = Check(artifact="d", runtime="coreml-native", check="run", verdict="NOT RUN", reason="no Mac")
RESULTS = [
    Judged("a|b.tflite", "litert", [PASS]),
    Judged("c.onnx", "onnxruntime", [PASS, FAIL], ["answers match if <the channels> are swapped"]),
    Judged("d", "coreml-native", [NOT_RUN]),
]


@pytest.mark.parametrize(
    ("checks", "required", "code"),
    [
        ([PASS], [], 0),
        ([PASS, NOT_RUN], [], 0),
        ([PASS, NOT_RUN], ["coreml-native"], 3),
        ([PASS], ["coreml-native"], 3),
        ([NOT_RUN], [], 3),
        ([], [], 3),
        ([PASS, FAIL, NOT_RUN], ["coreml-native"], 1),
    ],
)
def test_exit_codes(checks, required, code):
    assert exit_code(checks, required) == code


def test_what_did_not_run_has_not_passed():
    assert [verdict(each) for each in ([PASS, NOT_RUN], [NOT_RUN], [NOT_RUN, FAIL])] == ["PASS", "NOT RUN", "FAIL"]


def test_json_reads_back():
    facts = json.loads(as_json(RESULTS))
    assert facts["verdict"] == "FAIL"
    checks = [Check.model_validate(check) for each in facts["results"] for check in each["checks"]]
    assert checks == [PASS, PASS, FAIL, NOT_RUN]


def test_markdown_is_one_table():
    lines = as_markdown(RESULTS).splitlines()
    rows = [line for line in lines if line.startswith("|")]
    assert len(rows) == 2 + 4
    assert {line.count("|") for line in rows} == {7}, "a bar within a cell would make columns of its own"
    assert "≥ 55" in rows[2]
    assert lines[-1] == r"- c.onnx, onnxruntime: answers match if \<the channels> are swapped", "no HTML element"


def test_junit_counts():
    suite = ElementTree.fromstring(as_junit(RESULTS).split("\n", 1)[1]).find("testsuite")
    assert {key: suite.get(key) for key in ("tests", "failures", "skipped")} == {
        "tests": "4", "failures": "1", "skipped": "1",
    }  # fmt: skip
    failure = suite.find("testcase/failure")
    assert "not finite" in failure.get("message")
    assert failure.text == "answers match if <the channels> are swapped"
    assert suite.find("testcase/skipped").get("message") == "no Mac"


FOREIGN = "[/b] [red] :smile: <b>&amp; a_b *c* `d`\x1b[31m\x00\ue000\udc80\ufffe\u202e\n| end"
FOREIGN_RESULTS = [Judged(FOREIGN, FOREIGN, [FAIL.model_copy(update={"reason": FOREIGN, "check": FOREIGN})], [FOREIGN])]


def test_foreign_text_is_shown_as_it_is_on_a_terminal(capsys):
    table = Table(FOREIGN, title=FOREIGN)
    table.add_row(FOREIGN)
    show(table, FOREIGN, judged(FOREIGN_RESULTS, "parity", verbose=True))
    out = capsys.readouterr().out
    assert out.count("[/b]") >= 6
    assert out.count("[red]") == out.count(":smile:") == out.count("[/b]")
    assert "\\x1b[31m\\x00\ue000\\udc80\\ufffe\\u202e" in out
    assert all(each.isprintable() or each in "\n\ue000" for each in out)
    out.encode("utf-8")


def test_foreign_text_is_text_in_every_report():
    suite = ElementTree.fromstring(as_junit(FOREIGN_RESULTS).split("\n", 1)[1]).find("testsuite")
    assert suite.find("testcase").get("classname").startswith(r"[/b] [red] :smile: <b>&amp; a_b *c* `d`\x1b[31m\x00")
    row, last = [line for line in as_markdown(FOREIGN_RESULTS).splitlines() if "smile" in line]
    assert row.count("|") == 7
    assert r"\[/b\] \[red\] :smile: \<b>\&amp; a_b \*c\* \`d\`" in row
    assert last.startswith("- ")
    page = as_html(Page(FOREIGN, FOREIGN_RESULTS, about={FOREIGN: FOREIGN}))
    page.encode("utf-8")
    assert "<b>&" not in page
    assert "&lt;b&gt;&amp;amp; a_b" in page
    assert not {"\x1b", "\x00", "\u202e"} & set(page)


def test_an_error_is_one_line_whatever_is_in_it(capsys):
    def fails():
        raise UserError(f"tensor {FOREIGN}\nis missing\n")

    assert run(fails) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "\x1b" not in err
    assert err.endswith("\\n| end\\nis missing\n")


def test_a_mistake_of_the_kits_is_no_verdict(capsys):
    def breaks():
        raise KeyError("nobody thought of it")

    assert run(breaks) == 70
    err = capsys.readouterr().err
    assert "nobody thought of it" in err
    assert err.splitlines()[-1].startswith("error: this is a mistake of the kit's")


def test_the_command_writes_them(tflite, tmp_path, capfd):
    wrong = mistaken.copy_of(tflite("none").path, tmp_path)
    mistaken.describe_anew(wrong, labels=lambda labels: labels[::-1])
    files = [tmp_path / "deep" / name for name in ("r.json", "r.md", "r.xml")]
    options = [part for name, path in zip(("--json", "--markdown", "--junit"), files) for part in (name, str(path))]
    image = ["--images", "reference/demo/sample.png"]
    assert main(["parity", str(tflite("none").path), str(wrong), *image, *options]) == 1
    out = capfd.readouterr().out
    assert max(map(len, out.splitlines())) <= 100
    assert "labels differ from the checkpoint's" in files[1].read_text()
    assert json.loads(files[0].read_text())["verdict"] == "FAIL"
    assert "parity: FAIL" in files[1].read_text()
    assert ElementTree.parse(files[2]).getroot().tag == "testsuites"
    assert main(["parity", str(tflite("none").path), *image, "--json", str(tmp_path)]) == 2
    assert "cannot write" in capfd.readouterr().err
