"""The settings of the methods of a stage: those of all, and of routes with limits of their own."""

from collections.abc import Sequence
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws


class ThrottleArgs(TypedDict):
    """Limits of a stage, of a route, or of the holders of its API keys."""

    rate_limit: pulumi.Input[float]
    """Requests a second, on average."""
    burst_limit: pulumi.Input[int]
    """Size of a burst of requests."""


class RouteLimitsArgs(TypedDict):
    """A route that differs from the other ones of its stages."""

    method: str
    """HTTP method in capitals, or ANY. Plain, because it names a resource."""
    path: str
    """Path of the API, such as /orders/{id}. Plain, because it names a resource."""
    throttle: NotRequired[ThrottleArgs]
    """Limits of the route; those of the stage by default."""
    cache_seconds: NotRequired[pulumi.Input[int]]
    """How long its responses are kept in stages with a cache; not at all by default."""


def method_path(method: str, path: str) -> str:
    """The path of a method's settings, in which the slashes of a route are written ~1.

    With slashes, AWS accepts the settings and applies them to nothing.
    Source: https://github.com/hashicorp/terraform-provider-aws/issues/9738
    """
    return f"{path.replace('/', '~1')}/{method}"


def method_settings(
    name: str,
    rest_api: pulumi.Input[str],
    stage: aws.apigateway.Stage,
    throttle: ThrottleArgs,
    routes: Sequence[RouteLimitsArgs],
    *,
    logs: bool,
    cache: bool,
    options: pulumi.ResourceOptions,
) -> None:
    """Settings for all methods of a stage, and for routes with limits of their own.

    Those of a route repeat everything: it is not documented what a route has that sets only a part.
    They come after those for all methods, which are known to undo them otherwise, and after the
    stage has a deployment with the route, without which AWS forgets them.
    Sources: https://github.com/hashicorp/terraform-provider-aws/issues/41104 and 37959
    """
    common: aws.apigateway.MethodSettingsSettingsArgsDict = {
        "logging_level": "ERROR" if logs else "OFF",
        "data_trace_enabled": False,
        "metrics_enabled": True,
    }
    for_all: aws.apigateway.MethodSettingsSettingsArgsDict = {
        **common,
        "throttling_rate_limit": throttle["rate_limit"],
        "throttling_burst_limit": throttle["burst_limit"],
    }
    if cache:
        # Otherwise every GET would be cached.
        for_all["caching_enabled"] = False
    all_methods = aws.apigateway.MethodSettings(
        f"{name}-methods",
        rest_api=rest_api,
        stage_name=stage.stage_name,
        method_path="*/*",
        settings=for_all,
        opts=options,
    )
    for route in routes:
        limits = route.get("throttle", throttle)
        aws.apigateway.MethodSettings(
            # A dot, which no name of a stage has: `a` with `/b` is not `a-b`.
            f"{name}.{route['method']}{route['path']}",
            rest_api=rest_api,
            stage_name=stage.stage_name,
            method_path=method_path(route["method"], route["path"]),
            settings={
                **common,
                "throttling_rate_limit": limits["rate_limit"],
                "throttling_burst_limit": limits["burst_limit"],
                **_caching(route, cache=cache),
            },
            opts=pulumi.ResourceOptions.merge(
                options, pulumi.ResourceOptions(depends_on=[all_methods])
            ),
        )


def _caching(
    route: RouteLimitsArgs, *, cache: bool
) -> aws.apigateway.MethodSettingsSettingsArgsDict:
    """Whether responses are kept: said even if not, since a value that is left out stays."""
    if not cache or "cache_seconds" not in route:
        return {"caching_enabled": False}
    return {
        "caching_enabled": True,
        "cache_ttl_in_seconds": route["cache_seconds"],
        "cache_data_encrypted": True,
        # A caller may go round the cache (`Cache-Control: max-age=0`) only with a signature of
        # somebody who may invalidate it; for the others, the header has no effect.
        "require_authorization_for_cache_control": True,
        "unauthorized_cache_control_header_strategy": "SUCCEED_WITH_RESPONSE_HEADER",
    }
