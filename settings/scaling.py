"""The models of what decides how many instances a fleet has."""

from typing import Annotated

from pydantic import Field, Tag

from openapi.model import Model

from .values import selected_by


class CpuScaling(Model):
    """As many instances as keep the processors at a percentage, selected by `cpuPercent`."""

    cpu_percent: Annotated[int, Field(ge=10, le=90)]
    """Average use of the processors of all instances, 10 to 90 percent."""


class RequestScaling(Model):
    """As many instances as the requests need, selected by `requestsPerInstance`."""

    requests_per_instance: Annotated[int, Field(ge=1, le=1_000_000)]
    """Requests a minute for each instance, 1 to 1000000: those of all stages that send to the
    target, with their shares of a canary, as API Gateway counts them."""


AnyScaling = CpuScaling | RequestScaling
Scaling = Annotated[
    Annotated[CpuScaling, Tag("cpuPercent")]
    | Annotated[RequestScaling, Tag("requestsPerInstance")],
    selected_by("cpuPercent", "requestsPerInstance"),
]
