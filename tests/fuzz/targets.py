"""The parsers that are attacked, each with a sound file to begin with."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from safetensors.torch import load_file

from reference.checkpoints import BUNDLED, load_checkpoint
from reference.confined import Confined, Misbehaved
from reference.errors import UserError
from reference.golden import SUFFIX as GOLDEN
from reference.golden import golden_set
from reference.manifest import SUFFIX as MANIFEST
from reference.manifest import Manifest, digest, manifest_path
from validation.artifact import Artifact
from validation.baselines.file import BUNDLED as BASELINES
from validation.checks.claims import untrue_claims
from validation.checks.structure import _structure
from validation.runtimes import load_fitting, reading_seconds
from validation.runtimes.apart import AHEAD

from .campaign import Target
from .mutations import after_length, as_json, as_lines, as_message, flipped, moved
from .readers import PICTURE

XXS = BUNDLED / "classification" / "xxs"
BYTES = (flipped, moved)
CHEAP = ("manifest", "golden", "baseline", "device", "labels.csv", "recipe", "preprocessor")
CHECKPOINTS = ("config", "safetensors", "pickle")
ARTIFACTS = ("mlpackage", "tflite", "onnx", "aimodel")
NAMES = (*CHEAP, *CHECKPOINTS, *ARTIFACTS)
CONTRACT = Path(__file__).parent.parent / "fixtures" / "contract"
MODEL = Path("Data/com.apple.CoreML/model.mlmodel")


def targets_of(names: tuple[str, ...], folder: Path, artifacts: dict[str, Path]) -> list[Target]:
    """Those targets in the folder; artifacts: a sound one of each format that is asked for, with its manifest."""
    made = []
    for name in names:
        place = folder / name
        place.mkdir(parents=True, exist_ok=True)
        made.append(_artifact(name, place, artifacts[name]) if name in ARTIFACTS else MAKERS[name](place))
    return made


def _reader(name: str) -> str:
    return f"tests.fuzz.readers:{name}"


def _of_json(name: str, reader: str, file: str, content: Callable[[Path], bytes], folder: Path) -> Target:
    return Target(name, folder / file, content(folder), (as_json, as_json, *BYTES), _reader(reader))


def _manifest(folder: Path, suffix: str = ".tflite") -> bytes:
    """Of a file of a few bytes, which it describes."""
    path = folder / f"m{suffix}"
    path.write_bytes(b"some bytes")
    said = json.loads((CONTRACT / "manifests.json").read_text("utf-8"))
    sound = next(each for each in _manifests_in(said))
    sound["artifact"] |= {"sha256": digest(path), "bytes": path.stat().st_size}
    return json.dumps(Manifest.model_validate_json(json.dumps(sound)).model_dump(mode="json")).encode()


def _manifests_in(value: Any) -> Any:
    if isinstance(value, dict) and "schema_version" in value and "preprocessing" in value:
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _manifests_in(each)
    elif isinstance(value, str) and '"schema_version"' in value:
        yield json.loads(value)


def _golden(folder: Path) -> bytes:
    manifest = Manifest.model_validate_json(_manifest(folder))
    demo = load_checkpoint("demo")
    if len(manifest.labels) != len(demo.model.config.labels):
        labels = demo.model.config.labels
        outputs = [each.model_copy(update={"shape": [1, len(labels)]}) for each in manifest.outputs]
        manifest = manifest.model_copy(update={"labels": labels, "outputs": outputs, "palette": []})
    (folder / f"m.tflite{MANIFEST}").write_text(manifest.model_dump_json(), "utf-8")
    return golden_set(demo, manifest, [PICTURE]).model_dump_json().encode()


def _device(folder: Path) -> bytes:
    content = _golden(folder)
    (folder / f"m.tflite{GOLDEN}").write_bytes(content)
    answer = json.loads(content)["pictures"][0]
    run = {
        "artifact": "m.tflite", "sha256": digest(folder / "m.tflite"), "runtime": "litert", "accelerator": "CPU",
        "threads": 1, "load_ms": 8.0, "warm_up": 2, "preprocessing_ms": [1.0, 3.0], "inference_ms": [4.0, 10.0],
        "thermal_state": "fair", "peak_mib": None,
        "answers": [{"picture": answer["name"], "exact_pixels": True, "answer": answer["answer"]}],
    }  # fmt: skip
    device = {"model": "a", "system": "b 1", "app": "c 1"}
    return json.dumps(
        {"schema_version": 1, "device": device, "recorded_at": "2026-01-01T00:00:00Z", "runs": [run]}
    ).encode()


def _labels(folder: Path) -> Target:
    names = ["dot", "ring", "disc"]
    for name in ("a.png", "b.png"):
        Image.new("RGB", (9, 9)).save(folder / name)
    content = b"file,label\na.png,dot\nb.png,ring\n"
    mutations = (as_lines, as_lines, *BYTES)
    return Target("labels.csv", folder / "labels.csv", content, mutations, _reader("labels"), (names,))


def _recipe(_: Path) -> bytes:
    tensor = {"num_bits": 8, "symmetric": True, "granularity": "CHANNELWISE", "dtype": "INT"}
    config = {"weight_tensor_config": tensor, "compute_precision": "INTEGER", "explicit_dequantize": False}
    entry = {"regex": ".*", "operation": "CONV_2D", "algorithm_key": "min_max_uniform_quantize", "op_config": config}
    return json.dumps([entry, entry | {"regex": "x"}]).encode()


def _checkpoint(name: str, file: str, folder: Path) -> Target:
    for each in ("config.json", "preprocessor_config.json", "model.safetensors"):
        shutil.copy(XXS / each, folder)
    mutations: tuple[Any, ...] = (as_json, as_json, *BYTES)
    if name == "safetensors":
        mutations = (after_length(as_json), after_length(flipped), after_length(moved), *BYTES)
    if name == "pickle":
        weights = load_file(folder / "model.safetensors")
        (folder / "model.safetensors").unlink()
        small = {each: tensor for each, tensor in weights.items() if tensor.numel() < 5000}
        torch.save({"model": weights | small, "epoch": 3}, folder / file)
        mutations = (flipped, moved, in_archive(flipped), in_archive(moved))
    reader = "preprocessor" if name == "preprocessor" else "checkpoint"
    return Target(name, folder / file, (folder / file).read_bytes(), mutations, _reader(reader))


def in_archive(mutation: Any) -> Any:
    """Of a zip archive: of the pickle inside alone, whose checksum then fits."""

    def mutate(random: Any, content: bytes) -> bytes:
        made = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(content)) as sound, zipfile.ZipFile(made, "w") as changed:
            for entry in sound.infolist():
                inside = sound.read(entry)
                changed.writestr(entry, mutation(random, inside) if entry.filename.endswith("data.pkl") else inside)
        return made.getvalue()

    return mutate


def _artifact(name: str, folder: Path, sound: Path) -> Target:
    """One that is read and run as commands do it: its manifest says of the changed file what it said of the sound."""
    path = folder / sound.name
    (shutil.copytree if sound.is_dir() else shutil.copy)(sound, path)
    shutil.copy(manifest_path(sound), manifest_path(path))
    manifest = Manifest.model_validate_json(manifest_path(sound).read_bytes())
    artifact = Artifact(path, path.name, manifest)
    file, mutations = path, BYTES
    if name == "mlpackage":
        from validation.mil.protos import Model_pb2

        message = as_message(Model_pb2.Model)
        file, mutations = path / MODEL, (message, message, message, *BYTES)
    if name == "onnx":
        import onnx

        message = as_message(onnx.ModelProto)
        mutations = (message, message, message, *BYTES)
    if name == "aimodel":
        file = max((each for each in path.rglob("*") if each.is_file()), key=lambda each: each.stat().st_size)
    modules = (_structure.__module__, untrue_claims.__module__, *AHEAD[path.suffix])
    guarded = partial(_read_and_run, artifact)
    return Target(name, file, file.read_bytes(), mutations, "", guarded=guarded, modules=modules)


def _read_and_run(artifact: Artifact, process: Confined) -> None:
    seconds = reading_seconds(artifact.path)
    try:
        process.call(_structure, artifact, seconds=seconds)
        process.call(untrue_claims, artifact, seconds=seconds)
    except Misbehaved as error:
        raise UserError("the structure") from error  # as `structures` has it
    load_fitting(artifact, process=process)


MAKERS: dict[str, Callable[[Path], Target]] = {
    "manifest": partial(_of_json, "manifest", "manifest", f"m.tflite{MANIFEST}", _manifest),
    "golden": partial(_of_json, "golden", "golden", f"m.tflite{GOLDEN}", _golden),
    "baseline": partial(
        _of_json, "baseline", "baseline", "b.json", lambda _: (BASELINES / "classification_xxs.json").read_bytes()
    ),
    "device": partial(_of_json, "device", "device", "d.json", _device),
    "labels.csv": _labels,
    "recipe": partial(_of_json, "recipe", "recipe", "recipe.json", _recipe),
    "preprocessor": partial(_checkpoint, "preprocessor", "preprocessor_config.json"),
    "config": partial(_checkpoint, "config", "config.json"),
    "safetensors": partial(_checkpoint, "safetensors", "model.safetensors"),
    "pickle": partial(_checkpoint, "pickle", "pytorch_model.bin"),
}
