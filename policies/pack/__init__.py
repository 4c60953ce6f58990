"""The policy pack. It imports nothing of the rest of the project."""
