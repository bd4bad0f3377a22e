"""The notes of a run: only what it noted itself counts, and where nothing can be noted it goes on."""

from __future__ import annotations

import json
import math
import os

import numpy as np
import pytest
from PIL import Image

from validation.checks.accuracy.journal import Journal
from validation.datasets import open_dataset

RESULTS = {0: [[[3, 3, 0, 0.75], [1, 2, 1, 0.1]]], 1: [[[4, 4, 0, math.pi], [0, 1, 2, 1e-30]]], 2: [[[5, 5, 0, 0.5]]]}


@pytest.fixture
def told():
    return []


@pytest.fixture
def noted(tmp_path, told):
    """A journal of an interrupted run."""
    journal = Journal(tmp_path, "key", told.append)
    journal.read()
    for number, result in RESULTS.items():
        journal.add(number, result)
    (path,) = tmp_path.iterdir()
    return path


def again(tmp_path, told, key="key"):
    return Journal(tmp_path, key, told.append)


def test_numbers_come_back_as_they_were(noted, tmp_path, told):
    assert again(tmp_path, told).read() == RESULTS
    again(tmp_path, told).add(3, [[[math.nan]]])
    assert math.isnan(again(tmp_path, told).read()[3][0][0][0])
    assert told == []
    again(tmp_path, told).remove()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda line: line.replace("0.1", "0.9"),
        lambda line: line.replace("[0,", "[7,", 1),
        lambda line: line.replace('"', "'"),
        lambda line: json.dumps(json.loads(line)[:2]),
        lambda line: "{}",
        lambda line: "3",
        lambda line: "\x00",
        lambda line: "[" * 100_000,
        lambda line: line[: len(line) // 2],
        lambda line: "",
    ],
    ids=["flipped", "other batch", "quotes", "no checksum", "object", "number", "zeros", "deep", "cut off", "empty"],
)
def test_lines_that_somebody_changed_are_counted_again(noted, tmp_path, told, change):
    lines = noted.read_text().splitlines()
    noted.write_text("\n".join([change(lines[0]), *lines[1:]]) + "\n")
    journal = again(tmp_path, told)
    assert journal.read() == {number: RESULTS[number] for number in (1, 2)}
    (line,) = told
    assert "1 of its lines are cut off or broken" in line
    journal.add(0, RESULTS[0])
    assert again(tmp_path, told).read() == RESULTS
    assert len(told) == 1, "the broken line is gone"


def test_what_is_added_after_a_cut_stands_alone(noted, tmp_path, told):
    noted.write_bytes(noted.read_bytes()[:-9])
    journal = again(tmp_path, told)
    assert journal.read().keys() == {0, 1}
    journal.add(2, RESULTS[2])
    assert again(tmp_path, told).read() == RESULTS


@pytest.mark.parametrize("content", [b"\xff\xfe\x00\x80" * 999, os.urandom(5000)], ids=["no text", "random"])
def test_no_journal_at_all(noted, tmp_path, told, content):
    noted.write_bytes(content)
    assert again(tmp_path, told).read() == {}
    assert len(told) == 1


def test_lines_of_another_run_do_not_count(noted, tmp_path, told):
    noted.rename(noted.with_name(".accuracy-other.jsonl"))
    assert again(tmp_path, told, "other").read() == {}
    assert len(told) == 1


def test_places_without_notes(tmp_path, told):
    """A file in the place of the folder, a pipe in the place of the journal: one line, and nothing else."""
    (tmp_path / "file").write_text("")
    os.mkfifo(tmp_path / ".accuracy-key.jsonl")
    for folder in (tmp_path / "file", tmp_path):
        told.clear()
        journal = again(folder, told)
        assert journal.read() == {}
        journal.add(0, RESULTS[0])
        journal.remove()
        (line,) = told
        assert "takes no notes" in line


def test_a_disk_that_is_full(noted, tmp_path, told):
    """The system refuses to make the file longer; what was noted before stays."""
    resource = pytest.importorskip("resource", reason="NOT RUN: there are no limits to the size of files here")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    journal = again(tmp_path, told)
    journal.read()
    resource.setrlimit(resource.RLIMIT_FSIZE, (noted.stat().st_size + 5, before[1]))
    try:
        for number in (3, 4):
            journal.add(number, RESULTS[0])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    (line,) = told
    assert "takes no notes (File too large)" in line
    assert again(tmp_path, told).read() == RESULTS


def test_other_pictures_of_the_same_size_are_another_data_set(tmp_path):
    """Images and masks, each with the size and the time of the one before."""
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
        Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / folder / "a.bmp")

    def identity():
        return open_dataset(str(tmp_path), "segmentation", ["none", "disc"], None).identity

    seen = {identity()}
    assert seen == {identity()}
    for folder in ("images", "masks"):
        path = tmp_path / folder / "a.bmp"
        state = path.stat()
        Image.fromarray(np.ones((8, 8), np.uint8)).save(path)
        os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
        assert path.stat().st_size == state.st_size
        assert identity() not in seen
        seen.add(identity())
