"""The same weights through stock routes, side by side with this project's files: `python -m validation peers`."""
