"""Checks of what the converters wrote, read from disk: this package never imports the converters."""
