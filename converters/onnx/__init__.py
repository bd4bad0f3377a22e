"""ONNX pipeline: `python -m converters.onnx`."""
