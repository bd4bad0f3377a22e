"""What the kit stands on here, and combinations known to be bad: `python -m validation doctor`."""
