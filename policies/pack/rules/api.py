"""Rules about the API itself: how it is imported, replaced and reached."""

from .. import resource_types as types
from ..framework.rule import Area, Config, NotApplicable, Unknown, Verdicts, Violation
from ..graph.definition import endpoint_of, read
from ..graph.graph import Graph
from ..graph.resource import Resource
from ..values import equals, is_known, is_set, items

AREA = Area("The API")


@AREA.resource_rule(
    name="api-import-strict",
    title="An API definition is imported only without warnings.",
    level="mandatory",
    severity="high",
    resource_types=[types.REST_API, types.REST_API_PUT],
    rationale="Otherwise API Gateway drops a wrong integration, and the update still succeeds.",
    fix="set fail_on_warnings=True.",
)
def _fails_on_warnings(resource: Resource, _: Config) -> Verdicts:
    if not is_set(resource.peek("body")):
        yield NotApplicable("does not import a definition")
    elif resource.boolean("failOnWarnings") is not True:
        yield Violation(resource, "imports its definition despite warnings from API Gateway.")


@AREA.resource_rule(
    name="deployment-create-first",
    title="The replacement of a deployment is created before the old one is deleted.",
    level="mandatory",
    severity="medium",
    resource_types=[types.DEPLOYMENT],
    rationale="AWS refuses to delete a deployment that a stage points to, and the update fails.",
    fix="remove delete_before_replace.",
    controls="checkov:CKV_AWS_217",
)
def _is_created_first(deployment: Resource, _: Config) -> Verdicts:
    if deployment.delete_before_replace:
        text = "is deleted before its replacement is created, while a stage points to it."
        yield Violation(deployment, text)


@AREA.resource_rule(
    name="api-tls-policy",
    title="Domain names, and APIs that set it, require at least TLS 1.2.",
    level="mandatory",
    severity="medium",
    resource_types=[types.DOMAIN_NAME, types.REST_API],
    rationale="TLS 1.0 and 1.1 are insecure, and some clients still agree to them.",
    fix=(
        'set security_policy to "TLS_1_2" or to a policy that begins with SecurityPolicy_, which '
        "needs an endpoint_access_mode."
    ),
    controls=(
        "fsbp:APIGateway.11 checkov:CKV_AWS_206 prowler:apigateway_domain_name_pqc_tls_enabled "
        "trivy:AWS-0005"
    ),
)
def _has_modern_tls(resource: Resource, _: Config) -> Verdicts:
    policy = resource.text("securityPolicy")
    modern = ("SecurityPolicy_TLS12", "SecurityPolicy_TLS13")
    if not policy and resource.type == types.REST_API:
        yield NotApplicable("leaves it to AWS, which api-endpoint-tls reports")
    elif not policy:
        yield Violation(resource, "does not set a minimum TLS version.")
    elif policy != "TLS_1_2" and not policy.startswith(modern):
        yield Violation(resource, "allows TLS versions older than 1.2.")


@AREA.resource_rule(
    name="api-endpoint-tls",
    title="Every API sets the minimum TLS version of its own endpoint.",
    level="advisory",
    severity="medium",
    resource_types=[types.REST_API],
    rationale=(
        "The endpoint of a regional or edge-optimized API accepts TLS 1.0 by default. A custom "
        "domain name does not change that: clients can still use the API's own endpoint."
    ),
    fix=(
        'set security_policy="SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09" with '
        'endpoint_access_mode="BASIC", or disable_execute_api_endpoint=True. TLS_1_2 is for new '
        "APIs: AWS does not change one from TLS_1_0 to it."
    ),
    controls="checkov:CKV_AWS_206 trivy:AWS-0005",
)
def _sets_endpoint_tls(api: Resource, _: Config) -> Verdicts:
    # Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-custom-domain-tls-version.html
    if is_set(api.peek("securityPolicy")):
        return  # api-tls-policy checks it
    kinds = api.elements("endpointConfiguration.types")
    if len(kinds) == 1 and equals(kinds[0], "PRIVATE"):
        yield NotApplicable("is private, and requires TLS 1.2 by default")
    elif api.boolean("disableExecuteApiEndpoint"):
        yield NotApplicable("has no endpoint of its own")
    elif not is_known(kinds):
        yield Unknown(api, "endpointConfiguration.types")
    else:
        yield Violation(api, "leaves the minimum TLS version of its endpoint to AWS: TLS 1.0.")


