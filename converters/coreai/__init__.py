"""Core AI (.aimodel) from the reference."""
