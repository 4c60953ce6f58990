"""The project's own commands: `python -m operations --help`."""
