"""The VPC links that a stage selects by its variables, for integrations of any stack."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .. import resource_types as types
from ..graph.graph import Graph
from ..graph.integrations import VariableSet, link_reference, variable_sets
from ..graph.resource import Resource
from ..values import UnknownValue

_LINK_VARIABLE = re.compile(r"vpc_?link|link(_?id)?$|connection(_?id)?$", re.IGNORECASE)
_LINK_ID = re.compile(r"[a-z0-9]{4,16}")


@dataclass(frozen=True)
class Selection:
    """The links in the variables of a stage, or of its canary."""

    links: tuple[Resource, ...]
    """Links of this stack; the requests use one of them."""
    external_ids: tuple[str, ...]
    """Ids of links that are not part of this stack."""
    unknown: tuple[str, ...]
    """Names of variables that will be set to a link."""

    def __bool__(self) -> bool:
        return bool(self.links or self.external_ids or self.unknown)


def selections(
    stage: Resource,
    graph: Graph,
    followed: frozenset[str] = frozenset(),
    *,
    has_integrations: bool = False,
) -> Iterator[Selection]:
    """Find the links in the variables of a stage, except in those that are `followed` already.

    A value that is not a link of this stack counts as the id of another link if its name or its
    origin says so, and if no integration of this stack shows which variables are links
    (`has_integrations`).
    """
    for variables in variable_sets(stage):
        links: dict[Resource, None] = {}
        external, unknown = [], []
        for name in _names(variables):
            value, holder, prop = variables.find(name)
            if name in followed:
                if isinstance(value, UnknownValue):
                    break  # the engine shows only what all variables together are made from
                continue
            reference = link_reference("", value, holder, prop, graph)
            links |= dict.fromkeys(reference.links)
            if has_integrations or not _is_link(name, value, holder, prop):
                continue
            if reference.external_id:
                external.append(reference.external_id)
            elif reference.unresolved:
                unknown.append(name)
        yield Selection(tuple(links), tuple(external), tuple(unknown))


def _names(variables: VariableSet) -> list[str]:
    """Names of the variables of a set; one stands for all while they are unknown."""
    names: dict[str, None] = {}
    for _, _, values in variables.layers:
        if isinstance(values, UnknownValue):
            names["vpcLinkId"] = None
        elif isinstance(values, Mapping):
            names |= dict.fromkeys(values)
    return list(names)


def _is_link(name: str, value: Any, holder: Resource, prop: str) -> bool:
    """Whether a variable holds the id of a VPC link, as far as its name or its origin shows."""
    if not isinstance(value, UnknownValue) and not (
        isinstance(value, str) and _LINK_ID.fullmatch(value)
    ):
        return False
    read = (urn.split("::")[2] for urn in holder.read_sources(prop))
    return any(one.endswith(types.VPC_LINKS) for one in read) or bool(_LINK_VARIABLE.search(name))
