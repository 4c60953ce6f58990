"""A fake AWS provider: the real provider protocol, answered from an account in memory.

It shows how engine, CLI and program work together. It cannot show what pulumi-aws or AWS do:
`resource_types.py` and `rejections.py` list what is assumed of them.
"""
