"""The network once more, in Keras on TensorFlow: one implementation for the TF classes and for the TFLite pipeline.

Layers are made from the PyTorch modules they mirror and take over their weights, so the PyTorch reference stays the one
truth about architecture and parameters. Inside, feature maps are NHWC, TensorFlow's own layout.
"""

from __future__ import annotations

import os

from ..errors import UserError
from ..extras import require

require("tflite", "tensorflow", "keras")
os.environ["KERAS_BACKEND"] = "tensorflow"  # whatever else the user has Keras set to

import keras  # noqa: E402

if keras.backend.backend() != "tensorflow":  # imported before, with the user's setting
    raise UserError(
        f"Keras already runs on {keras.backend.backend()}: import the TF classes first, or set KERAS_BACKEND=tensorflow"
    )
