"""Trained checkpoints whose heads answer otherwise than by classes."""

from __future__ import annotations

from pathlib import Path

from torch import nn

from reference.checkpoints import load_checkpoint

SCORES = {"problem_type": "multi_label_classification"}
# What config.json says, how many labels, and what the values then are.
HEADS = {
    "scores": (SCORES, 30, "scores"),
    "one score": (SCORES, 1, "scores"),
    "one value": ({}, 1, "values"),
    "values": ({"problem_type": "regression"}, 5, "values"),
    "probabilities": ({}, 30, "probabilities"),
}
SEGMENTER = "one class"
HEAD_SIDE = 96  # pixels of the artifacts' input


def cut(layer: nn.Module, labels: int) -> None:
    """Leave the first outputs, with a bias that puts them on both sides of zero."""
    layer.weight = nn.Parameter(layer.weight[:labels])
    layer.bias = nn.Parameter(layer.bias[:labels])


def save_head(name: str, folder: Path) -> str:
    """Write the checkpoint with that head of HEADS, or SEGMENTER, into a folder that is new."""
    segments = name == SEGMENTER
    checkpoint = load_checkpoint("demo", task="segmentation" if segments else "classification")
    fields, labels, _ = ({}, 1, "") if segments else HEADS[name]
    model, config = checkpoint.model, checkpoint.model.config
    cut(model.segmentation_head.classifier.convolution if segments else model.classifier, labels)
    folder.mkdir(exist_ok=True)
    config.id2label = dict(list(config.id2label.items())[:labels])
    config.label2id = {label: index for index, label in config.id2label.items()}
    for key, value in fields.items():
        setattr(config, key, value)
    model.save_pretrained(folder)
    checkpoint.processor.save_pretrained(folder)
    return str(folder)
