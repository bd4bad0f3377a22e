"""Runs held against earlier ones: `python -m validation drift`. The kit's own baselines lie here as JSON files."""
