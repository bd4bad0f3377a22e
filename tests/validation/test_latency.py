"""`python -m validation latency`: who runs when, and the arithmetic; never how long anything took."""

from __future__ import annotations

import json
from functools import partial

import numpy as np
import pytest
from PIL import Image

import validation.checks.latency
from reference.errors import UserError
from validation.__main__ import main
from validation.checks.latency import Contender, Times, latency, race
from validation.checks.memory import peak_mib
from validation.results import NOT_RUN_BUT_REQUIRED
from validation.runtimes import NotRun

PICTURE = Image.new("RGB", (8, 8))
MILLION = 1_000_000


class Clock:
    """Time that passes only where somebody works; the processor's goes at half the pace."""

    now = 0

    def install(self, monkeypatch) -> None:
        monkeypatch.setattr(validation.checks.latency.time, "perf_counter_ns", lambda: self.now)
        monkeypatch.setattr(validation.checks.latency.time, "process_time_ns", lambda: self.now // 2)


class Fake:
    """A runtime that takes the next of its milliseconds at each run, and notes that it ran on a whole batch."""

    def __init__(self, name, clock, diary, milliseconds, batch):
        self.name, self._clock, self._diary, self._left = name, clock, diary, iter(milliseconds)
        self.batch = batch

    def answers(self, images):
        assert len(images) == self.batch
        self._diary.append(self.name)
        self._clock.now += int(next(self._left) * MILLION)


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    clock.install(monkeypatch)
    monkeypatch.setattr(validation.checks.latency, "peak_mib", lambda work: 1.0)
    return clock


def contender(name, base, clock, diary, milliseconds, *, crop=0, loading=0, batch=1):
    def open_():
        clock.now += loading * MILLION
        return Fake(name, clock, diary, milliseconds, batch)

    def cropped(image):
        clock.now += crop * MILLION
        return np.asarray(image)

    return Contender(name, 1, cropped, open_, base)


def test_all_run_in_turn_and_warm_up_does_not_count(clock):
    diary, rng = [], np.random.default_rng(0)
    drift = np.linspace(1, 3, 23)  # a machine that gets three times slower
    slow, fast = 8 * drift, 2 * drift * rng.uniform(0.9, 1.1, 23)
    slow[:3] = 500
    results = race(
        [contender("slow", 0, clock, diary, slow, loading=7), contender("fast", 0, clock, diary, fast, crop=3)],
        PICTURE,
        runs=20,
        warm_up=3,
    )
    assert diary == ["slow", "fast"] * 23
    for result, given in zip(results, (slow[3:], fast[3:])):
        assert result.inference.wall == pytest.approx(given, abs=1e-5)
        assert result.inference.processor == pytest.approx(given / 2, abs=1e-5)
        for percent in (50, 90, 99):
            assert result.inference.percentile(percent) == pytest.approx(np.percentile(given, percent), abs=1e-5)
        low, high = np.percentile(given, [25, 75])
        assert result.inference.spread == pytest.approx(high - low, abs=1e-5)
    assert [result.load_ms for result in results] == [7, 0]
    assert [result.preprocessing.percentile(50) for result in results] == [0, 3]
    assert results[0].ratio == 1
    assert results[1].ratio == pytest.approx(np.median(fast[3:] / slow[3:]), abs=1e-5)
    assert results[1].processor_ratio == pytest.approx(results[1].ratio, abs=1e-5)


def test_ratios_forget_the_drift():
    drift = np.array([1.0, 1, 10, 10, 10])
    assert Times(tuple(3 * drift), ()).ratio(Times(tuple(drift), ())) == 3
    assert Times((3, 3, 3, 60, 60), ()).ratio(Times((1, 1, 20, 20, 20), ())) == 3


def test_ratios_are_of_an_image_and_times_of_a_batch(clock):
    diary: list[str] = []
    one, four = race(
        [contender("one", 0, clock, diary, [10] * 4), contender("four", 0, clock, diary, [20] * 4, batch=4)],
        PICTURE,
        runs=3,
        warm_up=1,
    )
    assert (one.batch, four.batch) == (1, 4)
    assert four.inference.wall == pytest.approx([20] * 3)
    assert (four.ratio, four.processor_ratio) == pytest.approx((0.5, 0.5))


def test_what_is_not_here_is_not_run(clock):
    def absent():
        raise NotRun("there is none")

    diary: list[str] = []
    missing = Contender("missing", 1, np.asarray, absent, 0)
    first, second = race([missing, contender("here", 0, clock, diary, [1] * 4)], PICTURE, runs=3, warm_up=1)
    assert (first.not_run, first.inference, first.ratio) == ("there is none", None, None)
    assert diary == ["here"] * 4
    assert second.ratio is None, "there is nothing to compare with"


def test_peak_memory_is_what_the_work_adds():
    assert peak_mib(partial(np.ones, 8 * 2**20)) == pytest.approx(64, abs=4)


def test_the_command(tflite, onnx_file, mlpackage, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(validation.checks.latency, "peak_mib", lambda work: 12.0)  # starts a process each
    artifacts, file = [tflite("float16").path, onnx_file().path], tmp_path / "latency.json"
    options = ["--threads", "1", "2", "--runs", "3", "--warmup", "1", "--json", str(file)]
    given = ["latency", *map(str, artifacts), str(mlpackage("float16").path), *options]
    assert main([*given, "--against", artifacts[1].name]) == 0
    printed = capsys.readouterr().out
    assert max(map(len, printed.splitlines())) <= 100
    found = json.loads(file.read_text("utf-8"))
    rows = [(each["model"], each["runtime"], each["threads"]) for each in found if not each["not_run"]]
    each_turn = [
        ("checkpoint demo, xxs", "PyTorch"),
        (artifacts[0].name, "LiteRT"),
        (artifacts[1].name, "ONNX Runtime"),
    ]
    ran = [(*row, threads) for threads in (1, 2) for row in each_turn]
    assert [row for row in rows if not row[0].endswith(".mlpackage")] == ran
    assert [each["peak_mib"] for each in found if each["model"] == artifacts[0].name] == [12, None]
    assert [each["ratio"] for each in found if each["model"] == artifacts[1].name] == [1, 1]
    assert all(len(each["inference"]["wall"]) == 3 for each in found if not each["not_run"])
    assert all(each["ratio"] > 0 for each in found if not each["not_run"])


@pytest.mark.skipif("sys.platform == 'darwin'", reason="Core ML is there")
def test_programs_are_timed_in_core_ml_alone(mlpackage, capsys, monkeypatch):
    monkeypatch.setattr(validation.checks.latency, "peak_mib", lambda work: None)
    assert main(["latency", str(mlpackage("float16").path), "--runs", "1", "--warmup", "1"]) == NOT_RUN_BUT_REQUIRED
    assert "Core ML runs on macOS and iOS only" in capsys.readouterr().out


def test_against_something_that_is_not_there(tflite):
    with pytest.raises(UserError, match=r"x\.tflite is not among the artifacts"):
        latency([tflite("float16").path], against="x.tflite")
