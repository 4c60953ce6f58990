"""The program and the policies run in this process, without AWS and without the Pulumi CLI."""
