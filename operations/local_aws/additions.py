"""What Moto lacks of AWS, as far as the program and its provider depend on it.

Runs in Moto's own environment only. Importing this module changes Moto.
Source of each behavior of AWS: the API reference of the action that is named.
"""

import functools
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import moto.apigateway.models as gateway
import moto.autoscaling.responses as scaling
import moto.elbv2.models as balancing
from moto.apigateway.exceptions import BadRequestException
from moto.apigateway.responses import APIGatewayResponse
from moto.apigateway.urls import url_paths
from moto.autoscaling.models import FakeScalingPolicy
from moto.ec2.models.elastic_block_store import EBSBackend
from moto.ec2.models.launch_templates import LaunchTemplateVersion
from moto.ec2.models.security_groups import SecurityGroupRule
from moto.ec2.models.vpcs import VPCBackend
from moto.ec2.utils import parse_user_data
from moto.elbv2.exceptions import ResourceInUseError
from moto.elbv2.responses import ELBV2Response
from moto.iam.models import IAMBackend
from moto.wafv2.exceptions import WAFv2ClientError
from moto.wafv2.models import WAFV2Backend

ROOT_DISK_GIB = 8
METRIC_SECONDS = 60
_ENDPOINT = {
    "securityPolicy": "x-amazon-apigateway-security-policy",
    "endpointAccessMode": "x-amazon-apigateway-endpoint-access-mode",
}
"""What an API says of its own endpoint, with the extension of a definition."""
_PRIVATE_LINK = "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"


def _wraps(owner: Any, name: str) -> Callable[[Callable[..., Any]], None]:
    """Put a function in the place of a method; it gets the method as its first argument."""
    method = getattr(owner, name)

    def replace(wrapper: Callable[..., Any]) -> None:
        @functools.wraps(method)
        def replaced(*args: Any, **kwargs: Any) -> Any:
            return wrapper(method, *args, **kwargs)

        setattr(owner, name, replaced)

    return replace


# A template without a disk uses the image's; Moto knows no size for it and refuses the instance.
@_wraps(EBSBackend, "create_volume")
def _root_disk(create: Any, self: Any, size: Any = None, *args: Any, **kwargs: Any) -> Any:
    return create(self, size or (not kwargs.get("snapshot_id") and ROOT_DISK_GIB), *args, **kwargs)


# Moto keeps a rule's description only if its source is a range of addresses; without it, every
# preview would show a change.
@_wraps(SecurityGroupRule, "__init__")
def _rule(init: Any, self: Any, *args: Any, **kwargs: Any) -> None:
    init(self, *args, **kwargs)
    sources = [value for value in (*args, *kwargs.values()) if isinstance(value, dict)]
    self.described = next((s["Description"] for s in sources if s.get("Description")), None)


SecurityGroupRule.description = property(lambda rule: rule.described)


# Moto returns the tags of the template itself as data of its first version, and starts no instance
# from a later one that has user data: only that of the first is of the type that it expects.
@_wraps(LaunchTemplateVersion, "__init__")
def _version(init: Any, self: Any, template: Any, number: int, data: Any, description: str) -> None:
    tags = data.get("TagSpecifications", [])
    data = {key: value for key, value in data.items() if key != "TagSpecifications"}
    if own := [tag for tag in tags if tag.get("ResourceType") != "launch-template"]:
        data["TagSpecifications"] = own
    if isinstance(text := data.get("UserData"), str):
        data["UserData"] = parse_user_data(text)
    init(self, template, number, data, description)


