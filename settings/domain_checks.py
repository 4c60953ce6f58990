"""The checks of the domain name, and of the ways to the API that are left beside it."""

from collections.abc import Callable, Iterator, Mapping

from openapi.hints import listed
from openapi.paths import Problems, at

from .domain import CERTIFICATE_ARN, EDGE_REGION, REQUEST, Domain
from .endpoint_tls import endpoint_of, policies_of
from .errors import hint, quoted
from .reader import Draft
from .schema import NAMESPACE

RESERVED = ("/ping", "/sping")
"""Paths at the root of a domain that API Gateway answers itself.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
"""
MUTUAL_TLS_POLICY = "TLS_1_2"
"""Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-custom-domain-tls-version.html"""


def domain_problems(draft: Draft) -> Problems:
    """Everything that is wrong with the domain, if there is one."""
    if draft.api and draft.api.is_private:
        if draft.api.domain:
            yield (
                "api.domain",
                "is for an endpoint that is regional or edge, and this one is private: its callers "
                "use the names of their VPC endpoints. Remove it.",
            )
        if draft.api.endpoint.disabled:
            yield (
                "api.defaultEndpoint",
                '"disabled" leaves no way to a private API, whose callers use its own endpoint. '
                "Remove it.",
            )
    elif draft.api and (domain := draft.api.domain):
        for check in _CHECKS:
            for key, message in check(draft, domain, draft.api.endpoint_type):
                yield f"api.{key}" if key == "defaultEndpoint" else f"api.domain.{key}", message


def domain_advice(draft: Draft) -> Iterator[str]:
    """What is probably not wanted."""
    if draft.api and draft.api.endpoint.disabled and not draft.api.domain:
        yield (
            f"{NAMESPACE}:api.defaultEndpoint: is disabled, and this stack has no `domain`: only "
            "the domain of another stack, with its `restApiId`, reaches the API."
        )


def _a_requested_certificate_is_validated(_: Draft, domain: Domain, __: str) -> Problems:
    if domain.certificate == REQUEST and not domain.hosted_zone_id:
        yield (
            "hostedZoneId",
            "is missing, and a requested certificate is validated through it. Set the ID of the "
            "public hosted zone of Route 53, or `certificate` to an ARN.",
        )


def _certificates_are_where_they_are_used(
    draft: Draft, domain: Domain, endpoint_type: str
) -> Problems:
    region = EDGE_REGION if endpoint_type == "edge" else draft.region
    given = {"certificate": domain.certificate_arn}
    if domain.mutual_tls:
        given["mutualTls.ownershipCertificate"] = domain.mutual_tls.ownership_certificate
    for key, arn in given.items():
        parts = CERTIFICATE_ARN.match(arn or "")
        if parts and region and parts["region"] != region:
            yield (
                key,
                f"is in {parts['region']}, and the certificate of an endpoint that is "
                f"{endpoint_type} is in {region}. Use a certificate there.",
            )
        if parts and draft.account_ids and parts["account"] not in draft.account_ids:
            yield (
                key,
                f"belongs to account {parts['account']}, not to aws:allowedAccountIds "
                f"{', '.join(draft.account_ids)}. Use a certificate of this account.",
            )


def _the_policy_fits_the_domain(_: Draft, domain: Domain, endpoint_type: str) -> Problems:
    if domain.tls is None:
        return
    endpoint = endpoint_of(domain.tls, endpoint_type)
    policy, known = endpoint.security_policy, {*policies_of(endpoint_type), MUTUAL_TLS_POLICY}
    if domain.mutual_tls and policy != MUTUAL_TLS_POLICY:
        yield (
            "tls.policy",
            f"{quoted(policy)} cannot be combined with `mutualTls`, for which AWS accepts "
            f"{MUTUAL_TLS_POLICY} only. Use that, or remove one of them.",
        )
    elif policy not in known:
        yield (
            "tls.policy",
            f"{quoted(policy)} is not a policy of a domain whose endpoint is {endpoint_type}. Use "
            f"one of {listed(sorted(known))}, or remove it.",
        )
    elif domain.tls.access_mode == "strict" and not endpoint.access_mode:
        yield (
            "tls.accessMode",
            f'"strict" is for policies that begin with SecurityPolicy_, not for {policy}. Use '
            "another policy, or remove it.",
        )


def _mutual_tls_is_regional(_: Draft, domain: Domain, endpoint_type: str) -> Problems:
    if domain.mutual_tls and endpoint_type != "regional":
        yield (
            "mutualTls",
            f"is for a regional endpoint, and this one is {endpoint_type}. Set `endpointType: "
            "regional`, or remove it.",
        )
    if domain.mutual_tls and domain.mutual_tls.ownership_certificate and not domain.certificate_arn:
        yield (
            "mutualTls.ownershipCertificate",
            "has no effect with a requested certificate, which proves the ownership itself. Remove "
            "it.",
        )


def _mutual_tls_is_not_bypassed(draft: Draft, domain: Domain, _: str) -> Problems:
    if domain.mutual_tls and draft.api and draft.api.default_endpoint is None:
        yield (
            "defaultEndpoint",
            "is missing with `mutualTls`: clients without a certificate could call the API at its "
            "own endpoint. Set `disabled`, or `open`, which a mandatory policy refuses "
            "(api-mutual-tls-only) unless the stack has an exception.",
        )


def _paths_lead_to_stages(draft: Draft, domain: Domain, _: str) -> Problems:
    if domain.paths is None and len(draft.stages) > 1:
        yield "paths", "is missing with several stages. Add one for each, such as {/: live}."
    known: Mapping[str, object] = draft.given.get("stages") or {}
    for path, stage in (domain.paths or {}).items():
        if known and stage not in known and not domain.rest_api_id:
            text = f"{quoted(stage)} is not a stage; {hint(stage, known)}"
            yield at("paths", path), f"{text}. Use one of them."
        if path in RESERVED:
            text = f"{path} is answered by API Gateway itself on a domain"
            yield at("paths", path), f"{text}. Use another path."
    if "/" in domain.mappings(tuple(draft.stages)) and not domain.rest_api_id:
        routes = [
            *(route.path for route in draft.routes.values()),
            *draft.document.get("paths", {}),
        ]
        for path in sorted({*RESERVED} & {*routes}):
            yield (
                "paths",
                f"publish {path} at the root, where API Gateway answers it itself. Rename the "
                "route, or give the stage a path such as /v1.",
            )


def _every_stage_is_reached(draft: Draft, domain: Domain, _: str) -> Problems:
    if not (draft.api and draft.api.endpoint.disabled) or domain.rest_api_id:
        return
    reached = {*domain.mappings(tuple(draft.stages)).values()}
    if not reached or reached - {*(draft.given.get("stages") or {})}:
        return  # the path may be meant for it
    for stage in draft.stages:
        if stage not in reached:
            yield (
                "paths",
                f"have none for stage {stage}, and `defaultEndpoint: disabled` leaves no other way "
                "to it. Add one, or remove the stage.",
            )


_CHECKS: tuple[Callable[[Draft, Domain, str], Problems], ...] = (
    _a_requested_certificate_is_validated,
    _certificates_are_where_they_are_used,
    _the_policy_fits_the_domain,
    _mutual_tls_is_regional,
    _mutual_tls_is_not_bypassed,
    _paths_lead_to_stages,
    _every_stage_is_reached,
)
