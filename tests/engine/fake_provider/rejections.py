"""What AWS rejects: each function returns a message in AWS's words, or None.

The messages and cases come from AWS's documentation and from issues of the upstream provider.
"""

import ipaddress
import json
import re
from collections.abc import Callable, Iterator, Mapping

from tests.engine.fake_provider import definitions, domains
from tests.engine.fake_provider import resource_types as rt
from tests.engine.fake_provider.account import Account, Resource
from tests.engine.fake_provider.values import Props

_DEPENDENT = "DependencyViolation: has a dependent object and cannot be deleted"
_ATTACHED = "DeleteConflict: Cannot delete entity, must detach all policies first"
_IN_PROFILE = "DeleteConflict: Cannot delete entity, must remove roles from instance profile first"
_BALANCER_IN_USE = (
    "ResourceInUse: Load balancer cannot be deleted because it is currently associated with "
    "another service"
)
_LINK_IN_USE = "BadRequestException: Cannot delete vpc link. Vpc link is referenced"
_GROUP_IN_USE = "ResourceInUse: Target group is currently in use by a listener or a rule"
_PRIVATE = "PRIVATE"
_ADDRESS_IN_USE = "InvalidIPAddress.InUse: the address is in use"
# AWS deletes it and leaves a route that drops all packets.
_ROUTED = "the NAT gateway still has routes"
_PROTECTING = (
    "WAFAssociatedItemException: AWS WAF couldn't perform the operation because your resource is "
    "being used by another resource or it's associated with another resource"
)
_BALANCER_ARN = re.compile(r"arn:aws:elasticloadbalancing:[^:]+:\d{12}:loadbalancer/(net|app)/.+")
_DEPLOYMENT_IN_USE = "BadRequestException: Active stages pointing to this deployment must be moved"

_MAPPED = "BadRequestException: Please remove all base path mappings in your domains"
_CERTIFICATE_IN_USE = "ResourceInUseException: Certificate is in use"

_USERS: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    rt.VPC_LINK: (
        (rt.STAGE, "variables", _LINK_IN_USE),
        (rt.STAGE, "canarySettings", _LINK_IN_USE),
    ),
    rt.VPC_LINK_V2: (
        (rt.STAGE, "variables", _LINK_IN_USE),
        (rt.STAGE, "canarySettings", _LINK_IN_USE),
    ),
    rt.LOAD_BALANCER: ((rt.VPC_LINK, "targetArn", _BALANCER_IN_USE),),
    rt.TARGET_GROUP: ((rt.LISTENER, "defaultActions", _GROUP_IN_USE),),
    rt.DEPLOYMENT: (
        (rt.STAGE, "deployment", _DEPLOYMENT_IN_USE),
        (rt.STAGE, "canarySettings", _DEPLOYMENT_IN_USE),
    ),
    rt.SECURITY_GROUP: (
        (rt.LOAD_BALANCER, "securityGroups", _DEPENDENT),
        (rt.VPC_LINK_V2, "securityGroupIds", _DEPENDENT),
        (rt.VPC_ENDPOINT, "securityGroupIds", _DEPENDENT),
        (rt.INGRESS_RULE, "referencedSecurityGroupId", _DEPENDENT),
        (rt.EGRESS_RULE, "referencedSecurityGroupId", _DEPENDENT),
    ),
    rt.SUBNET: (
        (rt.LOAD_BALANCER, "subnets", _DEPENDENT),
        (rt.VPC_LINK_V2, "subnetIds", _DEPENDENT),
        (rt.VPC_ENDPOINT, "subnetIds", _DEPENDENT),
        (rt.NAT_GATEWAY, "subnetId", _DEPENDENT),
        (rt.FLEET, "vpcZoneIdentifiers", _DEPENDENT),
    ),
    rt.REST_API: ((rt.BASE_PATH_MAPPING, "restApi", _MAPPED),),
    rt.DOMAIN_NAME: ((rt.BASE_PATH_MAPPING, "domainName", _MAPPED),),
    rt.CERTIFICATE: tuple(
        (rt.DOMAIN_NAME, key, _CERTIFICATE_IN_USE)
        for key in (
            "regionalCertificateArn",
            "certificateArn",
            "ownershipVerificationCertificateArn",
        )
    ),
    rt.WEB_ACL: ((rt.WEB_ACL_ASSOCIATION, "webAclArn", _PROTECTING),),
    rt.IP_SET: ((rt.WEB_ACL, "rules", _PROTECTING),),
    rt.ELASTIC_IP: ((rt.NAT_GATEWAY, "allocationId", _ADDRESS_IN_USE),),
    rt.NAT_GATEWAY: ((rt.ROUTE, "natGatewayId", _ROUTED),),
    rt.INTERNET_GATEWAY: ((rt.ROUTE, "gatewayId", _DEPENDENT),),
    rt.ROUTE_TABLE: ((rt.ROUTE_TABLE_ASSOCIATION, "routeTableId", _DEPENDENT),),
    rt.VPC: (
        (rt.SUBNET, "vpcId", _DEPENDENT),
        (rt.SECURITY_GROUP, "vpcId", _DEPENDENT),
        (rt.VPC_ENDPOINT, "vpcId", _DEPENDENT),
        (rt.INTERNET_GATEWAY, "vpcId", _DEPENDENT),
    ),
    rt.ROLE: (
        (rt.ROLE_POLICY, "role", _ATTACHED),
        (rt.ROLE_POLICY_ATTACHMENT, "role", _ATTACHED),
        (rt.INSTANCE_PROFILE, "role", _IN_PROFILE),
    ),
}
"""Inputs of other types that name a resource and so prevent its delete, with the message."""


