"""The models of the web ACL in front of the stages."""

import re
from ipaddress import ip_network
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, Tag

from openapi.model import Model

from .values import DISTINCT, reject, selected_by

WEB_ACL_ARN = re.compile(
    r"^arn:aws[a-z-]*:wafv2:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):"
    r"(?P<scope>regional|global)/webacl/[0-9A-Za-z_-]+/[0-9a-f-]+$"
)
_CLASSIC = re.compile(r"^arn:aws[a-z-]*:waf(-regional)?:")
RuleGroup = Literal[
    "adminProtection",
    "anonymousIp",
    "common",
    "ipReputation",
    "knownBadInputs",
    "linux",
    "php",
    "posix",
    "sqlInjection",
    "windows",
    "wordPress",
]
AWS_RULE_GROUPS: dict[RuleGroup, str] = {
    "adminProtection": "AWSManagedRulesAdminProtectionRuleSet",
    "anonymousIp": "AWSManagedRulesAnonymousIpList",
    "common": "AWSManagedRulesCommonRuleSet",
    "ipReputation": "AWSManagedRulesAmazonIpReputationList",
    "knownBadInputs": "AWSManagedRulesKnownBadInputsRuleSet",
    "linux": "AWSManagedRulesLinuxRuleSet",
    "php": "AWSManagedRulesPHPRuleSet",
    "posix": "AWSManagedRulesUnixRuleSet",
    "sqlInjection": "AWSManagedRulesSQLiRuleSet",
    "windows": "AWSManagedRulesWindowsRuleSet",
    "wordPress": "AWSManagedRulesWordPressRuleSet",
}
"""AWS's names. Those that AWS charges for, as of bots, are left to an ACL of one's own.

Source: https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-list.html
"""


def _web_acl_arn(arn: str) -> str:
    if _CLASSIC.match(arn):
        reject("belongs to AWS WAF Classic, which AWS has retired")
    parts = WEB_ACL_ARN.fullmatch(arn)
    if not parts:
        reject("is not a valid ARN of a web ACL")
    if parts["scope"] == "global":
        reject("is for CloudFront; a stage takes a regional one, also with an edge endpoint")
    return arn


def _range(block: str) -> str:
    try:
        network = ip_network(block)
    except ValueError as error:
        reject(f"is not a valid range: {error}")
    if "%" in block:
        reject("names a zone, which only its own computer knows")
    if network.prefixlen == 0:
        reject("contains every address, which AWS WAF does not accept in a list")
    return str(network)


# Source: https://docs.aws.amazon.com/waf/latest/APIReference/API_IPSet.html
Ranges = Annotated[
    tuple[Annotated[str, AfterValidator(_range)], ...], Field(max_length=10_000), DISTINCT
]
RuleName = Annotated[str, Field(pattern=r"^[0-9A-Za-z_-]{1,128}$")]


class ManagedWebAcl(Model):
    """The rules of a new web ACL, in their order: block, allow, rateLimit, ruleGroups."""

    rule_groups: Annotated[tuple[RuleGroup, ...], DISTINCT] = (
        "common",
        "knownBadInputs",
        "ipReputation",
    )
    """AWS's managed rule groups, of which AWS chooses the version. Those of the default apply to
    every service; the others are for what is behind the API. All eleven together have more than
    1500 capacity units, above which AWS charges 0.20 USD for each million requests."""
    count: dict[RuleGroup, Annotated[tuple[RuleName, ...], Field(min_length=1), DISTINCT]] = {}
    """Rules of these groups that only count what they would block, by group, such as {common:
    [SizeRestrictions_BODY]}, which blocks bodies above 8 KB. AWS ignores a wrong name silently."""
    rate_limit: Annotated[int, Field(ge=10, le=2_000_000_000)] | None = None
    """Requests of one address in five minutes, 10 to 2000000000; what is above is blocked until
    there are fewer. No limit by default. Callers behind one NAT share an address."""
    allow: Ranges = ()
    """Ranges of addresses that may call, IPv4 or IPv6, up to 10000; all others are blocked. The
    other rules apply to them too. By default everybody may call."""
    block: Ranges = ()
    """Ranges of addresses that are blocked, IPv4 or IPv6, up to 10000."""


class NewWebAcl(Model):
    """A new web ACL, selected by `managed`."""

    managed: ManagedWebAcl
    """Its rules; {} for the default. It costs 5 USD a month, 1 USD for each of `block`, `allow`,
    `rateLimit` and the rule groups, and 0.60 USD for each million requests."""


class ExistingWebAcl(Model):
    """An existing web ACL, selected by `arn`."""

    arn: Annotated[str, AfterValidator(_web_acl_arn)]
    """ARN of a regional web ACL in the account and region of the stack."""


WebAcl = Annotated[
    Annotated[NewWebAcl, Tag("managed")] | Annotated[ExistingWebAcl, Tag("arn")],
    selected_by("managed", "arn"),
]
