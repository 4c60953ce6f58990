"""Rules about the functions that decide who may call an API."""

import re
from typing import Any

from .. import resource_types as types
from ..framework.rule import Area, Config, NotApplicable, Unknown, Verdicts, Violation
from ..graph.definition import asked_functions, function_of, kept_decisions, read
from ..graph.graph import Graph
from ..graph.resource import Resource
from ..values import UnknownValue, as_text, is_set
from .iam import matches

AREA = Area("Authorizers")
_GATEWAY = "apigateway.amazonaws.com"


@AREA.stack_rule(
    name="authorizer-invocable",
    title="API Gateway may call the function of every authorizer.",
    level="advisory",
    severity="medium",
    resource_types=[types.AUTHORIZER, *types.DEFINITIONS],
    rationale="Otherwise every call of a route with this authorizer is answered with 500.",
    fix=(
        "add a lambda Permission for apigateway.amazonaws.com with the API's execution ARN and "
        '"/authorizers/*" as source_arn, or set authorizerCredentials; a function under '
        "`api.authorizers` gets one."
    ),
)
def _may_call_functions(source: Resource, graph: Graph, _: Config) -> Verdicts:
    asked = _asked_by(source)
    if not asked:
        yield NotApplicable("has no authorizer with a function and without a role")
    permissions = graph.of_type(types.LAMBDA_PERMISSION)
    api = graph.api_of(source)
    known = api.resource.peek("id") if api and api.resource else api and api.key
    for name, function in sorted(asked.items()):
        if "${" in function:
            continue  # a stage variable names it
        let_in = [_lets_in(permission, function, as_text(known)) for permission in permissions]
        if any(isinstance(one, UnknownValue) for one in let_in):
            yield Unknown(source, f"function of a permission for authorizer {name}")
        elif True not in let_in:
            text = f"asks a function for authorizer {name} that no permission of this stack lets in"
            yield Violation(source, f"{text}.")


def _asked_by(source: Resource) -> dict[str, str]:
    if source.type != types.AUTHORIZER:
        body = source.text("body")
        return asked_functions(read(body)) if body else {}
    if is_set(source.peek("authorizerCredentials")):
        return {}
    function = function_of(source.text("authorizerUri"))
    return {source.name: function} if function else {}


def _lets_in(permission: Resource, function: str, api_id: str) -> Any:
    """Whether a permission lets an API ask a function; UNKNOWN if it may.

    An API without an id is any. What a permission is limited to may not exist yet.
    """
    values = [permission.peek(key) for key in ("principal", "function", "qualifier")]
    for value in values:
        if isinstance(value, UnknownValue):
            return value
    principal, named, qualifier = map(as_text, values)
    whole = f"{named}:{qualifier}" if qualifier else named
    if principal != _GATEWAY or (whole != function and not function.endswith(f":function:{whole}")):
        return False
    source = permission.peek("sourceArn")
    if isinstance(source, UnknownValue) or not is_set(source):
        return True
    # Within a part of an ARN, a wildcard also stands for slashes.
    pattern = as_text(source).split(":", 5)[-1]
    return matches(f"{api_id or pattern.partition('/')[0]}/authorizers/a1b2c3", pattern)


@AREA.resource_rule(
    name="authorizer-decision-own",
    title="An authorizer that keeps its decisions looks at something that callers do not share.",
    level="mandatory",
    severity="high",
    resource_types=[types.AUTHORIZER, *types.DEFINITIONS],
    rationale=(
        "A decision is kept for the values of the identity sources. If these are the same for "
        "everybody, whoever calls after an admitted caller is admitted."
    ),
    fix=(
        "add a header, a query parameter or context.identity.sourceIp to identitySource, or set "
        "authorizerResultTtlInSeconds to 0 (AWS's default is 300)."
    ),
)
def _looks_at_the_caller(resource: Resource, _: Config) -> Verdicts:
    if resource.type == types.AUTHORIZER:
        kept = _kept_by(resource)
    else:
        body = resource.text("body")
        kept = kept_decisions(read(body)) if body else {}
    if not kept:
        yield NotApplicable("has no authorizer that keeps decisions about whole requests")
    for name, sources in sorted(kept.items()):
        if not any(part.strip().startswith(_OWN) for part in sources.split(",")):
            yield Violation(resource, f"keeps the decisions of authorizer {name} for everybody.")


_OWN = ("method.request.", "context.identity.")


def _kept_by(authorizer: Resource) -> dict[str, str]:
    seconds = authorizer.number("authorizerResultTtlInSeconds")
    if authorizer.text("type").upper() != "REQUEST" or seconds == 0:
        return {}
    default = "method.request.header.Authorization"  # that of the provider
    return {authorizer.name: authorizer.text("identitySource") or default}


@AREA.resource_rule(
    name="invoke-permission-scoped",
    title="A function that lets in API Gateway names the API.",
    level="mandatory",
    severity="high",
    resource_types=[types.LAMBDA_PERMISSION],
    rationale="Otherwise any API of any account can call the function, and learn what it decides.",
    fix='set source_arn to the execution ARN of the API and "/authorizers/*" or "/*".',
)
def _names_the_api(permission: Resource, _: Config) -> Verdicts:
    principal, source = permission.text("principal"), permission.peek("sourceArn")
    if principal == "*" and is_set(permission.peek("principalOrgId")):
        yield NotApplicable("is for an organization")
    elif principal == "*":
        yield Violation(permission, "lets everyone call the function.")
    elif principal != _GATEWAY:
        yield NotApplicable("is not for API Gateway")
    elif isinstance(source, UnknownValue):
        # It names something that does not exist yet.
        return
    elif not is_set(source):
        yield Violation(permission, "lets any API of any account call the function.")
    elif not _EXECUTION.match(as_text(source)):
        yield Violation(permission, "lets more than one API call the function.")


_EXECUTION = re.compile(r"arn:aws[a-z-]*:execute-api:[a-z0-9-]+:\d{12}:[a-z0-9]+(/|$)")
