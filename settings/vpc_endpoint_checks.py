"""The checks of a private API and its VPC endpoints."""

from collections.abc import Callable

from openapi.compiler import POLICY
from openapi.document import mapping
from openapi.paths import Problems
from openapi.private_endpoint import policy_problems

from .errors import quoted
from .network import NewNetwork
from .reader import Draft

_KEY = "api.vpcEndpoints"


def _a_private_api_has_endpoints(draft: Draft) -> Problems:
    api = draft.api
    if api is None:
        return
    if not api.is_private:
        if api.vpc_endpoints:
            text = "is for a private API. Set `endpointType: private`, or remove it."
            yield _KEY, text
        return
    region = draft.region or ""
    if not api.makes_endpoint:
        return
    if "network" in draft.given and draft.network is None:  # which is reported
        return
    if not isinstance(draft.network, NewNetwork):
        yield (
            _KEY,
            "does not name any, and a private API gets a new one only in a new network. Set `ids` "
            "to those of the execute-api endpoints of the callers' networks.",
        )
    elif region.startswith("cn-") or "-iso" in region:
        yield (
            _KEY,
            f"cannot be created in {region}, where AWS names the service of the endpoint "
            "differently. Set `ids` to existing ones.",
        )


def _what_is_said_of_a_new_endpoint_has_one(draft: Draft) -> Problems:
    endpoints = draft.api.vpc_endpoints if draft.api else None
    if endpoints is None or not endpoints.ids:
        return
    given = mapping(mapping(draft.given.get("api")).get("vpcEndpoints"))
    for key in ("callers", "privateDns"):
        if key in given:
            yield (
                f"{_KEY}.{key}",
                f"{quoted(given[key])} is for a new endpoint, and `ids` names existing ones, whose "
                "owner decides it. Remove one of the two.",
            )


def _strict_access_needs_private_dns(draft: Draft) -> Problems:
    api = draft.api
    if api is None or not (api.is_private and api.tls and api.tls.access_mode == "strict"):
        return
    if api.vpc_endpoints and not api.vpc_endpoints.private_dns:
        yield (
            "api.tls.accessMode",
            '"strict" refuses callers that name the API in a header, as they do without '
            "`privateDns`. Set `privateDns: true`, or remove it.",
        )


def _the_policy_of_the_file_is_for_a_private_api(draft: Draft) -> Problems:
    if draft.api and draft.api.is_private:
        for message in policy_problems(draft.document.get(POLICY)):
            yield "api.definitionFile", f"{draft.api.definition_file}: {POLICY}: {message}"


VPC_ENDPOINT_CHECKS: tuple[Callable[[Draft], Problems], ...] = (
    _a_private_api_has_endpoints,
    _what_is_said_of_a_new_endpoint_has_one,
    _strict_access_needs_private_dns,
    _the_policy_of_the_file_is_for_a_private_api,
)