def delete_error(account: Account, token: str, id: str) -> str | None:
    """Why a resource cannot be deleted yet."""
    found = account.resources.get((token, id))
    names = {id, str(found.outputs.get("arn", id)) if found else id}
    for user_type, key, message in _USERS.get(token, ()):
        for user in account.of_type(user_type):
            inputs = user.inputs
            named = any(_contains(inputs.get(key), name) for name in names)
            if named and inputs.get("securityGroupId") != id:
                return f"{message} ({id} is named by {user.id})"
    if token == rt.LOAD_BALANCER and (stage := _stage_reaching(account, id)):
        # Nobody has seen AWS reject it; but the requests of that stage would fail.
        return f"{_BALANCER_IN_USE} ({id} is the integration target of {stage.id})"
    if token == rt.VPC_ENDPOINT and (stage := _stage_admitting(account, id)):
        # AWS deletes it; but nobody would reach that stage.
        return f"{_DEPENDENT} ({id} is named by the resource policy of {stage.id})"
    if token == rt.PERMISSION and (stage := _stage_asking(account, id)):
        # AWS does not reject it, and answers the requests of that stage with 500.
        return f"the authorizer of {stage.id} still calls the function that {id} lets in"
    if token == rt.STAGE and (mapping := domains.mapping_of(account, id)):
        return f"{_MAPPED} ({id} is named by {mapping.id})"
    if token == rt.INTERNET_GATEWAY and any(account.of_type(rt.NAT_GATEWAY)):
        return "DependencyViolation: the network has some mapped public addresses"
    if id in account.not_released:
        account.not_released.remove(id)
        return f"{_BALANCER_IN_USE} (its link was deleted a moment ago)"
    return None


def create_error(account: Account, resource: Resource) -> str | None:
    """Why a resource cannot be created."""
    exists = (resource.type, resource.id) in account.resources
    overwrites = rt.TYPES[resource.type].overwrites or resource.inputs.get("allowOverwrite")
    if exists and not overwrites:
        return f"ResourceAlreadyExistsException: {resource.id} already exists"
    return error(account, resource)


def error(account: Account, resource: Resource) -> str | None:
    """Why a resource cannot have these inputs."""
    rule = _RULES.get(resource.type)
    return rule(account, resource) if rule else None


