"""Cases of the rules about the API itself."""

from policies.pack import resource_types as types
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
from tests.policies.changes import definition

ENDPOINT, DISABLED = "endpointConfiguration.types", "disableExecuteApiEndpoint"
MODE, EXTENSION = "endpointAccessMode", "x-amazon-apigateway-"
NO_POLICY = our.API.unset("securityPolicy")
UNSTATED = definition((f"{EXTENSION}security-policy",), "")
CLOSED = {f"{EXTENSION}endpoint-configuration": {DISABLED: True}}
IDS = "endpointConfiguration.vpcEndpointIds"
AT_ENDPOINT = {f"{EXTENSION}endpoint-configuration": {"vpcEndpointIds": ["vpce-1"]}}
NATIVE = our.API.becomes("aws-native:apigateway:RestApi")
NATIVE_TYPES = [
    *(
        f"aws-native:apigateway:{name}"
        for name in ["Deployment", "Method", "RestApi", "Stage", "VpcLink"]
    ),
    *(f"aws-native:apigatewayv2:{name}" for name in ["Api", "Integration", "Stage", "VpcLink"]),
    "aws-native:elasticloadbalancingv2:LoadBalancer",
]
HTTP_TYPES = [types.HTTP_API, types.HTTP_STAGE]

CASES = [
    *of_rule(
        "api-import-strict",
        passes(),
        violates("despite warnings", our.DEFINITION.set("failOnWarnings", False)),
        passes(our.DEFINITION.set("failOnWarnings", "true")),
        violates("despite warnings", our.DEFINITION.set("failOnWarnings", "false")),
        violates("despite warnings", our.API.set("body", "{}")),
        ignores(our.NO_DEFINITION, our.API.set("body", "")),
        ill_typed(violates("wrong type in failOnWarn", our.DEFINITION.set("failOnWarnings", [1]))),
        unknown("failOnWarnings", our.DEFINITION.unknown("failOnWarnings")),
        at_preview(passes(our.DEFINITION.unknown("body"))),
        absent(violates("", our.DEFINITION.unset("failOnWarnings"))),
        ignores(our.NO_DEFINITION),
    ),
    *of_rule(
        "deployment-create-first",
        passes(),
        passes(our.DEPLOYMENT.option("deleteBeforeReplace", False)),
        violates(
            "deleted before its replacement", our.DEPLOYMENT.option("deleteBeforeReplace", True)
        ),
        at_preview(passes(our.DEPLOYMENT.unknown("restApi"))),
        absent(passes(our.DEPLOYMENT.unset("triggers"))),
        ignores(our.DEPLOYMENT.removed()),
    ),
    *of_rule(
        "api-tls-policy",
        passes(),
        passes(our.API.set("securityPolicy", "TLS_1_2")),
        passes(our.API.set("securityPolicy", "SecurityPolicy_TLS13_1_3_2025_09")),
        passes(our.API.set("securityPolicy", "SecurityPolicy_TLS12_PFS_2025_EDGE")),
        violates("older than 1.2", our.API.set("securityPolicy", "TLS_1_0")),
        violates("does not set a minimum", NO_POLICY, our.API.becomes(types.DOMAIN_NAME)),
        unknown("securityPolicy", our.API.unknown("securityPolicy")),
        absent(ignores(NO_POLICY)),
        absent(violates("", our.API.set("securityPolicy", ""), our.API.becomes(types.DOMAIN_NAME))),
        ill_typed(violates("wrong type in securityPolicy", our.API.set("securityPolicy", 12))),
        ignores(our.API.removed()),
    ),
    *of_rule(
        "api-endpoint-tls",
        passes(),
        passes(our.API.set("securityPolicy", "TLS_1_0")),  # api-tls-policy refuses it
        violates("leaves the minimum TLS version of its endpoint", NO_POLICY),
        violates("TLS 1.0", NO_POLICY, our.API.set(ENDPOINT, ["EDGE"])),
        violates("TLS 1.0", NO_POLICY, our.API.set(ENDPOINT, ["PRIVATE", "REGIONAL"])),
        violates("TLS 1.0", NO_POLICY, our.API.set(DISABLED, False)),
        unknown(DISABLED, NO_POLICY, our.API.unknown(DISABLED)),
        unknown(ENDPOINT, NO_POLICY, our.API.unknown(ENDPOINT)),
        at_preview(passes(our.API.unknown("securityPolicy"))),
        absent(violates("TLS 1.0", NO_POLICY)),
        absent(violates("TLS 1.0", our.API.set("securityPolicy", ""))),
        ill_typed(violates("wrong type in", NO_POLICY, our.API.set(DISABLED, {"a": 1}))),
        ill_typed(
            violates("wrong type in", NO_POLICY, our.API.set("endpointConfiguration", "PRIVATE"))
        ),
        ignores(NO_POLICY, our.API.set(DISABLED, True)),
        ignores(NO_POLICY, our.API.set(ENDPOINT, ["PRIVATE"])),
        ignores(our.API.removed()),
    ),
    *of_rule(
        "api-import-endpoint",
        passes(),
        passes(NO_POLICY, our.API.unset(MODE)),
        passes(our.API.set("securityPolicy", "TLS_1_0"), our.API.unset(MODE), UNSTATED),
        passes(our.API.set(DISABLED, False)),
        passes(our.API.set(DISABLED, True), definition(("servers",), [{"url": "/", **CLOSED}])),
        passes(our.API.set(DISABLED, True), definition(tuple(CLOSED), *CLOSED.values())),
        violates("resets securityPolicy of 'api-api'", UNSTATED),
        violates(
            "resets endpointAccessMode", definition((f"{EXTENSION}endpoint-access-mode",), "")
        ),
        violates("resets securityPolicy", our.API.set("securityPolicy", "TLS_1_2")),
        violates("resets disableExecuteApiEndpoint", our.API.set(DISABLED, True)),
        violates("resets securityPolicy", our.DEFINITION.set("body", '{"paths": {}}')),
        passes(
            our.API.set("securityPolicy", "TLS_1_2"),
            our.API.unset(MODE),
            our.API.set(ENDPOINT, ["PRIVATE"]),
            UNSTATED,
        ),
        passes(
            our.API.set(IDS, ["vpce-1"]), definition(("servers",), [{"url": "/", **AT_ENDPOINT}])
        ),
        violates("resets endpointConfiguration.vpcEnd", our.API.set(IDS, ["vpce-1"])),
        violates(
            "resets endpointConfiguration.vpcEnd",
            our.API.set(IDS, ["vpce-2"]),
            definition(("servers",), [{"url": "/", **AT_ENDPOINT}]),
        ),
        at_preview(passes(our.API.unknown(IDS))),
        at_preview(passes(our.API.unknown("securityPolicy"))),
        unknown("body", our.DEFINITION.unknown("body")),
        absent(passes(our.API.unset(DISABLED))),
        ill_typed(violates("resets securityPolicy", our.API.set("securityPolicy", 12))),
        ill_typed(violates("wrong type in body", our.DEFINITION.set("body", 12))),
        ill_typed(passes(definition(("servers",), "/"))),
        ignores(our.API.removed()),
    ),
    *of_rule(
        "resource-not-covered",
        *(violates("does not check", our.API.becomes(token)) for token in NATIVE_TYPES),
        *(violates("only account and region", our.API.becomes(token)) for token in HTTP_TYPES),
        at_preview(violates("", our.API.unknown("name"), NATIVE)),
        absent(violates("", our.API.unset("name"), NATIVE)),
        ignores(),
    ),
]
