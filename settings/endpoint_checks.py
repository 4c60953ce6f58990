"""The checks of how callers reach the API."""

from collections.abc import Callable

from openapi.hints import listed
from openapi.paths import Problems

from .endpoint_tls import policies_of
from .errors import quoted
from .reader import Draft


def _the_policy_fits_the_endpoint(draft: Draft) -> Problems:
    api = draft.api
    if api is None or api.tls is None or api.tls.policy is None:
        return
    policy, known = api.tls.policy, policies_of(api.endpoint_type)
    if policy not in known:
        yield (
            "api.tls.policy",
            f"{quoted(policy)} is not a policy of an endpoint that is {api.endpoint_type}. Use one "
            f"of {listed(known)}, or remove it.",
        )
    elif api.tls.access_mode == "strict" and not api.endpoint.access_mode:
        yield (
            "api.tls.accessMode",
            f'"strict" is for policies that begin with SecurityPolicy_, not for {policy}. Use '
            "another policy, or remove it.",
        )


def _the_file_states_the_same_endpoint(draft: Draft) -> Problems:
    if draft.api is None:
        return
    endpoint = draft.api.endpoint
    for key, value in endpoint.differences(draft.document).items():
        yield (
            "api.definitionFile",
            f"{draft.api.definition_file}: {key}: {quoted(value)} is not what the stack sets, "
            f"{quoted(endpoint.extensions.get(key))}. Remove it, or set `api.tls`.",
        )


ENDPOINT_CHECKS: tuple[Callable[[Draft], Problems], ...] = (
    _the_policy_fits_the_endpoint,
    _the_file_states_the_same_endpoint,
)
