"""The locations of the resources of a stack, from what the graph shows of them."""

from .. import resource_types as types
from ..graph.arn import Arn, parse
from ..graph.graph import API_REFERENCE, Api, Graph
from ..graph.resource import Resource
from ..values import UnknownValue
from .location import Fact, Location, locate

_NOUNS = {
    types.VPC_LINK: "VPC link",
    types.VPC_LINK_V2: "VPC link",
    types.REST_API: "REST API",
    types.INTEGRATION: "integration",
    types.STAGE: "stage",
    **dict.fromkeys(types.LOAD_BALANCERS, "load balancer"),
}
_MAX_ID_LENGTH = 16


def location_of(resource: Resource, graph: Graph | None = None) -> Location:
    """Locate a resource by its ARNs, its region argument and its provider.

    With the graph, also by what else the same provider created.
    """
    label = f"{_NOUNS.get(resource.type, 'resource')} '{resource.name}'"
    arns = ((parse(resource.peek(key)), f"its {key}") for key in ("arn", "executionArn"))
    return _locate(label, resource, [(arn, evidence) for arn, evidence in arns if arn], graph)


def location_of_arn(arn: Arn, evidence: str) -> Location:
    """Locate a load balancer of which only the ARN is known."""
    return locate(f"load balancer {arn.text}", None, arns=[(arn, evidence)])


def location_of_api(api: Api, graph: Graph) -> Location:
    """Locate an API; one that is not part of this stack is where its parts are."""
    return graph.once(f"location of {api.key}", lambda: _location_of_api(api, graph))


def _location_of_api(api: Api, graph: Graph) -> Location:
    if api.resource:
        return location_of(api.resource, graph)
    part = next(graph.parts(api, *API_REFERENCE))
    return _locate(f"REST API '{shown_id(api.key)}'", part, [], graph)


def shown_id(identifier: str) -> str:
    """Show an id that looks like one of AWS's; anything else might be a secret."""
    is_id = identifier.isalnum() and len(identifier) <= _MAX_ID_LENGTH
    return identifier if is_id else "(not an id)"


def _locate(
    label: str, resource: Resource, arns: list[tuple[Arn, str]], graph: Graph | None
) -> Location:
    provider, region = resource.provider, resource.peek("region")
    accounts = graph.once("accounts", lambda: _accounts(graph)) if graph else {}
    if graph and isinstance(region, UnknownValue) and not resource.sources.get("region"):
        # In outputs this is not an argument: the provider will set its own region.
        region = None
    return locate(
        label,
        region,
        provider=provider.props if provider else {},
        provider_name=provider.name if provider else "",
        provider_urn=provider.urn if provider else "",
        arns=arns,
        provider_account=accounts.get(provider.urn) if provider else None,
    )


def _accounts(graph: Graph) -> dict[str, Fact]:
    """Find the account of each provider, by the ARN of a resource that it created.

    Only types that cannot be shared between accounts count: a shared subnet has another owner.
    """
    found: dict[str, Fact] = {}
    balancing = types.LOAD_BALANCERS + types.LISTENERS + types.TARGET_GROUPS
    for resource in graph.of_type(types.REST_API, types.STAGE, *balancing):
        arn = parse(resource.peek("executionArn")) or parse(resource.peek("arn"))
        if arn and arn.account and resource.provider:
            fact = Fact(arn.account, f"where its provider created '{resource.name}'")
            found.setdefault(resource.provider.urn, fact)
    return found
