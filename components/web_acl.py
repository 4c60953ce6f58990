"""The web ACL in front of the stages of an API."""

from collections.abc import Mapping, Sequence
from ipaddress import ip_network
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

# The annotations below are quoted, so that a stack without a web ACL does not import the SDK's part
# for it, which takes longer than everything else of the program.
_REGIONAL = "REGIONAL"
"""The scope of every stage, also with an edge endpoint."""
RATE_SECONDS = 300
"""The window in which requests are counted; it is AWS's default, stated because it is a meaning."""


class RuleGroupArgs(TypedDict):
    """A rule group that AWS manages."""

    name: str
    """AWS's name. Plain, because it names the rule."""
    count: Sequence[str]
    """Names of its rules that only count."""


class ManagedArgs(TypedDict):
    """The rules of a new web ACL."""

    rule_groups: Sequence[RuleGroupArgs]
    """Rule groups, in their order."""
    rate_limit: NotRequired[pulumi.Input[int]]
    """Requests of one address in `RATE_SECONDS`."""
    allow: NotRequired[Sequence[str]]
    """The only ranges that may call. Plain, because IPv4 and IPv6 are separate resources."""
    block: NotRequired[Sequence[str]]
    """Ranges that may not. Plain, likewise."""


class WebAclArgs(TypedDict):
    """Inputs of `WebAcl`; exactly one of `arn` and `managed`."""

    title: str
    """Name of the metrics in CloudWatch."""
    stages: Mapping[str, pulumi.Input[str]]
    """ARNs of the stages, by name. Plain, because each gets an association."""
    arn: NotRequired[pulumi.Input[str]]
    """ARN of an existing web ACL."""
    managed: NotRequired[ManagedArgs]
    """The rules of a new web ACL."""
    tags: NotRequired[Mapping[str, str]]
    """Tags for every taggable child."""


class WebAcl(pulumi.ComponentResource):
    """A web ACL, with its lists of addresses, and its association with every stage.

    API Gateway asks it first, before resource policies and authorizers. What it blocks gets 403.
    Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-control-access-aws-waf.html
    """

    arn: pulumi.Output[str]
    """ARN of the web ACL."""

    def __init__(
        self, name: str, args: WebAclArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("privateapi:index:WebAcl", name, {}, opts)
        if ("arn" in args) == ("managed" in args):
            raise ValueError(f"{name}: set either arn or managed")
        self._prefix, self._args, self._tags = name, args, args.get("tags")
        self._child = pulumi.ResourceOptions(parent=self)
        if "managed" in args:
            self.arn = self._web_acl(args["managed"]).arn
        else:
            self.arn = pulumi.Output.from_input(args["arn"])
        for stage, arn in args["stages"].items():
            aws.wafv2.WebAclAssociation(
                f"{name}-{stage}",
                resource_arn=arn,
                web_acl_arn=self.arn,
                # Its delete takes away whatever web ACL the stage has, also that of its successor.
                # Source: https://github.com/pulumi/pulumi-aws/issues/4782
                opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
            )
        self.register_outputs({"arn": self.arn})

    def _web_acl(self, rules: ManagedArgs) -> "aws.wafv2.WebAcl":
        """A web ACL that allows what no rule blocks; the rules apply in their order."""
        limit = rules.get("rate_limit")
        statements: dict[str, Any] = {}
        if block := rules.get("block"):
            statements["block"] = self._in_ranges("block", block)
        if allow := rules.get("allow"):
            statements["allow"] = {"not_statement": {"statement": self._in_ranges("allow", allow)}}
        if limit is not None:
            counted = {"aggregate_key_type": "IP", "evaluation_window_sec": RATE_SECONDS}
            statements["rate"] = {"rate_based_statement": {**counted, "limit": limit}}
        blocking = [
            {"name": name, "action": {"block": {}}, "statement": statement}
            for name, statement in statements.items()
        ]
        groups = [_rule_group(group) for group in rules["rule_groups"]]
        ordered: list[Any] = [
            {**rule, "priority": priority, "visibility_config": _metrics(rule["name"])}
            for priority, rule in enumerate([*blocking, *groups])
        ]
        return aws.wafv2.WebAcl(
            f"{self._prefix}-acl",
            description="In front of every stage of the API.",
            scope=_REGIONAL,
            default_action={"allow": {}},
            rules=ordered,
            visibility_config=_metrics(self._args["title"]),
            tags=self._tags,
            opts=self._child,
        )

    def _in_ranges(self, name: str, ranges: Sequence[str]) -> dict[str, Any]:
        """The statement that an address is in one of the ranges; a list has one IP version."""
        found = {
            version: [block for block in ranges if ip_network(block).version == version]
            for version in (4, 6)
        }
        references = [
            {"ip_set_reference_statement": {"arn": self._ip_set(name, version, blocks).arn}}
            for version, blocks in found.items()
            if blocks
        ]
        return (
            references[0] if len(references) == 1 else {"or_statement": {"statements": references}}
        )

    def _ip_set(self, name: str, version: int, ranges: Sequence[str]) -> "aws.wafv2.IpSet":
        return aws.wafv2.IpSet(
            f"{self._prefix}-{name}-ipv{version}",
            scope=_REGIONAL,
            ip_address_version=f"IPV{version}",
            addresses=ranges,
            tags=self._tags,
            opts=self._child,
        )


def _rule_group(group: RuleGroupArgs) -> dict[str, Any]:
    """A rule for a group of AWS; its version is the one that AWS recommends at the time."""
    counting = [{"name": name, "action_to_use": {"count": {}}} for name in group["count"]]
    statement: dict[str, Any] = {"vendor_name": "AWS", "name": group["name"]}
    if counting:
        statement["rule_action_overrides"] = counting
    return {
        "name": group["name"],
        # The actions are those of the rules in the group.
        "override_action": {"none": {}},
        "statement": {"managed_rule_group_statement": statement},
    }


def _metrics(name: str) -> "aws.wafv2.WebAclVisibilityConfigArgsDict":
    """Metrics, which cost nothing, and no samples: these show headers, with the tokens in them."""
    return {
        "cloudwatch_metrics_enabled": True,
        "metric_name": name,
        "sampled_requests_enabled": False,
    }
