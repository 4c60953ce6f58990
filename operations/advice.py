"""How to correct a violation in a stack of this project, and how to allow it."""

import glob
import json
import re
from collections.abc import Collection
from typing import Any

from simulation.analyzer import Kind
from simulation.rehearsal import ROOT, Rehearsal

CONFIG_KEYS = {
    "api-domain-only": ["private-api:api.defaultEndpoint"],
    "api-mutual-tls-only": ["private-api:api.defaultEndpoint"],
    "api-tls-policy": ["private-api:api.tls.policy", "private-api:api.domain.tls.policy"],
    "domain-certificate-region": ["private-api:api.domain.certificate"],
    "fleet-zones": ["private-api:network.zones"],
    "iam-no-administrator": ["private-api:targets.*.fleet.instanceProfile"],
    "integration-link-managed": ["private-api:api.definitionFile"],
    "integration-port": ["private-api:api.definitionFile"],
    "integration-scheme": ["private-api:targets.*.listener", "private-api:api.definitionFile"],
    "integration-timeout": ["private-api:api.routes[].timeoutMs", "private-api:api.definitionFile"],
    "integration-tls-verified": ["private-api:targets.*.tls.verifyCertificateAuthority"],
    "listener-certificate-location": ["private-api:targets.*.listener.tls.certificateArn"],
    "listener-tls-policy": ["private-api:targets.*.listener.tls.policy"],
    "log-retention": [
        "private-api:stages.*.logRetentionDays",
        "private-api:targets.*.fleet.logs.retentionDays",
        "private-api:network.flowLogRetentionDays",
    ],
    "nlb-api-location-proven": [],
    "nlb-api-same-account-region": [],
    "nlb-zones": ["private-api:network.zones"],
    "no-open-egress": ["private-api:targets.*.egress"],
    "authorizer-invocable": ["private-api:api.authorizers", "private-api:api.definitionFile"],
    "cache-key-complete": ["private-api:api.routes[].cache"],
    "route-authorization": [
        "private-api:api.routes[].authorization",
        "private-api:api.authorizers",
        "private-api:api.definitionFile",
    ],
    "stage-access-log": ["private-api:api.accountLogging"],
    "stage-execution-logs": ["private-api:api.accountLogging"],
    "stage-variables-complete": [
        "private-api:stages.*.variables",
        "private-api:stages.*.services",
        "private-api:api.definitionFile",
    ],
    "stage-variable-secrets": ["private-api:stages.*.variables"],
    "stage-web-acl": ["private-api:api.webAcl"],
    "instance-profile": ["private-api:targets.*.fleet.instanceProfile"],
    "instance-profile-managed": ["private-api:targets.*.fleet.instanceProfile"],
    "user-data-secrets": [
        "private-api:targets.*.fleet.userDataFile",
        "private-api:targets.*.fleet.environment",
        "private-api:targets.*.fleet.secrets",
    ],
    "vpclink-target-location": [],
}
"""The keys of the stack file that correct the violations of a policy; none where the policy's fix
names them. All other policies require a change of the program."""

BALANCER = "arn:aws:elasticloadbalancing:<region>:<account>:loadbalancer/net/<name>/<id>"
"""In place of the load balancer of a VPC link, which only its owner knows."""
_LINK_ELSEWHERE = re.compile(r"uses VPC link '(\w+)'.*, which is not part of this stack")


def correction(policy: str) -> str:
    """Where a stack file corrects the violations of a policy; empty if the fix names the keys."""
    if policy not in CONFIG_KEYS:
        return "No key of the stack file does this."
    keys = " or ".join(CONFIG_KEYS[policy])
    return keys and f"In the stack file: {keys}"


def allowance(rehearsal: Rehearsal, policy: str, open_routes: Collection[str]) -> tuple[str, str]:
    """Where an exception belongs, as a sentence, and the JSON member that allows the violations.

    The member replaces the policy's present one. It excludes the resources by name, which every
    policy supports. Open routes and VPC links of other stacks are listed instead: with their
    definition excluded, new ones would go unnoticed.
    """
    given = rehearsal.pack_config.get(policy, {})
    entry: dict[str, Any] = {"enforcementLevel": given} if isinstance(given, str) else dict(given)
    found = {f for findings in rehearsal.findings.values() for f in findings if f.policy == policy}
    links = {f: link[1] for f in found if (link := _LINK_ELSEWHERE.search(f.message))}
    if links:
        listed = {link: {"nlbArn": BALANCER} for link in sorted(links.values())}
        entry["externalVpcLinks"] = {**listed, **entry.get("externalVpcLinks", {})}
        found -= links.keys()
    names = {glob.escape(f.resource) for f in found if f.kind is Kind.VIOLATION}
    listing = "exclude"
    if policy == "route-authorization" and not set(open_routes) <= set(entry.get("openRoutes", [])):
        listing, names = "openRoutes", set(open_routes)
    if names:
        entry[listing] = sorted({*entry.get(listing, []), *names})
    file = rehearsal.exceptions
    shown = file.relative_to(ROOT) if file.is_relative_to(ROOT) else file
    where = f"in {shown}" if file.is_file() else f"in a new file {shown}, wrapped in {{ }}"
    return f"To allow it, set this {where}:", json.dumps({policy: entry}, ensure_ascii=False)[1:-1]