def _stage_reaching(account: Account, balancer: str) -> Resource | None:
    for stage in account.of_type(rt.STAGE):
        deployment = account.resources.get((rt.DEPLOYMENT, stage.inputs["deployment"]))
        if deployment and balancer in definitions.targets(deployment.definition):
            return stage
    return None


def _stage_admitting(account: Account, endpoint: str) -> Resource | None:
    for stage in account.of_type(rt.STAGE):
        deployment = account.resources.get((rt.DEPLOYMENT, stage.inputs["deployment"]))
        if deployment and _contains(definitions.resource_policy(deployment.definition), endpoint):
            return stage
    return None


def _let_in(account: Account, api: str, but: str = "") -> set[str]:
    """The functions that the authorizers of an API may call."""
    return {
        ":".join(filter(None, (one.inputs["function"], one.inputs.get("qualifier"))))
        for one in account.of_type(rt.PERMISSION)
        if one.id != but and str(one.inputs.get("sourceArn")).endswith(f":{api}/authorizers/*")
    }


def _stage_asking(account: Account, permission: str) -> Resource | None:
    for stage in account.of_type(rt.STAGE):
        deployment = account.resources.get((rt.DEPLOYMENT, stage.inputs["deployment"]))
        rest = _let_in(account, stage.inputs["restApi"], permission)
        if deployment and definitions.asked_functions(deployment.definition) - rest:
            return stage
    return None


def _others(account: Account, resource: Resource) -> Iterator[Props]:
    """The inputs of all other resources of the type."""
    return (o.inputs for o in account.of_type(resource.type) if o.id != resource.id)


def _subnet(account: Account, resource: Resource) -> str | None:
    inputs = resource.inputs
    block = ipaddress.ip_network(inputs["cidrBlock"])
    for other in _others(account, resource):
        if other["vpcId"] == inputs["vpcId"] and block.overlaps(
            ipaddress.ip_network(other["cidrBlock"])
        ):
            return f"InvalidSubnet.Conflict: {block} conflicts with another subnet"
    return None


def _route(account: Account, resource: Resource) -> str | None:
    given, keys = resource.inputs, ("routeTableId", "destinationCidrBlock")
    if any(all(given[key] == other[key] for key in keys) for other in _others(account, resource)):
        return "RouteAlreadyExists: the route table has a route to this destination"
    return None


def _nat_gateway(account: Account, resource: Resource) -> str | None:
    subnet = resource.inputs["subnetId"]
    if (rt.SUBNET, subnet) not in account.resources:
        return None  # somebody else's
    tables = {
        one.inputs["routeTableId"]
        for one in account.of_type(rt.ROUTE_TABLE_ASSOCIATION)
        if one.inputs["subnetId"] == subnet
    }
    routes = (r.inputs for r in account.of_type(rt.ROUTE))
    if any(r["routeTableId"] in tables and r.get("gatewayId") for r in routes):
        return None
    return "Gateway.NotAttached: the network has no internet gateway attached"


def _association(account: Account, resource: Resource) -> str | None:
    subnets = {other["subnetId"] for other in _others(account, resource)}
    if resource.inputs["subnetId"] in subnets:
        return "Resource.AlreadyAssociated: the subnet already has a route table association"
    return None


def _security_group_rule(account: Account, resource: Resource) -> str | None:
    words = ("tags", "description")
    same = {key: value for key, value in resource.inputs.items() if key not in words}
    if any(same.items() <= other.items() for other in _others(account, resource)):
        return "InvalidPermission.Duplicate: the specified rule already exists"
    return None


def _link(account: Account, resource: Resource) -> str | None:
    balancers = {other["targetArn"] for other in _others(account, resource)}
    if resource.inputs["targetArn"] in balancers:
        return "NLB is already associated with another VPC Endpoint Service"
    balancer = account.resources.get((rt.LOAD_BALANCER, resource.inputs["targetArn"]))
    if balancer is not None and balancer.status == "failed":
        return "InvalidState: the load balancer is not active"
    return None


