"""Core ML pipeline: `python -m converters.coreml`."""
