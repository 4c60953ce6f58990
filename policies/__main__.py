"""The policy pack, started by the Pulumi engine: `pulumi preview --policy-pack policies`."""

from pack import about
from pack.framework.servicer import serve_pack
from pack.rules import build
from pulumi_policy import PolicyPack

if __name__ == "__main__":
    serve_pack()
    PolicyPack(policies=build(), **about.pack())
