"""README's five commands, on a checkpoint that transformers' own Trainer saved."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from reference import scenes
from reference.checkpoints import BUNDLED

from .readmes import snippets

ROOT = Path(__file__).parent.parent
NAMES = ["red", "green", "blue"]
SCENES = 12


def train(folder: Path) -> None:
    """Fine-tune the bundled network for three classes, in three steps."""
    import transformers

    torch.manual_seed(0)
    processor = transformers.MobileViTImageProcessor(
        size={"shortest_edge": 72}, crop_size={"height": 64, "width": 64}, resample=2
    )
    pixels = processor([scenes.render("train", index).image for index in range(6)], return_tensors="pt")["pixel_values"]
    model = transformers.MobileViTForImageClassification.from_pretrained(
        BUNDLED / "classification" / "xxs",
        id2label=dict(enumerate(NAMES)),
        ignore_mismatched_sizes=True,
        dtype="float32",
    )
    arguments = transformers.TrainingArguments(
        str(folder / "trained"), max_steps=3, per_device_train_batch_size=2, report_to="none", use_cpu=True
    )
    data = [{"pixel_values": each, "labels": index % 3} for index, each in enumerate(pixels)]
    trainer = transformers.Trainer(model, arguments, train_dataset=data, processing_class=processor)
    trainer.train()
    trainer.save_model(str(folder / "my_run"))


@pytest.mark.deep
def test_five_commands(tmp_path):
    pytest.importorskip("accelerate", reason="transformers' Trainer needs it: pip install -e '.[dev]'")
    train(tmp_path)
    for index in range(SCENES):
        picture = scenes.render("validation", index).image
        for folder in ("photos", f"pictures/{NAMES[index % 3]}"):
            (tmp_path / folder).mkdir(parents=True, exist_ok=True)
            picture.save(tmp_path / folder / f"{index}.png")
    (block,) = snippets("bash", "--checkpoint my_run")
    commands = block.replace("\\\n", " ").strip().splitlines()
    assert len(commands) == 5
    for command in commands:
        python, *words = shlex.split(command)
        assert python == "python"
        given = [found for word in words for found in (expanded(tmp_path, word) if "*" in word else [word])]
        result = subprocess.run(
            [sys.executable, *given],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert result.returncode == 0, f"{command}\n{result.stdout}\n{result.stderr}"
    assert (tmp_path / "my_baseline.json").exists()


def expanded(folder: Path, pattern: str) -> list[str]:
    """As a shell does it."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.glob(pattern))
