"""Where the resources of a stack are: `location` applied to what the graph holds."""

from ..graph.arn import Arn, parse
from ..graph.graph import API_REFERENCE, Api, Graph
from ..graph.resource import Resource
from ..graph.tokens import (
    INTEGRATION,
    LISTENERS,
    LOAD_BALANCERS,
    REST_API,
    STAGE,
    TARGET_GROUPS,
    VPC_LINK,
    VPC_LINK_V2,
)
from ..graph.values import Unknown
from .location import Fact, Place, locate

_KINDS = {
    VPC_LINK: "VPC link",
    VPC_LINK_V2: "VPC link",
    REST_API: "REST API",
    INTEGRATION: "integration",
    STAGE: "stage",
    **dict.fromkeys(LOAD_BALANCERS, "load balancer"),
}
_LONGEST_ID = 16


def place_of(resource: Resource, graph: Graph | None = None) -> Place:
    """Locate a resource by its ARNs, its region argument and its provider.

    With the graph, also by what else the same provider has made.
    """
    named = f"{_KINDS.get(resource.type, 'part')} '{resource.name}'"
    arns = ((parse(resource.peek(key)), f"its {key}") for key in ("arn", "executionArn"))
    return _locate(named, resource, [(arn, evidence) for arn, evidence in arns if arn], graph)


def place_of_arn(arn: Arn, evidence: str) -> Place:
    """Locate a load balancer that is only known by its ARN."""
    return locate(f"load balancer {arn.text}", None, arns=[(arn, evidence)])


def place_of_api(api: Api, graph: Graph) -> Place:
    """Locate an API; one that is not made here is where its parts are."""
    return graph.once(f"place of {api.key}", lambda: _place_of_api(api, graph))


def _place_of_api(api: Api, graph: Graph) -> Place:
    if api.resource:
        return place_of(api.resource, graph)
    part = next(graph.parts(api, *API_REFERENCE))
    return _locate(f"REST API '{shown(api.key)}'", part, [], graph)


def shown(identifier: str) -> str:
    """Show an id as AWS makes them; anything else might be a secret that ended up in its place."""
    is_id = identifier.isalnum() and len(identifier) <= _LONGEST_ID
    return identifier if is_id else "(not an id)"


def _locate(
    named: str, resource: Resource, arns: list[tuple[Arn, str]], graph: Graph | None
) -> Place:
    provider, region = resource.provider, resource.peek("region")
    made = graph.once("accounts", lambda: _accounts(graph)) if graph else {}
    if graph and isinstance(region, Unknown) and not resource.sources.get("region"):
        # Among outputs that is no argument: the provider has yet to say where it works.
        region = None
    return locate(
        named,
        region,
        provider=provider.props if provider else {},
        provider_name=provider.name if provider else "",
        provider_urn=provider.urn if provider else "",
        arns=arns,
        also=made.get(provider.urn) if provider else None,
    )


def _accounts(graph: Graph) -> dict[str, Fact]:
    """Find the account of each provider by the ARN of something that it has made.

    Only what nobody can share with another account counts: a shared subnet has another owner.
    """
    found: dict[str, Fact] = {}
    for resource in graph.of_type(REST_API, STAGE, *LOAD_BALANCERS, *LISTENERS, *TARGET_GROUPS):
        arn = parse(resource.peek("executionArn")) or parse(resource.peek("arn"))
        if arn and arn.account and resource.provider:
            fact = Fact(arn.account, f"where its provider made '{resource.name}'")
            found.setdefault(resource.provider.urn, fact)
    return found
