"""The Hub is asked for what its user names, and for nothing else; without a network it is not waited for."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from converters.conversion import begin
from converters.onnx.options import ONNXOptions
from reference.checkpoints import BUNDLED, load_checkpoint
from reference.command_line import run
from reference.errors import UserError
from reference.manifest import manifest_path, read_manifest
from reference.sources import open_source
from validation.artifact import References, open_artifacts

from ..hub import ask_there, served

ROOT = Path(__file__).parents[2]
XXS = BUNDLED / "classification" / "xxs"
NOBODY = "http://127.0.0.1:9"  # a port that refuses


@pytest.fixture
def hub(monkeypatch, tmp_path):
    with served() as hub:
        ask_there(monkeypatch, hub.endpoint, tmp_path / "cache")
        yield hub


@pytest.fixture
def folder(tmp_path):
    return Path(shutil.copytree(XXS, tmp_path / "somebodys"))


def names(hub):
    return [path.rpartition("/")[2] for path in hub.asked]


def test_the_hub_is_asked_only_for_a_hub_id(hub, folder, capfd):
    for source in ("demo", "random", str(folder)):
        load_checkpoint(source)
    assert hub.asked == []
    commit = hub.publish("somebody/mobilevit", folder)
    (folder / "preprocessor_config.json").write_text(json.dumps({"size": {"shortest_edge": 300}, "resample": 2}))
    checkpoint = load_checkpoint("somebody/mobilevit")
    assert (checkpoint.id, checkpoint.slug) == ("somebody/mobilevit", "somebody-mobilevit")
    assert checkpoint.processor.size == {"shortest_edge": 300}
    assert checkpoint.commit == commit
    assert "asking the Hugging Face Hub for somebody/mobilevit\n" in capfd.readouterr().err


def test_paths_in_disguise_are_not_hub_ids(hub, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "build").mkdir()
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    missing = ["build/model", "other/model.pt", "other/model.safetensors", "./somebody/mobilevit", "../a", "~/model",
               "a\\b", "a/b/c", "/somebody/mobilevit", "model", ""]  # fmt: skip
    for source in missing:
        with pytest.raises(UserError, match="does not exist"):
            load_checkpoint(source)
        with pytest.raises(UserError, match="does not exist"):
            open_source(source, local_files_only=True)
    assert hub.asked == []


def test_a_revision_says_that_it_is_a_hub_id(hub, folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "somebody").mkdir()
    commit = hub.publish("somebody/mobilevit", folder)
    with pytest.raises(UserError, match="give --revision main for a Hub id"):
        load_checkpoint("somebody/mobilevit")
    assert load_checkpoint("somebody/mobilevit", revision="main").commit == commit
    for source in ("demo", "random", str(folder)):
        with pytest.raises(UserError, match="has no revisions"):
            load_checkpoint(source, revision="main")


def test_all_files_are_of_the_commit_of_the_first(hub, folder, tmp_path):
    """A branch that moves on meanwhile would mix two checkpoints."""
    old = hub.publish("somebody/mobilevit", folder)
    place = open_source("somebody/mobilevit")
    assert place.find("config.json").parent.name == old
    newer = shutil.copytree(folder, tmp_path / "newer")
    new = hub.publish("somebody/mobilevit", newer)
    assert place.find("model.safetensors").parent.name == old == place.commit
    assert load_checkpoint("somebody/mobilevit").commit == new
    assert load_checkpoint("somebody/mobilevit", revision=old).commit == old
    tagged = hub.publish("somebody/mobilevit", folder, branch="v1")
    assert load_checkpoint("somebody/mobilevit", revision="v1").commit == tagged


@pytest.mark.parametrize("offline", ["HF_HUB_OFFLINE", "nobody answers", "the Hub is down", "not asked"])
def test_without_the_hub_its_cache_serves(hub, folder, tmp_path, monkeypatch, offline):
    """Weights of the second name that is looked for, and no preprocessor_config.json, which the cache notes."""
    (folder / "preprocessor_config.json").unlink()
    commit = hub.publish("somebody/mobilevit", folder)
    before = load_checkpoint("somebody/mobilevit")
    hub.asked.clear()
    if offline == "HF_HUB_OFFLINE":
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    elif offline == "nobody answers":
        ask_there(monkeypatch, NOBODY, tmp_path / "cache")
    elif offline == "the Hub is down":
        hub.broken = 503
    asked_not = offline == "not asked"
    started = time.monotonic()
    after = load_checkpoint("somebody/mobilevit", local_files_only=asked_not)
    assert time.monotonic() - started < 2
    assert (after.sha256, after.commit) == (before.sha256, commit)
    assert len(hub.asked) == (offline == "the Hub is down")
    with pytest.raises(UserError, match="no config.json of other/mobilevit lies in the cache, and"):
        load_checkpoint("other/mobilevit", local_files_only=asked_not)
    (tmp_path / "cache" / "models--somebody--mobilevit" / ".no_exist").rename(tmp_path / "forgotten")
    with pytest.raises(UserError, match="no preprocessor_config.json of somebody/mobilevit lies in the cache"):
        load_checkpoint("somebody/mobilevit", local_files_only=asked_not)


def test_refusals_are_one_line(hub, folder, capfd):
    hub.publish("somebody/mobilevit", folder)
    for source, revision, message in [
        ("nobody/mobilevit", None, "gave no config.json of nobody/mobilevit (404"),
        ("somebody/mobilevit", "v9", "gave no config.json of somebody/mobilevit (404"),
        ("somebody/-mobilevit", None, "somebody/-mobilevit is no Hub id"),
    ]:
        started = time.monotonic()
        assert run(lambda source=source, revision=revision: load_checkpoint(source, revision=revision)) == 2
        assert time.monotonic() - started < 2
        first, error = capfd.readouterr().err.splitlines()
        assert first.startswith("asking the Hugging Face Hub for")
        assert message in error


@pytest.mark.processes
@pytest.mark.parametrize("silent", [False, True], ids=["refused", "no answer"])
def test_offline_is_told_at_once(tmp_path, silent):
    """In a process of its own, as huggingface_hub sets its log level when it is imported, and would retry for long."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(8)  # takes connections, and answers nothing
        endpoint = f"http://127.0.0.1:{listening.getsockname()[1]}" if silent else NOBODY
        environment = {**os.environ, "HF_ENDPOINT": endpoint, "HF_HOME": str(tmp_path)}
        timed = (
            "import sys, time, torch, huggingface_hub.file_download\n"
            "from reference.command_line import run\n"
            "from reference.checkpoints import load_checkpoint\n"
            "started = time.monotonic()\n"
            "code = run(lambda: load_checkpoint('apple/mobilevit-xx-small'))\n"
            "print(time.monotonic() - started)\n"
            "sys.exit(code)\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", timed], env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60
        )
    assert done.returncode == 2
    assert float(done.stdout) < 2
    asking, error = done.stderr.splitlines()
    assert asking == "asking the Hugging Face Hub for apple/mobilevit-xx-small"
    assert "and the Hugging Face Hub cannot be reached" in error
    assert "HF_HUB_OFFLINE=1" in error


