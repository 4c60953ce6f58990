"""How the actions of EC2, Elastic Load Balancing and Auto Scaling are limited to one stack.

What is created must get the stack's tags, what is changed must have them.
Sources: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html
and https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/tagging-resources-during-creation.html
"""

from collections.abc import Iterator
from dataclasses import dataclass

from .grants import Condition, Grant, Scope, actions, both


@dataclass(frozen=True)
class Service:
    """Grants for the actions of one AWS service."""

    scope: Scope
    name: str
    """Prefix of its actions."""
    tagging: tuple[str, str]
    """The actions that add and remove tags."""

    def arns(self, *kinds: str) -> tuple[str, ...]:
        """Every resource of some kinds, such as `vpc`, in the account and region."""
        return self.scope.arns(self.name, *(f"{kind}/*" for kind in kinds))

    def allow(self, names: str, *kinds: str, when: Condition | None = None) -> Grant:
        """Actions, separated by spaces, on resources of some kinds."""
        return Grant(actions(self.name, names), self.arns(*kinds), when or {})

    def describe(self, names: str) -> Grant:
        """Actions that AWS cannot limit to a resource."""
        return Grant(actions(self.name, names), ("*",), self.scope.in_region)

    def create(self, action: str, kind: str, *within: str) -> Iterator[Grant]:
        """Creating a tagged resource, within or together with other resources of the stack."""
        tagged = {"StringEquals": {f"{self.name}:CreateAction": action}}
        yield self.allow(action, kind, when=self.scope.creates)
        yield self.allow(self.tagging[0], kind, when=both(self.scope.creates, tagged))
        if within:
            yield self.allow(action, *within, when=self.scope.owns)

    def change(self, kind: str, names: str) -> Grant:
        """Changing, tagging and deleting resources of the stack."""
        return self.allow(" ".join((names, *self.tagging)), kind, when=self.scope.owns)


def ec2(scope: Scope) -> Service:
    """Amazon EC2, which includes the VPC."""
    return Service(scope, "ec2", ("CreateTags", "DeleteTags"))


def load_balancing(scope: Scope) -> Service:
    """Elastic Load Balancing."""
    return Service(scope, "elasticloadbalancing", ("AddTags", "RemoveTags"))


def auto_scaling(scope: Scope) -> Service:
    """Amazon EC2 Auto Scaling."""
    return Service(scope, "autoscaling", ("CreateOrUpdateTags", "DeleteTags"))
