"""The grants of `permissions.yaml`, limited to one stack.

What is created must get the stack's tags, what is changed must have them.
Sources: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html
and https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/tagging-resources-during-creation.html
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from .grants import Condition, Grant, Permissions, Scope, actions, both

_TABLE = YAML(typ="safe", pure=True).load(Path(__file__).with_suffix(".yaml"))
_TAGGING = {
    "ec2": ("CreateTags", "DeleteTags"),
    "elasticloadbalancing": ("AddTags", "RemoveTags"),
    "autoscaling": ("CreateOrUpdateTags", "DeleteTags"),
}
"""The actions that add and remove tags, by service."""


def areas(scope: Scope) -> dict[str, dict[str, Permissions]]:
    """What each resource type needs, by area and type."""
    items = _Items(scope)
    return {
        area: {
            token: Permissions(tuple(items.grants(row["read"])), tuple(items.grants(row["write"])))
            for token, row in types.items()
        }
        for area, types in _TABLE.items()
    }


@dataclass(frozen=True)
class _Items:
    """The items of the table: a method for each kind, whose parameters are the keys of the item."""

    scope: Scope

    def grants(self, items: Iterable[Any]) -> Iterator[Grant]:
        for item in items:
            (kind, first), *others = ({"describe": item} if isinstance(item, str) else item).items()
            yield from getattr(self, kind)(first, **dict(others))

    def describe(self, names: str) -> Iterator[Grant]:
        service, _, listed = names.partition(":")
        yield Grant(actions(service, listed), ("*",), self.scope.in_region)

    def allow(
        self, names: str, on: Iterable[str], when: Iterable[str | Condition] = ()
    ) -> Iterator[Grant]:
        service, _, listed = names.partition(":")
        arns = tuple(self.scope.arn(service, each) for name in on for each in self._named(name))
        if arns:
            yield Grant(actions(service, listed), arns, both(*map(self._condition, when)))

    def _named(self, resource: str) -> Sequence[str]:
        """The resources of which the configuration has a list, or else the one."""
        zones = [f"arn:{{partition}}:route53:::hostedzone/{id}" for id in self.scope.hosted_zones]
        lists = {
            "authorizer-roles": self.scope.authorizer_roles,
            "hosted-zones": zones,
            "truststores": self.scope.truststores,
        }
        return lists.get(resource, [resource])

    def request(self, names: str) -> Iterator[Grant]:
        """AWS limits the action to no resource, and an edge endpoint has its certificate there."""
        service, _, listed = names.partition(":")
        regions = {"StringEquals": {"aws:RequestedRegion": [self.scope.region, "us-east-1"]}}
        yield Grant(actions(service, listed), ("*",), both(self.scope.creates, regions))

    def create(self, action: str, on: str, within: Iterable[str] = ()) -> Iterator[Grant]:
        service, name = action.split(":")
        tagged = {"StringEquals": {f"{service}:CreateAction": name}}
        yield from self.allow(action, [on], ["creates"])
        yield from self.allow(f"{service}:{_TAGGING[service][0]}", [on], ["creates", tagged])
        if within:
            yield from self.allow(action, within, ["owns"])

    def change(self, names: str, on: str) -> Iterator[Grant]:
        tagging = _TAGGING[names.partition(":")[0]]
        return self.allow(" ".join((names, *tagging)), [on], ["owns"])

    def manage(self, collection: str) -> Iterator[Grant]:
        """AWS authorizes the tags of a creation as a second call, `PUT /tags/...`.

        It does not document whether it takes them as tags of the request or of the resource; its
        own policy below creates under a condition on those of the resource. So either is allowed.
        Source: https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSMigrationHubRefactorSpacesFullAccess.html
        """
        yield from self.allow("apigateway:POST", [collection], ["creates"])
        yield from self.allow("apigateway:POST", [collection], ["owns"])
        yield from self.allow("apigateway:PUT", ["/tags/*"], ["claims"])
        yield from self.allow("apigateway:DELETE PUT", ["/tags/*"], ["owns"])
        yield from self.allow("apigateway:DELETE PATCH", [f"{collection}/*"], ["owns"])

    def pass_role(self, role: str, to: str) -> Iterator[Grant]:
        """The role's tags are not a condition: AWS calls them unreliable for this action.

        Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
        """
        condition = {"StringEquals": {"iam:PassedToService": to}}
        return self.allow("iam:PassRole", [role], [condition])

    def service_role(self, service: str) -> Iterator[Grant]:
        """Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/create-service-linked-role.html."""
        condition = {"StringEquals": {"iam:AWSServiceName": service}}
        role = f"role/aws-service-role/{service}/*"
        return self.allow("iam:CreateServiceLinkedRole", [role], [condition])

    def _condition(self, condition: str | Condition) -> Condition:
        if isinstance(condition, str):
            named: Condition = getattr(self.scope, condition)
            return named
        return {
            operator: {key: self._filled(value) for key, value in values.items()}
            for operator, values in condition.items()
        }

    def _filled(self, value: str | Sequence[str]) -> str | list[str]:
        if isinstance(value, str):
            return self.scope.filled(value)
        return [self.scope.filled(one) for one in value]
