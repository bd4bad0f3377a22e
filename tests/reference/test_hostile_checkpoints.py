"""Checkpoints that ask for more than they hold: refused by one line, at once, before memory is taken."""

from __future__ import annotations

import json
import resource
import shutil
import sys
import time
import zipfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from reference.answers import answer
from reference.checkpoints import BUNDLED, load_checkpoint
from reference.command_line import run

XXS = BUNDLED / "classification" / "xxs"
PICKLE = "pytorch_model.bin"


def peak() -> int:
    """The most memory that this process had, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1024 if sys.platform == "linux" else 1024**2)


@pytest.fixture(scope="module")
def weights():
    load_checkpoint("demo")  # what loading anything takes
    return load_file(XXS / "model.safetensors")


def assert_refused(folder: Path, capfd, *words: str) -> None:
    before, started = peak(), time.process_time()
    assert run(lambda: load_checkpoint(str(folder))) == 2
    assert time.process_time() - started < 1
    assert peak() - before < 100
    (line,) = capfd.readouterr().err.splitlines()
    for word in words:
        assert word in line


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"num_labels": 10**9, "id2label": None}, ["config.json", "num_labels must be", "1000000000"]),
        ({"num_labels": 200_000, "id2label": None}, ["classifier.weight", "[200000, 320]"]),
        ({"hidden_sizes": [65536] * 3}, ["encoder.layer.2.conv_1x1", "asks for [65536, 48, 1, 1]"]),
        ({"neck_hidden_sizes": [65536] * 7}, ["conv_stem", "asks for [65536, 3, 3, 3]"]),
        ({"conv_kernel_size": 101}, ["conv_kxk", "101, 101]"]),
        ({"expand_ratio": 100}, ["expand_1x1", "[1600, 16, 1, 1]"]),
        ({"patch_size": 65536}, ["config.json", "patch_size must be"]),
        ({"atrous_rates": [6, 12, 65536]}, ["config.json", "atrous_rates must be"]),
    ],
    ids=lambda value: next(iter(value)),
)
def test_sizes_that_the_weights_have_not(weights, tmp_path, capfd, changes, words):
    folder = shutil.copytree(XXS, tmp_path / "mine")
    fields = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**fields, "label2id": None, **changes}))
    assert_refused(folder, capfd, *words)


def saved(tmp_path, content, write=save_file, name="model.safetensors") -> Path:
    folder = tmp_path / "mine"
    folder.mkdir()
    shutil.copy(XXS / "config.json", folder)
    write(content, folder / name)
    return folder


def test_more_tensors_than_a_network_has(weights, tmp_path, capfd):
    names = {f"x{number}": torch.zeros(1) for number in range(20_000)}
    assert_refused(saved(tmp_path, {**weights, **names}), capfd, "model.safetensors", "tensors, more than 10000")


def test_more_tensors_in_a_pickle(weights, tmp_path, capfd):
    def write(content, path):
        with zipfile.ZipFile(path, "w") as archive:
            for number in range(20_000):
                archive.writestr(f"archive/data/{number}", b"")

    assert_refused(saved(tmp_path, None, write, PICKLE), capfd, PICKLE, "20000 tensors, more than 10000")


def test_numbers_of_eight_bits(weights, tmp_path, capfd):
    eight = {name: each.to(torch.float8_e4m3fn) if each.is_floating_point() else each for name, each in weights.items()}
    assert_refused(saved(tmp_path, eight), capfd, "is of float8_e4m3fn: save it as float32")


def test_a_name_of_two_lines(weights, tmp_path, capfd):
    assert_refused(saved(tmp_path, {**weights, "two\nlines": torch.zeros(1)}), capfd, r"two\nlines")


class Calls:
    """Pickled as a call of something that PyTorch's unpickler allows."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def repeated(weights):
    return {name: torch.zeros(1).expand(each.shape) for name, each in weights.items() if each.is_floating_point()}


def shared(weights):
    """All tensors are the same few numbers."""
    floats = {name: each for name, each in weights.items() if each.is_floating_point()}
    all_numbers = torch.zeros(max(each.numel() for each in floats.values()))
    return {name: all_numbers[: each.numel()].view(each.shape) for name, each in floats.items()}


@pytest.mark.parametrize("legacy", [False, True], ids=["archive", "legacy"])
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (repeated, "asks for more numbers than the file holds"),
        (shared, "asks for more numbers than the file holds"),
        (lambda weights: {**weights, "x": Calls(torch.Tensor, 30_000, 40_000)}, "more memory than it has bytes"),
        (lambda weights: {**weights, "x": Calls(bytearray, 10**9)}, "holds a bytearray beside its tensors"),
    ],
    ids=["repeated", "shared", "made", "bytes"],
)
def test_pickles_of_more_than_their_bytes(weights, tmp_path, capfd, content, words, legacy):
    def write(made, path):
        torch.save(made, path, _use_new_zipfile_serialization=not legacy)

    assert_refused(saved(tmp_path, content(weights), write, PICKLE), capfd, PICKLE, words)


def test_pickles_that_are_packed(weights, tmp_path, capfd):
    def write(content, path):
        plain = path.with_suffix(".plain")
        torch.save(content, plain)
        with zipfile.ZipFile(plain) as whole, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
            for entry in whole.infolist():
                packed.writestr(entry.filename, whole.read(entry))
        plain.unlink()

    folder = saved(tmp_path, {**weights, "x": torch.zeros(30_000_000)}, write, PICKLE)
    assert_refused(folder, capfd, PICKLE, "unpacks to more than it holds")


def test_sound_pickles_still_load(weights, tmp_path):
    """Averaged weights that are the same tensors, and slices of one flat one, hold what they ask for."""
    flat = torch.cat([each.flatten() for each in weights.values() if each.is_floating_point()])
    slices, start = {}, 0
    for name, each in weights.items():
        if each.is_floating_point():
            slices[name] = flat[start : start + each.numel()].view(each.shape)
            start += each.numel()
    folder = saved(tmp_path, {"model": slices, "model_ema": slices}, torch.save, PICKLE)
    loaded = load_checkpoint(str(folder)).model.state_dict()
    assert all(torch.equal(loaded[name], each) for name, each in slices.items())


def test_wishes_of_the_caller_change_no_answer(weights, tmp_path):
    """config.json may say what transformers returns; the kit reads its own answers by name."""
    folder = shutil.copytree(XXS, tmp_path / "mine")
    fields = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**fields, "return_dict": False, "output_hidden_states": True}))
    values = torch.rand((1, 3, 64, 64), generator=torch.Generator().manual_seed(0))
    ours, plain = (answer(load_checkpoint(source), values, "probabilities") for source in (str(folder), "demo"))
    assert (ours == plain).all()
