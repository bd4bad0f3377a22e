"""`python -m validation peers`: the stock routes' files are of the same weights, and stand beside the kit's."""

from __future__ import annotations

import sys

import pytest
import torch

from reference.errors import UserError
from reference.manifest import manifest_path
from reference.scenes import render
from validation import structure
from validation.__main__ import main
from validation.checks import latency
from validation.commands.peers import classifiers
from validation.peers import build, side_by_side
from validation.peers.runtime import StockRuntime
from validation.peers.side_by_side import print_side_by_side

from ..rounding import assert_as_exact, centred, in_both_precisions, log_softmax


@pytest.fixture(scope="module")
def stock(demo):
    """A stock file without the minute that the other routes take."""
    return build.tensorflow_float(demo)


def test_a_peer_computes_what_the_reference_does(demo, stock, tmp_path):
    path = tmp_path / "stock.tflite"
    path.write_bytes(stock)
    values = demo.processor.network_input(demo.processor.resize_and_crop(render("validation", 0).image))
    answer = StockRuntime(path).run(values)
    both = in_both_precisions(demo.model, torch.from_numpy(values)[None])
    assert_as_exact(log_softmax(answer[None]), *(centred(each.logits) for each in both))
    assert len(stock) > 3.5e6, "weights are in the file"


def test_the_table_has_all_and_says_what_did_not_run(tflite, stock, monkeypatch, capsys):
    def absent(checkpoint):
        raise side_by_side.NotRun("litert_torch is not installed (extra dev)")

    routes = {"litert-torch float32": absent, "TensorFlow float32": lambda checkpoint: stock}
    monkeypatch.setattr(side_by_side, "ROUTES", routes)
    assert print_side_by_side([tflite("int8").path], None, scenes=8, verbose=True) == 3
    out = capsys.readouterr().out
    assert "NOT RUN: litert-torch float32: litert_torch is not installed" in out
    for name in ("TensorFlow float32", "mobilevit_xxs_demo_int8"):
        assert name in out
    assert max(map(len, out.splitlines())) <= 100
    heading, *rows = [line.replace("┃", "│").split("│")[1:-1] for line in out.splitlines() if line[:1] in ("┃", "│")]
    assert tuple(cell.strip() for cell in heading) == side_by_side.HEADINGS
    assert [row[6].strip() for row in rows] == ["-", "-"], "there is no file that the ratios are to"
    found = structure([tflite("int8").path])[0]
    assert [cell.strip() for cell in rows[1][1:4]] == [
        f"{sum(found.operations.values())}",
        f"{found.partitions[0].count}",
        f"{found.bytes / 1e6:.2f}",
    ]


def test_ratios_are_to_the_first_route(tflite, stock, monkeypatch, capsys):
    """By the latency check's arithmetic: a file that takes part twice is as fast as itself."""
    raced = []

    def race(contenders, *arguments, **options):
        raced.extend(contenders)
        return latency.race(contenders, *arguments, **options | {"runs": 3, "warm_up": 1})

    monkeypatch.setattr(side_by_side, "race", race)
    monkeypatch.setattr(side_by_side, "ROUTES", {side_by_side.BASELINE: lambda checkpoint: stock})
    assert print_side_by_side([tflite("int8").path], None, scenes=2, verbose=True) == 0
    assert [(each.model, each.base) for each in raced] == [(side_by_side.BASELINE, 0), (tflite("int8").path.name, 0)]
    (row,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith(f"│{side_by_side.BASELINE}")]
    assert row.split("│")[7].strip() == "1.00"


def test_without_litert_nothing_runs(tflite, monkeypatch, capsys):
    monkeypatch.setattr(side_by_side, "ROUTES", {})
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    assert main(["peers", str(tflite("int8").path)]) == 3
    assert capsys.readouterr().out == "NOT RUN: ai-edge-litert is not installed (extra tflite)\n"


def test_only_classifiers_have_peers(mlpackage):
    with pytest.raises(UserError, match="is no .tflite classifier"):
        print_side_by_side([mlpackage("float16").path], None, scenes=1, verbose=False)


def test_a_size_stands_for_the_files_in_a_folder(tflite, tmp_path):
    written = [tflite("int8").path, tflite("float16").path]
    for path in written:
        for file in (path, manifest_path(path)):
            (tmp_path / file.name).symlink_to(file)
    found = [each.path for each in classifiers(tmp_path, "xxs")]
    assert found == [tmp_path / path.name for path in reversed(written)]
    with pytest.raises(UserError, match="no .tflite classifier of size s in"):
        classifiers(tmp_path, "s")


@pytest.mark.parametrize("arguments", [["peers"], ["peers", "x.tflite", "--size", "xxs"]])
def test_either_files_or_a_size(arguments, capsys):
    assert main(arguments) == 2
    assert "name .tflite files, or a --size, not both" in capsys.readouterr().err
