"""The files that people get without this project, of the same weights.

All take what the checkpoint's network takes, float32 [1, 3, H, W], and answer with logits [1, num_labels].
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from reference.checkpoints import Checkpoint
from reference.scenes import render

from ..runtimes import NotRun
from .imports import let_torchvision_import

CALIBRATION_SCENES = 64


def litert_torch_float(checkpoint: Checkpoint) -> bytes:
    """Hugging Face's model through litert-torch, float32."""
    operators = let_torchvision_import()  # defined as long as this object lives
    try:
        import litert_torch
        import transformers
    except ImportError as error:
        raise NotRun(f"{error.name} is not installed (extra dev)") from error

    class Logits(torch.nn.Module):
        def __init__(self, model: Any) -> None:
            super().__init__()
            self.model = model

        def forward(self, image: torch.Tensor) -> torch.Tensor:
            return self.model(image).logits

    with tempfile.TemporaryDirectory() as folder:
        checkpoint.model.save_pretrained(folder)
        model = transformers.MobileViTForImageClassification.from_pretrained(folder).float().eval()
    (example,) = network_inputs(checkpoint, 1)
    content = litert_torch.convert(Logits(model).eval(), (torch.from_numpy(example),)).model_content()
    del operators
    return content


def tensorflow_float(checkpoint: Checkpoint) -> bytes:
    """The Keras model through TensorFlow's converter, float32."""
    return _tensorflow(checkpoint)


def tensorflow_dynamic(checkpoint: Checkpoint) -> bytes:
    """The same with TensorFlow's default optimisation: int8 weights, activations quantized as they run."""
    return _tensorflow(checkpoint, optimizations=["DEFAULT"])


def tensorflow_full_int8(checkpoint: Checkpoint) -> bytes:
    """The same with every operation in int8, calibrated by TensorFlow on rendered training scenes."""
    images = list(network_inputs(checkpoint, CALIBRATION_SCENES))
    return _tensorflow(
        checkpoint,
        optimizations=["DEFAULT"],
        representative_dataset=lambda: ([each] for each in images),
        operations="TFLITE_BUILTINS_INT8",
    )


ROUTES: dict[str, Callable[[Checkpoint], bytes]] = {
    "litert-torch float32": litert_torch_float,
    "TensorFlow float32": tensorflow_float,
    "TensorFlow dynamic int8": tensorflow_dynamic,
    "TensorFlow full int8": tensorflow_full_int8,
}


def network_inputs(checkpoint: Checkpoint, count: int) -> Iterator[np.ndarray]:
    """The first `count` rendered training scenes, as the network takes them."""
    processor = checkpoint.processor
    for index in range(count):
        yield processor.network_input(processor.resize_and_crop(render("train", index).image))[None]


def _tensorflow(checkpoint: Checkpoint, *, operations: str = "TFLITE_BUILTINS", **options: Any) -> bytes:
    """By TFLiteConverter with `options` set on it; a batch of one, so that delegates can plan."""
    try:
        import tensorflow as tf
        from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2
    except ImportError as error:
        raise NotRun("tensorflow is not installed (extra tflite)") from error
    from reference import TFMobileViTForImageClassification

    with tempfile.TemporaryDirectory() as folder:
        checkpoint.model.save_pretrained(folder)
        model = TFMobileViTForImageClassification.from_pretrained(folder)
    crop = checkpoint.processor.crop_size
    image = tf.TensorSpec((1, 3, crop["height"], crop["width"]), tf.float32)
    serve = tf.function(lambda pixel_values: model(pixel_values).logits).get_concrete_function(image)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([convert_variables_to_constants_v2(serve)])
    converter.target_spec.supported_ops = [getattr(tf.lite.OpsSet, operations)]
    for name, value in options.items():
        setattr(
            converter, name, [getattr(tf.lite.Optimize, each) for each in value] if name == "optimizations" else value
        )
    return converter.convert()
