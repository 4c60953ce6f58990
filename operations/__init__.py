"""What a person runs beside `pulumi`: `python -m operations`."""
