"""`python -m validation peers`: the stock routes' files are of the same weights, and stand beside the kit's."""

from __future__ import annotations

import pytest
import torch

from reference.errors import UserError
from reference.manifest import manifest_path
from reference.scenes import render
from validation.__main__ import main
from validation.commands.peers import classifiers
from validation.peers import build, side_by_side
from validation.peers.side_by_side import print_side_by_side

from ..rounding import assert_as_exact, centred, in_both_precisions, log_softmax


@pytest.fixture(scope="module")
def stock(demo):
    """A stock file without the minute that the other routes take."""
    return build.tensorflow_float(demo)


def test_a_peer_computes_what_the_reference_does(demo, stock):
    pixels = demo.processor.resize_and_crop(render("validation", 0).image)
    peer = side_by_side._peer("stock", stock, demo)
    peer.run(pixels)
    both = in_both_precisions(demo.model, torch.from_numpy(demo.processor.network_input(pixels))[None])
    assert_as_exact(log_softmax(peer.answers[:1]), *(centred(each.logits) for each in both))
    assert peer.operations > 400
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


def test_only_classifiers_have_peers(mlpackage):
    with pytest.raises(UserError, match="is no .tflite classifier"):
        print_side_by_side([mlpackage("float16").path], None, scenes=1, verbose=False)


def test_a_size_stands_for_the_files_in_a_folder(tflite, tmp_path):
    written = [tflite("int8").path, tflite("float16").path]
    for path in written:
        for file in (path, manifest_path(path)):
            (tmp_path / file.name).symlink_to(file)
    assert classifiers(tmp_path, "xxs") == [tmp_path / path.name for path in reversed(written)]
    with pytest.raises(UserError, match="no .tflite classifier of size s in"):
        classifiers(tmp_path, "s")


@pytest.mark.parametrize("arguments", [["peers"], ["peers", "x.tflite", "--size", "xxs"]])
def test_either_files_or_a_size(arguments, capsys):
    assert main(arguments) == 2
    assert "name .tflite files, or a --size, not both" in capsys.readouterr().err
