"""What lets API Gateway call the functions that decide who may call an API."""

from collections.abc import Mapping
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws


class FunctionArgs(TypedDict):
    """A function of somebody else that an authorizer calls."""

    arn: str
    """ARN without a version or an alias. Plain, because the definition has it too."""
    qualifier: NotRequired[str]
    """The version or the alias that is called."""


def invoke_permissions(
    name: str,
    api: aws.apigateway.RestApi,
    functions: Mapping[str, FunctionArgs],
    options: pulumi.ResourceOptions,
) -> list[pulumi.Resource]:
    """For each function by the name of its authorizer: any authorizer of this API may call it.

    Of this API and no other one, but of any authorizer: an import gives them their ids.
    Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/configure-api-gateway-lambda-authorization.html
    """
    return [
        aws.lambda_.Permission(
            f"{name}-{authorizer}-invoke",
            action="lambda:InvokeFunction",
            function=function["arn"],
            qualifier=function.get("qualifier"),
            principal="apigateway.amazonaws.com",
            source_arn=pulumi.Output.concat(api.execution_arn, "/authorizers/*"),
            opts=options,
        )
        for authorizer, function in functions.items()
    ]
