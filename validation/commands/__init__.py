"""What each `python -m validation` command prints."""
