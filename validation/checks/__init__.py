"""What each check computes: parity, accuracy, latency, structure, localize, and what they share."""
