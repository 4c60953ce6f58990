"""The policy pack, started by the Pulumi engine: `pulumi preview --policy-pack policies`."""

from pack.framework.configuration import reject_unknown_names
from pack.rules import build
from pulumi_policy import PolicyPack

if __name__ == "__main__":
    reject_unknown_names()
    PolicyPack(name="private-api", policies=build())
