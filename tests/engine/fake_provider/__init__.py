"""A fake AWS provider: the real provider protocol, answered from an account in memory.

It shows how engine, CLI and program work together. `resource_types.py`, `checks.py` and
`rejections.py` list what is assumed of pulumi-aws and AWS. Defaults, refused names, unknown values
and the order of calls were compared with the real bridge around the upstream provider 5.58, and
with the plans of 5.100; not with pulumi-aws 7 itself, of which only the SDK's types were read.
"""
