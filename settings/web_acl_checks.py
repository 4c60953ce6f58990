"""The checks of the web ACL."""

from collections.abc import Callable

from openapi.paths import Problems, at

from .errors import quoted
from .reader import Draft
from .web_acl import WEB_ACL_ARN, ExistingWebAcl, NewWebAcl


def _the_web_acl_is_in_the_account_and_region(draft: Draft) -> Problems:
    acl = draft.api.web_acl if draft.api else None
    parts = isinstance(acl, ExistingWebAcl) and WEB_ACL_ARN.match(acl.arn)
    if parts and draft.region and parts["region"] != draft.region:
        yield (
            "api.webAcl.arn",
            f"is in {parts['region']}, not in aws:region {draft.region}. A web ACL and its stages "
            "share a region: use a web ACL in this one.",
        )
    if parts and draft.account_ids and parts["account"] not in draft.account_ids:
        yield (
            "api.webAcl.arn",
            f"belongs to account {parts['account']}, not to aws:allowedAccountIds "
            f"{', '.join(draft.account_ids)}. A web ACL and its stages share an account: use a web "
            "ACL in this one.",
        )


def _the_web_acl_does_something(draft: Draft) -> Problems:
    acl = draft.api.web_acl if draft.api else None
    if not isinstance(acl, NewWebAcl):
        return
    rules = acl.managed
    if not (rules.rule_groups or rules.rate_limit or rules.allow or rules.block):
        yield (
            "api.webAcl.managed",
            "has no rule, so that it blocks nothing. Add rule groups, a rateLimit, or ranges to "
            "`allow` or `block`; or remove `webAcl`.",
        )
    for group in rules.count:
        if group not in rules.rule_groups:
            yield (
                at("api", "webAcl", "managed", "count", group),
                f"{quoted(group)} is not in ruleGroups. Add it there, or remove it here.",
            )


WEB_ACL_CHECKS: tuple[Callable[[Draft], Problems], ...] = (
    _the_web_acl_is_in_the_account_and_region,
    _the_web_acl_does_something,
)