def published(checkpoint, folder):
    """An artifact that holds nothing, with its manifest."""
    started = begin(checkpoint, folder, ONNXOptions(image_size=(32,)), passes=(), bake_input=False)
    feed = started.input("tensor", "NCHW", "float32")
    return started.publish(
        lambda path: path.write_bytes(b"weights"), input=feed, outputs=started.outputs, tools=()
    ).path


def test_the_manifest_names_the_commit(hub, folder, tmp_path):
    commit = hub.publish("somebody/mobilevit", folder)
    for source, said in (("somebody/mobilevit", {"commit": commit}), (str(folder), {})):
        artifact = published(load_checkpoint(source), tmp_path)
        facts = json.loads(manifest_path(artifact).read_text("utf-8"))["checkpoint"]
        assert facts.items() >= said.items()
        assert ("commit" in facts) == bool(said), "the form of manifests without one is as it was"
        assert read_manifest(artifact).checkpoint.commit == said.get("commit")


def test_an_id_that_a_manifest_names_is_not_sent(hub, folder, tmp_path, monkeypatch):
    commit = hub.publish("somebody/mobilevit", folder)
    (opened,) = open_artifacts([published(load_checkpoint("somebody/mobilevit"), tmp_path)])
    hub.asked.clear()
    assert References().of(opened).commit == commit, "what was fetched once lies in the cache"
    ask_there(monkeypatch, hub.endpoint, tmp_path / "empty")
    with pytest.raises(UserError, match="name its weights with --checkpoint"):
        References().of(opened)
    assert hub.asked == []
    assert References("somebody/mobilevit", "main").of(opened).commit == commit
    with pytest.raises(UserError, match="--revision is of a Hub id"):
        References(None, "main")
