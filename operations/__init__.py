"""The commands beside `pulumi`: `python -m operations --help`."""
