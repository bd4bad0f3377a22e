"""Pipelines from the reference to what runs on phones. None of them knows of another."""
