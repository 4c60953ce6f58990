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
_LIKE_LINK_ID = re.compile(r"(?=\D*\d)(?=.*[a-z])[a-z0-9]{6,10}")
"""A word has no digits, and a port or a date has no letters."""


@dataclass(frozen=True)
class Selection:
    """The links in the variables of a stage, or of its canary."""

    links: tuple[Resource, ...]
    """Links of this stack; the requests use one of them."""
    external_ids: tuple[str, ...]
    """Ids of links that are not part of this stack."""
    unknown: tuple[str, ...]
    """Names of variables that will be set to a link."""
    possible: tuple[str, ...] = ()
    """Names of variables whose values look like the id of a link, if none is known to be one."""

    def __bool__(self) -> bool:
        return bool(self.links or self.external_ids or self.unknown or self.possible)


@dataclass(frozen=True)
class Traces:
    """What integrations and configuration show about the variables of a stage."""

    followed: frozenset[str] = frozenset()
    """Variables that integrations of its API use for links; these are followed from there."""
    has_integrations: bool = False
    """Whether its API has integrations in this stack."""
    has_private: bool = False
    """Whether one of these uses a VPC link, so that all variables for links are known."""
    link_ids: frozenset[str] = frozenset()
    """Ids that the configuration lists, or an integration of any API uses."""
    names: frozenset[str] = frozenset()
    """Variables that integrations of any API use for links."""


def selections(stage: Resource, graph: Graph, traces: Traces) -> Iterator[Selection]:
    """Find the links in the variables of a stage, except in those that are followed already.

    A value that is not a link of this stack counts as the id of another link if its name, its
    origin or its use elsewhere says so, and if no integration of this stack shows which variables
    are links. A value that only looks like an id may be one, if there are no integrations at all.
    Known links are each selected; of those that unknown values come from, each may be.
    """
    for variables in variable_sets(stage):
        links: dict[Resource, None] = {}
        external, unknown, possible, is_selected = [], [], [], False
        for name in _names(variables):
            value, holder, prop = variables.find(name)
            if name in traces.followed:
                if isinstance(value, UnknownValue):
                    break  # the engine shows only what all variables together are made from
                continue
            reference = link_reference("", value, holder, prop, graph)
            if reference.links and not isinstance(value, UnknownValue):
                yield Selection(reference.links, (), ())  # each service has its own
                is_selected = True
                continue
            links |= dict.fromkeys(reference.links)
            if traces.has_private or reference.links:
                continue
            looks_like_id = isinstance(value, str) and bool(_LIKE_LINK_ID.fullmatch(value))
            is_used = reference.external_id in traces.link_ids
            is_used = is_used or (looks_like_id and name in traces.names)
            if not is_used and not _is_link(name, value, holder, prop):
                possible += [name] if looks_like_id and not traces.has_integrations else []
            elif reference.external_id:
                external.append(reference.external_id)
            elif reference.unresolved:
                unknown.append(name)
        known = is_selected or links or external or unknown
        found = (tuple(links), tuple(external), tuple(unknown))
        yield Selection(*found, () if known else tuple(possible))


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
