"""TFLite pipeline: `python -m converters.tflite`."""
