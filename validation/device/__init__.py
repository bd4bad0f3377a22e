"""What phones measured: the file that the apps export, and the verdict on it."""
