"""Runs the program and the policies in this process, without AWS and without the Pulumi CLI."""
