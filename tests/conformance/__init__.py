"""coremltools' own tests of ML Program operations, run through validation.mil: `python -m tests.conformance`.

They ship in coremltools' wheel with expectations from NumPy and PyTorch; off macOS their prediction half is skipped.
Nothing of them is copied here.
"""
