"""A stack on this machine: the real CLI and AWS provider, with Moto in the place of AWS."""
