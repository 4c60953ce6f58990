"""The models of the VPC endpoints of a private API."""

from ipaddress import IPv4Network
from typing import Annotated

from pydantic import AfterValidator, Field

from openapi.model import Model

from .values import DISTINCT, reject


def _callers(block: str) -> str:
    try:
        network = IPv4Network(block)
    except ValueError as error:
        reject(f"is not a valid IPv4 range: {error}")
    if network.prefixlen == 0:
        reject("contains every address")
    return str(network)


EndpointId = Annotated[str, Field(pattern=r"^vpce-[0-9a-f]{8,17}$")]


class VpcEndpoints(Model):
    """The endpoints through which a private API is called: existing ones, or a new one."""

    ids: Annotated[tuple[EndpointId, ...], Field(max_length=20), DISTINCT] = ()
    """IDs of existing interface endpoints of execute-api, up to 20, such as
    [vpce-0123456789abcdef0]. Without any, the new network gets one, which costs some 7.30 USD a
    month in each zone, and 0.01 USD for each GB."""
    callers: Annotated[
        tuple[Annotated[str, AfterValidator(_callers)], ...],
        Field(min_length=1, max_length=50),
        DISTINCT,
    ] = ()
    """IPv4 ranges that the new endpoint admits, up to 50, such as that of a peered network; by
    default only that of its own network."""
    private_dns: bool = True
    """Whether the usual names of APIs lead to the new endpoint, within its network. From there,
    APIs of others are then reached by names of their own only."""
