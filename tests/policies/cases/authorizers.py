"""Cases of the rules about authorizers."""

from policies.pack import resource_types as types
from simulation.engine import UNKNOWN
from tests.policies import parts as our
from tests.policies.case import (
    absent,
    at_preview,
    ignores,
    ill_typed,
    of_rule,
    passes,
    unknown,
    violates,
)
from tests.policies.changes import Change, added, definition

FUNCTION = "arn:aws:lambda:us-east-2:111122223333:function:callers"
URI = f"arn:aws:apigateway:us-east-2:lambda:path/2015-03-31/functions/{FUNCTION}/invocations"
SCHEME = ("components", "securitySchemes", "callers")
EXECUTION = "arn:aws:execute-api:us-east-2:111122223333:e493d2a0c0"
"""The execution ARN of our API."""
GATEWAY = "apigateway.amazonaws.com"


def asking(function: str = FUNCTION, **spec: object) -> Change:
    """A definition with an authorizer that asks a function."""
    authorizer = {"type": "token", "authorizerUri": URI.replace(FUNCTION, function), **spec}
    return definition(SCHEME, {"x-amazon-apigateway-authorizer": authorizer})


def permission(**props: object) -> Change:
    """A permission to call the function, without what is None."""
    given = {"action": "lambda:InvokeFunction", "function": FUNCTION, "principal": GATEWAY}
    return added(
        types.LAMBDA_PERMISSION,
        "callers",
        given | {"sourceArn": f"{EXECUTION}/authorizers/*"} | props,
    )


def separate(**props: object) -> Change:
    """An authorizer as a resource of its own."""
    given = {"restApi": UNKNOWN, "type": "REQUEST", **props}
    return added(types.AUTHORIZER, "own", given, {"restApi": our.API})


OTHER = EXECUTION.replace("e493d2a0c0", "a1b2c3")

CASES = [
    *of_rule(
        "authorizer-invocable",
        passes(asking(), permission()),
        passes(asking(), permission(function="callers")),
        passes(asking(f"{FUNCTION}:live"), permission(qualifier="live")),
        passes(asking(f"{FUNCTION}:live"), permission(function=f"{FUNCTION}:live")),
        passes(asking("${stageVariables.function}")),
        passes(asking(), permission(sourceArn=f"{EXECUTION}/*")),
        passes(asking(), permission(sourceArn=None)),
        violates("no permission", asking(), permission(sourceArn=EXECUTION)),
        violates(
            "for authorizer own that no permission", our.NO_DEFINITION, separate(authorizerUri=URI)
        ),
        passes(separate(authorizerUri=URI), permission()),
        ignores(separate(authorizerUri=URI, authorizerCredentials=UNKNOWN)),
        ill_typed(violates("wrong type", separate(authorizerUri=5))),
        unknown("authorizerUri", separate(authorizerUri=UNKNOWN)),
        violates("no permission", asking(), permission(sourceArn=f"{EXECUTION}/*/GET/orders")),
        violates("no permission", asking(), permission(sourceArn=f"{OTHER}/authorizers/*")),
        passes(asking(), our.API.unset("id"), permission(sourceArn=f"{OTHER}/authorizers/*")),
        violates("no permission", asking(), our.API.removed(), permission(sourceArn=f"{OTHER}/*")),
        ill_typed(violates("no permission", asking(), permission(sourceArn=[EXECUTION]))),
        at_preview(passes(asking(), permission(sourceArn=UNKNOWN))),
        violates("for authorizer callers that no permission", asking()),
        violates("no permission", asking(f"{FUNCTION}:live"), permission()),
        violates("no permission", asking(), permission(qualifier="live")),
        violates("no permission", asking(), permission(principal="s3.amazonaws.com")),
        violates("no permission", asking(), permission(function="allcallers")),
        ill_typed(violates("no permission", asking(), permission(function=[5]))),
        ill_typed(violates("no permission", asking(), permission(principal=5))),
        unknown("function of a permission", asking(), permission(function=UNKNOWN)),
        unknown("function of a permission", asking(), permission(qualifier=UNKNOWN)),
        unknown("body", our.DEFINITION.unknown("body")),
        absent(violates("", asking())),
        ignores(),
        ignores(asking(authorizerCredentials="arn:aws:iam::111122223333:role/calls")),
        ignores(our.NO_DEFINITION),
    ),
    *of_rule(
        "authorizer-decision-own",
        passes(asking(type="request", identitySource="method.request.header.Authorization")),
        passes(asking(type="request", identitySource="context.stage, context.identity.sourceIp")),
        passes(separate()),
        passes(separate(identitySource="method.request.querystring.token")),
        violates("of authorizer callers for everybody", asking(type="REQUEST")),
        violates(
            "for everybody",
            asking(type="request", identitySource="context.stage,stageVariables.method.request."),
        ),
        violates("of authorizer own for everybody", separate(identitySource="context.stage")),
        ill_typed(violates("for everybody", asking(type="request", identitySource=5))),
        ill_typed(violates("wrong type", separate(identitySource=5))),
        ill_typed(violates("wrong type", separate(authorizerResultTtlInSeconds="x"))),
        unknown("body", our.DEFINITION.unknown("body")),
        unknown("identitySource", separate(identitySource=UNKNOWN)),
        absent(violates("", asking(type="request", identitySource=None))),
        ignores(),
        ignores(asking(identitySource="method.request.header.a")),
        ignores(asking(type="request", authorizerResultTtlInSeconds=0)),
        ignores(separate(authorizerResultTtlInSeconds="0")),
        ignores(separate(type="TOKEN")),
        ignores(our.NO_DEFINITION),
    ),
    *of_rule(
        "invoke-permission-scoped",
        passes(permission()),
        passes(permission(sourceArn=EXECUTION)),
        passes(permission(sourceArn=f"{EXECUTION}/*/GET/orders")),
        violates("any API of any account", permission(sourceArn="")),
        violates("more than one API", permission(sourceArn=f"{EXECUTION[:-6]}*")),
        violates("more than one API", permission(sourceArn="arn:aws:execute-api:*:*:a1b2c3/*")),
        violates("lets everyone", permission(principal="*")),
        ill_typed(violates("wrong type", permission(principal=5))),
        ill_typed(violates("more than one API", permission(sourceArn=[EXECUTION]))),
        unknown("principal", permission(principal=UNKNOWN)),
        at_preview(passes(permission(sourceArn=UNKNOWN))),
        absent(violates("any API", permission(sourceArn=None))),
        ignores(),
        ignores(permission(principal="s3.amazonaws.com", sourceArn="")),
        ignores(permission(principal="*", principalOrgId="o-a1b2c3d4e5")),
    ),
]