@AREA.stack_rule(
    name="api-import-endpoint",
    title="An imported definition repeats what its API sets for its own endpoint.",
    level="mandatory",
    severity="high",
    resource_types=[types.REST_API_PUT],
    rationale=(
        "The import overwrites the API, and what the definition leaves out falls back to AWS's "
        "default: an endpoint that was closed is open again, and accepts TLS 1.0. A private API "
        "loses its names at its VPC endpoints."
    ),
    fix=(
        "add x-amazon-apigateway-security-policy and x-amazon-apigateway-endpoint-access-mode to "
        "the definition, and disableExecuteApiEndpoint and vpcEndpointIds to its "
        "x-amazon-apigateway-endpoint-configuration."
    ),
)
def _repeats_the_endpoint(put: Resource, graph: Graph, _: Config) -> Verdicts:
    # Source: https://docs.aws.amazon.com/apigateway/latest/api/API_PutRestApi.html
    found = graph.api_of(put)
    api = found.resource if found else None
    if api is None:
        yield NotApplicable("the API is not part of this stack")
        return
    is_private = any(equals(k, "PRIVATE") for k in api.elements("endpointConfiguration.types"))
    defaults = {
        "securityPolicy": "TLS_1_2" if is_private else "TLS_1_0",
        "endpointAccessMode": "",
        "disableExecuteApiEndpoint": False,
    }
    stated = endpoint_of(read(put.text("body")))
    ids = "endpointConfiguration.vpcEndpointIds"
    own_ids = items(api.peek(ids))
    if is_known(own_ids) and {*map(str, own_ids)} - {*map(str, items(stated["vpcEndpointIds"]))}:
        yield Violation(put, f"resets {ids} of '{api.name}', which its definition does not state.")
    for key, default in defaults.items():
        own = api.peek(key)
        # What the program does not set is unknown until AWS has chosen it.
        if is_set(own) and is_known(own) and own != (stated[key] or default):
            yield Violation(
                put, f"resets {key} of '{api.name}', which its definition does not state."
            )


@AREA.resource_rule(
    name="resource-not-covered",
    title="APIs and load balancers are of a kind that the policies check.",
    level="advisory",
    severity="low",
    resource_types=[
        types.HTTP_API,
        types.HTTP_STAGE,
        "aws-native:apigateway:Deployment",
        "aws-native:apigateway:Method",
        "aws-native:apigateway:RestApi",
        "aws-native:apigateway:Stage",
        "aws-native:apigateway:VpcLink",
        "aws-native:apigatewayv2:Api",
        "aws-native:apigatewayv2:Integration",
        "aws-native:apigatewayv2:Stage",
        "aws-native:apigatewayv2:VpcLink",
        "aws-native:elasticloadbalancingv2:LoadBalancer",
    ],
    rationale=(
        "What no policy checks looks like a pass. Of an HTTP or WebSocket API, the policies check "
        "only the account and the region; of aws-native, nothing."
    ),
    fix="use a REST API and the aws package, or review these resources by hand.",
)
def _is_covered(resource: Resource, _: Config) -> Verdicts:
    if resource.type in (types.HTTP_API, types.HTTP_STAGE):
        text = "is part of an HTTP or WebSocket API, of which only account and region are checked."
    else:
        text = "uses aws-native, whose resources this policy pack does not check."
    yield Violation(resource, text)