def _link_v2(account: Account, resource: Resource) -> str | None:
    before = account.resources.get((resource.type, resource.id))
    for key in ("subnetIds", "securityGroupIds") if before else ():
        if sorted(before.inputs[key]) != sorted(resource.inputs[key]):  # type: ignore[union-attr]
            return f"BadRequestException: {key} of a VPC link cannot be changed"
    return None


def _rest_api(account: Account, resource: Resource) -> str | None:
    if message := domains.tls_policy(resource.inputs):
        return message
    policy = resource.inputs.get("securityPolicy")
    before = account.resources.get((resource.type, resource.id))
    if (
        before
        and policy == "TLS_1_2"
        and before.inputs.get("securityPolicy", "TLS_1_0") == "TLS_1_0"
    ):
        return "BadRequestException: The security policy cannot be changed from TLS_1_0 to TLS_1_2"
    kind, ids = _endpoint(resource)
    if ids and kind != _PRIVATE:
        return "BadRequestException: VPCEndpoints can only be specified with PRIVATE apis"
    if before and kind == "EDGE" and _endpoint(before)[0] == _PRIVATE:
        return "BadRequestException: Cannot change a private API into an edge-optimized API"
    return None


def _endpoint(api: Resource) -> tuple[str, list[str]]:
    """The type of an API's endpoint, and its VPC endpoints."""
    endpoint = api.inputs.get("endpointConfiguration") or {}
    return endpoint.get("types", "EDGE"), endpoint.get("vpcEndpointIds") or []


def _definition(_: Account, resource: Resource) -> str | None:
    for target in definitions.targets(resource.inputs["body"]):
        if target is not None and not _BALANCER_ARN.fullmatch(target):
            return f"BadRequestException: {target} is not a valid ALB or NLB arn"
    for scheme in (
        json.loads(resource.inputs["body"])
        .get("components", {})
        .get("securitySchemes", {})
        .values()
    ):
        spec = scheme.get(definitions.AUTHORIZER, {})
        kind, seconds = spec.get("type"), spec.get("authorizerResultTtlInSeconds", 300)
        if kind == "request" and seconds and not spec.get("identitySource"):
            return "BadRequestException: Identity source is required when caching is enabled"
        if kind == "cognito_user_pools" and not spec.get("providerARNs"):
            return "BadRequestException: Provider ARNs are required for COGNITO_USER_POOLS"
    return None


def _listener(account: Account, resource: Resource) -> str | None:
    inputs = resource.inputs
    certificate, region = inputs.get("certificateArn"), inputs["loadBalancerArn"].split(":")[3]
    if inputs.get("protocol") == "TLS" and not certificate:
        return "ValidationError: A certificate must be specified for TLS listeners"
    if certificate and f":{region}:" not in certificate:
        return f"CertificateNotFound: Certificate '{certificate}' not found"
    groups = set(target_groups(inputs))
    for other in _others(account, resource):
        if other["loadBalancerArn"] == inputs["loadBalancerArn"]:
            if other["port"] == inputs["port"]:
                return "DuplicateListener: A listener already exists on this port"
        elif groups & set(target_groups(other)):
            return (
                "TargetGroupAssociationLimit: The following target groups cannot be associated "
                f"with more than one load balancer: {', '.join(sorted(groups))}"
            )
    return None


def _deployment(account: Account, resource: Resource) -> str | None:
    id = resource.inputs["restApi"]
    if id not in account.definitions:
        return "BadRequestException: The REST API doesn't contain any methods"
    api = account.resources.get((rt.REST_API, id))
    if (
        api
        and _endpoint(api)[0] == _PRIVATE
        and not definitions.resource_policy(account.definitions[id])
    ):
        return "BadRequestException: Private REST API doesn't have a resource policy attached to it"
    return None