# The ARN of a network balancer says so, and the program and its provider read it.
@_wraps(balancing.ELBv2Backend, "create_load_balancer")
def _balancer(create: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
    made = create(self, *args, **kwargs)
    if made.type == "network":
        tags = self.tagging_service.get_tag_dict_for_resource(made.arn)
        self.tagging_service.delete_all_tags_for_resource(made.arn)
        del self.load_balancers[made.arn]
        made.arn = made.arn.replace("loadbalancer/app/", "loadbalancer/net/")
        self.load_balancers[made.arn] = made
        self.tagging_service.tag_resource(
            made.arn, [{"Key": key, "Value": value} for key, value in tags.items()]
        )
        made.enforce_security_group_inbound_rules_on_private_link_traffic = "on"
    made.activate()  # nobody needs to wait here
    return made


# Moto ignores the setting that lets the traffic of a VPC link pass.
@_wraps(ELBV2Response, "set_security_groups")
def _private_link(apply: Any, self: Any) -> Any:
    done = apply(self)
    if setting := self._get_param(_PRIVATE_LINK):
        balancer = self.elbv2_backend.load_balancers[self._get_param("LoadBalancerArn")]
        balancer.enforce_security_group_inbound_rules_on_private_link_traffic = setting
    return done


balancing.FakeLoadBalancer.enforce_security_group_inbound_rules_on_private_link_traffic = None


# Moto forgets how long an instance lives, and how many may be replaced at once.
def _group(apply: Any, self: Any) -> Any:
    done = apply(self)
    group = self.autoscaling_backend.autoscaling_groups[self._get_param("AutoScalingGroupName")]
    if (seconds := self._get_int_param("MaxInstanceLifetime")) is not None:
        group.max_instance_lifetime = seconds
    if policy := self._get_param("InstanceMaintenancePolicy"):
        group.instance_maintenance_policy = policy
    return done


_wraps(scaling.AutoScalingResponse, "create_auto_scaling_group")(_group)
_wraps(scaling.AutoScalingResponse, "update_auto_scaling_group")(_group)


# Moto returns a predictive configuration, without values, of a policy that has none; no policy is
# enabled, and no metric has the period that is the default.
@_wraps(FakeScalingPolicy, "__init__")
def _policy(init: Any, self: Any, *args: Any, **kwargs: Any) -> None:
    init(self, *args, **kwargs)
    self.predictive_scaling_configuration = self.predictive_scaling_configuration or None
    self.enabled = True
    own = getattr(self.target_tracking_configuration, "CustomizedMetricSpecification", {})
    for metric in own.get("Metrics", []):
        if "MetricStat" in metric:
            metric["MetricStat"].setdefault("Period", METRIC_SECONDS)


# A deleted endpoint stays listed in Moto, and the provider would wait for it to go.
@_wraps(VPCBackend, "delete_vpc_endpoints")
def _endpoints(delete: Any, self: Any, vpce_ids: Any = None, *args: Any, **kwargs: Any) -> Any:
    done = delete(self, vpce_ids, *args, **kwargs)
    for endpoint in vpce_ids or []:
        self.vpc_end_points.pop(endpoint, None)
    return done


# Moto forgets the policy of an API's own endpoint, and its import changes none of it. What the
# definition of an import leaves out, AWS resets.
@_wraps(APIGatewayResponse, "create_rest_api")
def _endpoint_made(create: Any, self: Any) -> Any:
    status, headers, body = create(self)
    api = self.backend.apis[json.loads(body)["id"]]
    api.endpoint = {key: value for key in _ENDPOINT if (value := self._get_param(key))}
    return status, headers, json.dumps(api.to_dict())


@_wraps(gateway.RestAPI, "to_dict")
def _endpoint_shown(shown: Any, self: Any) -> Any:
    return {**shown(self), "securityPolicy": "TLS_1_0", **self.endpoint}


@_wraps(gateway.RestAPI, "apply_patch_operations")
def _endpoint_changed(apply: Any, self: Any, operations: Any) -> None:
    apply(self, operations)
    values = {each["path"][1:]: each.get("value") for each in operations}
    self.endpoint = {**self.endpoint, **{k: values[k] for k in _ENDPOINT.keys() & values.keys()}}


@_wraps(gateway.APIGatewayBackend, "put_rest_api")
def _endpoint_imported(put: Any, self: Any, api_id: str, document: Any, **kwargs: Any) -> Any:
    api = put(self, api_id, document, **kwargs)
    api.endpoint = {key: document[name] for key, name in _ENDPOINT.items() if name in document}
    return api


gateway.RestAPI.endpoint = {}


# Moto has no canaries.
@_wraps(APIGatewayResponse, "create_stage")
def _canary_made(create: Any, self: Any) -> Any:
    made = create(self)
    stage = self.backend.get_stage(self.path.split("/")[2], self._get_param("stageName"))
    stage.canary_settings = self._get_param("canarySettings")
    return made


@_wraps(gateway.Stage, "to_json")
def _canary_shown(shown: Any, self: Any) -> Any:
    canary = {"canarySettings": self.canary_settings} if self.canary_settings else {}
    return {**shown(self), **canary}


@_wraps(gateway.Stage, "apply_operations")
def _canary_changed(apply: Any, self: Any, operations: Any) -> Any:
    own = [each for each in operations if each["path"].startswith("/canarySettings")]
    kinds: dict[str, Callable[[str], Any]] = {"percentTraffic": float, "useStageCache": json.loads}
    for each in own:
        if each["path"] == "/canarySettings":
            self.canary_settings = None
            continue
        settings: Any = self.canary_settings or {}
        self.canary_settings = settings
        *parents, last = each["path"].split("/")[2:]
        for step in parents:
            settings = settings.setdefault(step, {})
        if each["op"] == "remove":
            settings.pop(last, None)
        else:
            settings[last] = kinds.get(last, str)(each["value"])
    return apply(self, [each for each in operations if each not in own])


gateway.Stage.canary_settings = None


# Moto changes the tags of stages only.
url_paths["{0}/tags/(?P<arn>.+)$"] = APIGatewayResponse.dispatch


def _tagged(response: Any) -> Any:
    arn = unquote(response.path.split("/tags/")[1])
    kind, name, *rest = arn.partition("::/")[2].split("/")
    backend = response.backend
    collections = {"apikeys": backend.keys, "restapis": backend.apis}
    collections |= {"usageplans": backend.usage_plans, "vpclinks": backend.vpc_links}
    found = collections[kind][name]
    return found.stages[rest[1]] if rest else found


@_wraps(APIGatewayResponse, "tag_resource")
def _tag(_: Any, self: Any) -> str:
    tagged = _tagged(self)
    tagged.tags = {**(tagged.tags or {}), **self._get_param("tags")}
    return "{}"


@_wraps(APIGatewayResponse, "untag_resource")
def _untag(_: Any, self: Any) -> str:
    tagged = _tagged(self)
    for key in self.querystring["tagKeys"]:
        tagged.tags.pop(key, None)
    return "{}"


# Moto forgets a role's description when only the length of its sessions changes.
@_wraps(IAMBackend, "update_role")
def _updated(update: Any, self: Any, name: str, description: Any, seconds: Any) -> Any:
    before = self.get_role(name).description
    return update(self, name, before if description is None else description, seconds)


# API Gateway names the parameter of /{proxy+} `proxy`, which the validator that Moto uses refuses.
@_wraps(gateway, "validate")
def _document(validate: Any, document: Any) -> None:
    paths = {path.replace("+}", "}"): item for path, item in document.get("paths", {}).items()}
    validate({**document, "paths": paths})


# Moto's own import fails for a mock, which has neither a URI nor a method.
@_wraps(gateway.APIGatewayBackend, "put_integration")
def _mock(put: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
    absent = {} if args else {"uri": None, "integration_method": None}
    return put(self, *args, **(absent | kwargs))


# A stage has one web ACL; Moto lets the one before it keep the stage as well.
@_wraps(WAFV2Backend, "associate_web_acl")
def _one_web_acl(associate: Any, self: Any, web_acl_arn: str, resource_arn: str) -> Any:
    self.disassociate_web_acl(resource_arn)
    return associate(self, web_acl_arn, resource_arn)


# What follows makes Moto refuse what AWS refuses, so that a wrong order fails here too.


@_wraps(gateway.APIGatewayBackend, "delete_vpc_link")
def _link_in_use(delete: Any, self: Any, vpc_link_id: str) -> Any:
    for api in self.apis.values():
        for stage in api.stages.values():
            if vpc_link_id in (stage.variables or {}).values():
                raise BadRequestException(
                    f"Cannot delete vpc link. Vpc link '{vpc_link_id}', is referenced in "
                    f"[stage:{stage.name}] in format of [restapi:{api.id}]"
                )
    return delete(self, vpc_link_id)


@_wraps(gateway.RestAPI, "delete_deployment")
def _deployment_in_use(delete: Any, self: Any, deployment_id: str) -> Any:
    if any(stage.deployment_id == deployment_id for stage in self.stages.values()):
        raise BadRequestException(
            "Active stages pointing to this deployment must be moved or deleted"
        )
    return delete(self, deployment_id)


@_wraps(gateway.APIGatewayBackend, "create_vpc_link")
def _balancer_has_link(create: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
    made = create(self, *args, **kwargs)
    others = [link for link in self.vpc_links.values() if link is not made]
    if any(set(made.target_arns) & set(link.target_arns) for link in others):
        del self.vpc_links[made.id]
        raise BadRequestException("NLB is already associated with another VPC Endpoint Service")
    return made


@_wraps(balancing.ELBv2Backend, "delete_load_balancer")
def _balancer_in_use(delete: Any, self: Any, arn: str) -> Any:
    links = gateway.apigateway_backends[self.account_id][self.region_name].vpc_links.values()
    if any(arn in link.target_arns for link in links):
        raise ResourceInUseError(
            f"Load balancer '{arn}' cannot be deleted because it is currently associated with "
            "another service"
        )
    return delete(self, arn)


def _not_in_use(delete: Any, self: Any, name: str, scope: str, id: str, lock: str) -> Any:
    """For a web ACL and a list of addresses; the ARN of either ends with its name and its id."""
    acls = self.wacls.values()
    used = [acl.arn for acl in acls if acl.associated_resources]
    used += [json.dumps(rule.statement) for acl in acls for rule in acl.rules]
    if any(f"/{name}/{id}" in text for text in used):
        raise WAFv2ClientError(
            "WAFAssociatedItemException",
            "AWS WAF couldn't perform the operation because your resource is being used by another "
            "resource or it's associated with another resource.",
        )
    return delete(self, name, scope, id, lock)


_wraps(WAFV2Backend, "delete_web_acl")(_not_in_use)
_wraps(WAFV2Backend, "delete_ip_set")(_not_in_use)
