"""The models of what the instances of a fleet may reach."""

import re
from ipaddress import IPv4Network
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, PlainValidator, Tag, WithJsonSchema

from openapi.model import Model

from .values import reject, selected_by

Ports = tuple[int, int]
"""The first and the last port."""
_RANGE = re.compile(r"([0-9]{1,5})-([0-9]{1,5})")
_LAST_PORT = 65_535


def _cidr(block: str) -> str:
    try:
        return str(IPv4Network(block))
    except ValueError as error:
        reject(f"is not a valid IPv4 range: {error}")


def _ports(value: Any) -> Ports:
    if isinstance(value, int) and not isinstance(value, bool):
        first = last = value
    elif isinstance(value, str) and (found := _RANGE.fullmatch(value)):
        first, last = map(int, found.groups())
    else:
        reject("is not a port or a range of ports")
    if not 1 <= first <= last <= _LAST_PORT:
        reject(f"is not within 1 to {_LAST_PORT}, the lower port first")
    return first, last


class _Destination(Model):
    ports: Annotated[
        Ports,
        PlainValidator(_ports),
        WithJsonSchema({"anyOf": [{"type": "integer"}, {"type": "string"}]}),
    ] = Field(default=443, validate_default=True)
    """A port, such as 443, or a range, such as 8000-8010."""
    protocol: Literal["tcp", "udp"] = "tcp"
    """Protocol of the traffic: `tcp` or `udp`."""


class EgressRange(_Destination):
    """Addresses, selected by `cidr`."""

    cidr: Annotated[str, AfterValidator(_cidr)]
    """IPv4 range, such as 10.0.0.0/8. 0.0.0.0/0 is the whole internet: a mandatory policy refuses
    it (no-open-egress), unless the stack has an exception."""


class EgressPrefixList(_Destination):
    """The addresses of a prefix list, selected by `prefixList`."""

    prefix_list: Annotated[str, Field(pattern=r"^pl-[0-9a-f]{8,17}$")]
    """ID of a prefix list, of AWS or of your own, such as pl-0123456789abcdef0."""


class EgressGroup(_Destination):
    """Whatever has a security group, selected by `securityGroup`."""

    security_group: Annotated[str, Field(pattern=r"^sg-[0-9a-f]{8,17}$")]
    """ID of a security group, such as sg-0123456789abcdef0; its owner admits the group of the
    fleet, which the output `destinations_must_admit` shows."""


AnyDestination = EgressRange | EgressPrefixList | EgressGroup
Destination = Annotated[
    Annotated[EgressRange, Tag("cidr")]
    | Annotated[EgressPrefixList, Tag("prefixList")]
    | Annotated[EgressGroup, Tag("securityGroup")],
    selected_by("cidr", "prefixList", "securityGroup"),
]


def _different(destinations: tuple[AnyDestination, ...]) -> tuple[AnyDestination, ...]:
    if len(set(destinations)) < len(destinations):
        reject("contains a destination more than once")
    return destinations


# Source: https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
Egress = Annotated[
    tuple[Destination, ...], Field(min_length=1, max_length=50), AfterValidator(_different)
]
"""Destinations, as many as fit into a security group beside the program's own rules."""