def _stage(account: Account, resource: Resource) -> str | None:
    inputs = resource.inputs
    variables = inputs.get("variables") or {}
    published = [(inputs["deployment"], variables)]
    if canary := inputs.get("canarySettings"):
        overrides = canary.get("stageVariableOverrides") or {}
        published.append((canary["deploymentId"], {**variables, **overrides}))
    for deployment_id, given in published:
        deployment = account.resources.get((rt.DEPLOYMENT, deployment_id))
        if deployment is None or deployment.inputs["restApi"] != inputs["restApi"]:
            return f"BadRequestException: Deployment id {deployment_id} does not exist"
        if missing := definitions.used_variables(deployment.definition) - given.keys():
            # AWS accepts such a stage, and answers its requests with 500.
            return f"stage variables that the deployment uses are not set: {sorted(missing)}"
        if asked := definitions.asked_functions(deployment.definition) - _let_in(
            account, inputs["restApi"]
        ):
            # AWS accepts this too, and answers the requests with 500.
            return f"API Gateway may not call the functions of authorizers: {sorted(asked)}"
        # AWS does not say what it does about these; no request would arrive.
        for link, target in definitions.integrations(deployment.definition):
            variable = link.removeprefix("${stageVariables.").removesuffix("}")
            is_v2 = (rt.VPC_LINK_V2, given.get(variable, link)) in account.resources
            if is_v2 and target is None:
                return "BadRequestException: IntegrationTarget is required for VpcLinkV2"
            if not is_v2 and target:
                return "BadRequestException: IntegrationTarget is for VpcLinkV2"
    return _logs(account) if inputs.get("accessLogSettings") else None


def _method_settings(account: Account, resource: Resource) -> str | None:
    inputs = resource.inputs
    stage = account.resources.get((rt.STAGE, f"ags-{inputs['restApi']}-{inputs['stageName']}"))
    if stage is None:
        return "NotFoundException: Invalid stage identifier specified"
    deployment = account.resources[rt.DEPLOYMENT, stage.inputs["deployment"]]
    if inputs["methodPath"] not in definitions.method_paths(deployment.definition):
        # AWS does not keep settings of a method that is not deployed, and so the provider does not
        # find them: https://github.com/hashicorp/terraform-provider-aws/issues/37959
        return f"reading the settings of {inputs['methodPath']}: empty result"
    return _logs(account) if inputs["settings"].get("loggingLevel", "OFF") != "OFF" else None


def _web_acl_association(account: Account, resource: Resource) -> str | None:
    inputs = resource.inputs
    if ":regional/webacl/" not in inputs["webAclArn"]:
        return "WAFInvalidParameterException: a stage takes a web ACL of the scope REGIONAL"
    stages = {stage.outputs["arn"] for stage in account.of_type(rt.STAGE)}
    if inputs["resourceArn"] not in stages:
        return "WAFNonexistentItemException: AWS WAF couldn't find the resource"
    return None


def _logs(account: Account) -> str | None:
    if account.has_log_role:
        return None
    return "BadRequestException: CloudWatch Logs role ARN must be set in account settings"


_RULES: Mapping[str, Callable[[Account, Resource], str | None]] = {
    rt.SUBNET: _subnet,
    rt.ROUTE: _route,
    rt.NAT_GATEWAY: _nat_gateway,
    rt.ROUTE_TABLE_ASSOCIATION: _association,
    rt.INGRESS_RULE: _security_group_rule,
    rt.EGRESS_RULE: _security_group_rule,
    rt.VPC_LINK: _link,
    rt.VPC_LINK_V2: _link_v2,
    rt.REST_API: _rest_api,
    rt.DOMAIN_NAME: domains.domain_name,
    rt.BASE_PATH_MAPPING: domains.base_path_mapping,
    rt.REST_API_PUT: _definition,
    rt.LISTENER: _listener,
    rt.DEPLOYMENT: _deployment,
    rt.STAGE: _stage,
    rt.METHOD_SETTINGS: _method_settings,
    rt.WEB_ACL_ASSOCIATION: _web_acl_association,
}


def target_groups(inputs: Props) -> Iterator[str]:
    """The target groups to which a listener forwards."""
    return (action["targetGroupArn"] for action in inputs.get("defaultActions") or [])


def _contains(value: object, id: str) -> bool:
    if isinstance(value, dict):
        return any(_contains(item, id) for item in value.values())
    if isinstance(value, list):
        return any(_contains(item, id) for item in value)
    return value == id
