"""The locations of the resources of a stack, from what the graph shows of them."""

from collections import defaultdict
from dataclasses import replace

from .. import resource_types as types
from ..graph.arn import Arn, parse
from ..graph.graph import API_REFERENCE, Api, Graph
from ..graph.resource import Resource
from ..sdk import is_preview
from ..values import UnknownValue
from .location import UNKNOWN_IDENTITY, Axis, Fact, Identity, Location, locate

_NOUNS = {
    types.VPC_LINK: "VPC link",
    types.VPC_LINK_V2: "VPC link",
    types.REST_API: "REST API",
    types.HTTP_API: "API",
    types.INTEGRATION: "integration",
    types.HTTP_INTEGRATION: "integration",
    types.STAGE: "stage",
    types.HTTP_STAGE: "stage",
    types.CLOUD_MAP_SERVICE: "Cloud Map service",
    **dict.fromkeys(types.LISTENERS, "listener"),
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


def location_of_arn(
    arn: Arn, evidence: str, holder: Resource | None = None, graph: Graph | None = None
) -> Location:
    """Locate a load balancer, or what else a link leads to, of which only the ARN is known.

    The program may have read it. Then some provider of the stack did, and if they all act as one
    identity, it is in that identity's account.
    """
    label = f"{_named_by(arn)} {arn.text}"
    location = locate(label, None, arns=[(arn, evidence)])
    prop = evidence.partition(" ")[0]
    if holder and graph and any(_is_balancer(urn) for urn in holder.read_sources(prop)):
        return replace(location, identity=graph.once("identity", lambda: _only_identity(graph)))
    return location


def _named_by(arn: Arn) -> str:
    if arn.load_balancer_type:
        return "load balancer"
    return "listener" if arn.service == "elasticloadbalancing" else "service"


def _is_balancer(urn: str) -> bool:
    token = urn.split("::")[2].rpartition("$")[2]
    return token in (*types.LOAD_BALANCERS, *types.LISTENERS)


def _only_identity(graph: Graph) -> Identity:
    """Whom every AWS provider of the stack acts as, if they all act as the same."""
    providers = graph.of_type(types.PROVIDER)
    identities = [
        locate("", None, provider=provider.props, provider_urn=provider.urn).identity
        for provider in providers
    ]
    if identities and all(identities[0].is_same(other, Axis.ACCOUNT) for other in identities):
        return identities[0]
    return UNKNOWN_IDENTITY


def location_of_api(api: Api, graph: Graph) -> Location:
    """Locate an API; one that is not part of this stack is where its parts are."""
    return graph.once(f"location of {api.key}", lambda: _location_of_api(api, graph))


def _location_of_api(api: Api, graph: Graph) -> Location:
    if api.resource:
        return location_of(api.resource, graph)
    part = next(graph.parts(api, *API_REFERENCE))
    noun = "API" if part.type.startswith("aws:apigatewayv2") else "REST API"
    # The ARN of a stage shows the account of its API.
    parts = [p for p in graph.parts(api, *types.STAGES) if parse(p.peek("executionArn"))]
    return replace(location_of((parts or [part])[0], graph), label=f"{noun} '{shown_id(api.key)}'")


def shown_id(identifier: str) -> str:
    """Show an id that looks like one of AWS's; anything else might be a secret."""
    is_id = identifier.isalnum() and len(identifier) <= _MAX_ID_LENGTH
    return identifier if is_id else "(not an id)"


def _locate(
    label: str, resource: Resource, arns: list[tuple[Arn, str]], graph: Graph | None
) -> Location:
    provider, region = resource.provider, resource.peek("region")
    is_past = bool(graph) and is_preview()
    accounts: tuple[Fact, ...] = ()
    # At preview, what the provider created before shows nothing about what it will create.
    if graph and provider and not (is_past and isinstance(resource.peek("id"), UnknownValue)):
        accounts = graph.once("accounts", lambda: _accounts(graph)).get(provider.urn, ())
    if graph and isinstance(region, UnknownValue) and _is_unset(resource):
        region = None
    location = locate(
        label,
        region,
        provider=provider.props if provider else {},
        provider_name=provider.name if provider else "",
        provider_urn=provider.urn if provider else "",
        arns=arns,
        provider_account=accounts[0] if len(accounts) == 1 else None,
        is_past=is_past,
    )
    # Credentials that have changed since lead to several accounts under one identity.
    return replace(location, identity=UNKNOWN_IDENTITY) if len(accounts) > 1 else location


def _is_unset(resource: Resource) -> bool:
    """Whether an unknown region in outputs stands for the one that the provider will choose.

    A provider that knows its region sets it on every resource, so an unknown one is an argument.
    """
    inherited = resource.provider.props.get("region") if resource.provider else None
    is_argument = "region" in resource.sources or resource.is_unknown_input("region")
    return not is_argument and not isinstance(inherited, str)


def _accounts(graph: Graph) -> dict[str, tuple[Fact, ...]]:
    """Find the accounts of each provider, by the ARN of a resource that it created.

    Only types that cannot be shared between accounts count: a shared subnet has another owner.
    """
    found: dict[str, dict[str, Fact]] = defaultdict(dict)
    balancing = types.LOAD_BALANCERS + types.LISTENERS + types.TARGET_GROUPS
    for resource in graph.of_type(*types.APIS, *types.STAGES, *balancing):
        arn = parse(resource.peek("executionArn")) or parse(resource.peek("arn"))
        if arn and arn.account and resource.provider:
            evidence = f"where its provider created '{resource.name}'"
            fact = Fact(arn.account, evidence, is_preview())
            found[resource.provider.urn].setdefault(arn.account, fact)
    return {urn: tuple(facts.values()) for urn, facts in found.items()}
