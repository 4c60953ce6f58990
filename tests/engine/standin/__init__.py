"""A stand-in for the AWS provider: the real provider protocol, and a cloud in memory behind it.

It shows what engine, CLI and program make of each other. It cannot show what pulumi-aws or AWS do:
`kinds.py` and `rules.py` say what is assumed of them.
"""
