"""Cases of the rules about listeners that end TLS."""

from tests.policies import parts as our
from tests.policies.case import (
    absent,
    at_preview,
    ignores,
    ill_typed,
    of_rule,
    passes,
    undecided,
    unknown,
    violates,
)
from tests.policies.cases.links import (
    EXISTS,
    HOST,
    INTEGRATIONS,
    KNOWN,
    OVERRIDES,
    SECOND_NLB,
    URI,
)
from tests.policies.changes import Change, Part, definition

PROTOCOL, CERTIFICATE = "protocol", "certificateArn"
ENDS_TLS = (our.LISTENER.set(PROTOCOL, "TLS"), our.LISTENER.set("port", 443))
SECURE = [
    definition((*one, "uri"), "https://${stageVariables.backendHost}/") for one in INTEGRATIONS
]
ON_TLS = [*ENDS_TLS, *SECURE]
ARN = "arn:aws:acm:us-east-2:111122223333:certificate/12345678-90ab-cdef-1234-567890abcdef"
OF_OTHER = Part(our.LISTENER.type, "other")


def certificate(arn: object) -> list[Change]:
    return [our.LISTENER.set(PROTOCOL, "TLS"), our.LISTENER.set(CERTIFICATE, arn)]


CASES = [
    *of_rule(
        "integration-scheme",
        passes(),
        passes(*SECURE, our.LISTENER.set("port", 443)),
        passes(*ON_TLS),
        passes(*SECURE, our.LISTENER.set("port", 443), our.LISTENER.set(PROTOCOL, "HTTPS")),
        passes(our.LISTENER.set(PROTOCOL, "HTTP")),
        violates(
            "calls http:// for GET /orders/{id} through stage 'api-dev-stage', but listener "
            "'blue-listener' speaks TLS.",
            our.LISTENER.set(PROTOCOL, "TLS"),
        ),
        violates("speaks HTTPS", our.LISTENER.set(PROTOCOL, "HTTPS")),
        violates("calls http:// for GET / through", *ON_TLS[:2], our.STAGE.set(HOST, "host:443")),
        violates(
            "calls https:// for GET / through",
            *SECURE,
            our.LISTENER.set("port", 443),
            our.LISTENER.set(PROTOCOL, "HTTP"),
        ),
        violates(
            "through the canary of stage 'api-dev-stage', but listener 'other' speaks TLS",
            *SECOND_NLB,
            OF_OTHER.set(PROTOCOL, "TLS"),
            our.STAGE.set(OVERRIDES, {"vpcLinkId": "id-of-other", "backendHost": "host:9000"}),
        ),
        # A listener on another port is not called.
        passes(our.LISTENER.set(PROTOCOL, "TLS"), our.STAGE.set(HOST, "host:8080")),
        undecided("scheme of", definition(URI, "ftp://${stageVariables.backendHost}/x")),
        ill_typed(violates("wrong type in protocol", our.LISTENER.set(PROTOCOL, ["TLS"]))),
        unknown("protocol", our.LISTENER.unknown(PROTOCOL)),
        unknown("body", our.DEFINITION.unknown("body")),
        at_preview(violates("", our.LISTENER.set(PROTOCOL, "TLS"))),
        at_preview(
            violates(
                "", EXISTS, our.STAGE.set("variables", KNOWN), our.LISTENER.set(PROTOCOL, "TLS")
            )
        ),
        at_preview(passes(our.STAGE.unknown(HOST))),
        absent(passes(our.LISTENER.removed())),
        absent(passes(our.LISTENER.unset(PROTOCOL))),
        ignores(our.NO_DEFINITION),
    ),
    *of_rule(
        "listener-certificate-location",
        passes(*certificate(ARN)),
        passes(*certificate("arn:aws:iam::111122223333:server-certificate/orders")),
        violates(
            "is in region us-east-2, and its certificate is in us-east-1.",
            *certificate(ARN.replace("us-east-2", "us-east-1")),
        ),
        violates(
            "is in account 111122223333, and its certificate is in 444455556666.",
            *certificate(ARN.replace("111122223333", "444455556666")),
            our.LISTENER.set("arn", our.OTHER_ARN.replace("loadbalancer", "listener")),
        ),
        violates("has no certificate", our.LISTENER.set(PROTOCOL, "TLS")),
        violates("has no certificate", *certificate(our.OTHER_ARN)),
        ill_typed(violates("has no certificate", *certificate([ARN]))),
        ill_typed(violates("wrong type in protocol", our.LISTENER.set(PROTOCOL, ["TLS"]))),
        unknown(CERTIFICATE, our.LISTENER.set(PROTOCOL, "TLS"), our.LISTENER.unknown(CERTIFICATE)),
        unknown(PROTOCOL, our.LISTENER.unknown(PROTOCOL)),
        at_preview(violates("us-east-1", *certificate(ARN.replace("us-east-2", "us-east-1")))),
        at_preview(passes(*certificate(ARN), our.LISTENER.unknown("region"))),
        absent(ignores(our.LISTENER.unset(PROTOCOL))),
        ignores(),
    ),
]
