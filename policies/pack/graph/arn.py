"""Amazon Resource Names, as far as the rules read them.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
"""

import re
from dataclasses import dataclass

_ARN = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):(?P<service>[a-z0-9-]+):(?P<region>[a-z0-9-]*)"
    r":(?P<account>\d{12}|aws)?:(?P<resource>\S+)"
)
_PARTITIONS = {
    "cn-": "aws-cn",
    "us-gov-": "aws-us-gov",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "eu-isoe-": "aws-iso-e",
    "us-isof-": "aws-iso-f",
    "eusc-": "aws-eusc",
}


@dataclass(frozen=True)
class Arn:
    """A parsed ARN; the parts that an ARN may omit are empty."""

    text: str
    partition: str
    service: str
    region: str
    account: str
    resource: str

    @property
    def is_consistent(self) -> bool:
        """Whether the region, if any, belongs to the partition."""
        return not self.region or partition_of(self.region) == self.partition

    @property
    def load_balancer_type(self) -> str:
        """net, app or gwy for a load balancer, and empty for anything else."""
        kind, _, rest = self.resource.partition("/")
        is_balancer = self.service == "elasticloadbalancing" and kind == "loadbalancer"
        return rest.partition("/")[0] if is_balancer else ""


def parse(text: object) -> Arn | None:
    """Parse an ARN; `None` for anything else."""
    match = _ARN.fullmatch(text) if isinstance(text, str) else None
    return Arn(match[0], *(match[name] or "" for name in _ARN.groupindex)) if match else None


def partition_of(region: str) -> str:
    """Name the partition of a region."""
    return next((p for prefix, p in _PARTITIONS.items() if region.startswith(prefix)), "aws")
