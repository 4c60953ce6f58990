"""The policy pack, started by the Pulumi engine: `pulumi preview --policy-pack policies`."""

from pack.rules import build, refuse_misspelt_configuration
from pulumi_policy import PolicyPack

if __name__ == "__main__":
    refuse_misspelt_configuration()
    PolicyPack(name="private-api", policies=build())
