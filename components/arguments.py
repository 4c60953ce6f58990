"""The settings of a stack, translated into the arguments of the components."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast

import pulumi

from components.api_logs import AccountLogging
from components.authorizers import FunctionArgs
from components.domain import ApiDomainArgs
from components.egress import DestinationArgs
from components.instance_role import InstanceRoleArgs, StatementArgs
from components.launch_template import FleetArgs
from components.method_settings import RouteLimitsArgs, ThrottleArgs
from components.nat import Nat
from components.network import Network, NetworkArgs
from components.nlb_target import NlbTarget, NlbTargetArgs, Protocol, TlsArgs
from components.private_api import (
    EndpointType,
    LinkTargetArgs,
    PrivateApi,
    PrivateApiArgs,
    StageArgs,
)
from components.release import balancer_release, listener_conflict
from components.scaling import ScalingArgs
from components.vpc_link_v2 import ListenerArgs, VpcLinkV2, VpcLinkV2Args
from components.web_acl import WebAclArgs
from openapi.authorizers import Authorizer, LambdaAuthorizer
from openapi.private_endpoint import through
from openapi.routes import Route
from settings import Settings
from settings.container import Repository
from settings.domain import Domain
from settings.fleet import Fleet
from settings.instance_profile import NewProfile
from settings.logs import group_name
from settings.network import ExistingNetwork, NewNetwork
from settings.scaling import AnyScaling, RequestScaling
from settings.targets import BalancerTarget, FleetTarget, LinkTarget, NewTarget
from settings.vpc_endpoints import VpcEndpoints
from settings.web_acl import AWS_RULE_GROUPS, ExistingWebAcl, NewWebAcl


@dataclass(frozen=True)
class Arguments:
    """Arguments for every component of a stack."""

    settings: Settings
    tags: Mapping[str, str]
    release: pulumi.ErrorHook = field(default_factory=balancer_release)

    @cached_property
    def conflict(self) -> pulumi.ErrorHook:
        """The hook of the listeners on a shared balancer."""
        return listener_conflict()

    def network(self, network: NewNetwork) -> NetworkArgs:
        """Arguments of a new network."""
        reached, api = network.endpoints, self.settings.api
        args: NetworkArgs = {
            "cidr_block": network.cidr_block,
            "zones": network.zones,
            "nat": Nat(network.nat),
            "endpoints": {"s3_buckets": reached.s3_buckets, "services": reached.services},
            "flow_log_retention_days": network.flow_log_retention_days,
            "permissions_boundary": self.settings.permissions_boundary,
            "tags": self.tags,
        }
        if api.makes_endpoint:
            given = api.vpc_endpoints or VpcEndpoints()
            callers = given.callers or [network.cidr_block]
            args["api_endpoint"] = {"callers": callers, "private_dns": given.private_dns}
        return args

    def nlb_target(
        self,
        name: str,
        target: NewTarget,
        network: Network | ExistingNetwork,
        made: Mapping[str, NlbTarget],
    ) -> NlbTargetArgs:
        """Arguments of a new target, in a new or an existing network.

        `made` has the one that it is behind, if it is.
        """
        args: NlbTargetArgs = {
            "vpc_id": network.vpc_id,
            "subnet_ids": network.subnet_ids,
            "protocol": Protocol(target.protocol),
            "port": target.port,
            "listener_port": target.open_port,
            "health_path": target.health_path,
            "release": self.release,
            "longest_request_seconds": self.settings.definition.longest_timeout_ms / 1000,
            "tags": self.tags,
        }
        if isinstance(network, Network):
            args["instance_subnet_ids"] = network.instance_subnet_ids
            args["s3_prefix_list_id"] = network.s3_prefix_list_id
            if network.endpoints_security_group_id is not None:
                args["endpoints_security_group_id"] = network.endpoints_security_group_id
        if target.behind:
            args["balancer"], args["conflict"] = made[target.behind].balancer, self.conflict
        if target.server_name:
            args["server_name"] = target.server_name
        if target.host_header:
            args["host_header"] = target.host_header
        if target.listener:
            args["listener_tls"] = cast(TlsArgs, target.listener.tls.model_dump())
        if isinstance(target, FleetTarget):
            if target.egress:
                args["egress"] = [
                    cast(DestinationArgs, one.model_dump(exclude_none=True))
                    for one in target.egress
                ]
            args["fleet"] = {
                "instance_type": target.fleet.instance_type,
                "image_id": target.fleet.image_id,
                "min_size": target.fleet.min_size,
                "max_size": target.fleet.max_size,
                "user_data": self.settings.user_data[name],
            }
            if target.fleet.scaling:
                args["fleet"]["scaling"] = self._scaling(name, target.fleet.scaling)
            args["fleet"].update(self._machine(name, target.fleet))
        else:
            args["instance_ids"] = target.instances
        return args

    def _scaling(self, name: str, scaling: AnyScaling) -> ScalingArgs:
        args = cast(ScalingArgs, scaling.model_dump())
        if isinstance(scaling, RequestScaling):
            args["requests"] = [
                {"api": self.settings.definition.title, "stage": stage, "share": share}
                for stage, one in sorted(self.settings.stages.items())
                if (share := one.shares.get(name))
            ]
        return args

    def _machine(self, name: str, fleet: Fleet) -> FleetArgs:
        """The parts of a fleet that are absent by default."""
        args: dict[str, Any] = {
            "root_device": fleet.root_device,
            "profile_name": fleet.profile_name,
        }
        if fleet.container and fleet.instance_profile:
            args["hop_limit"] = 2
        if fleet.logs:
            group = group_name(self.settings.title, name)
            args["logs"] = {"name": group, "retention_days": fleet.logs.retention_days}
        if fleet.has_role:
            args["role"] = self._role(fleet)
        return cast(FleetArgs, {key: value for key, value in args.items() if value})

    def _role(self, fleet: Fleet) -> InstanceRoleArgs:
        own = fleet.instance_profile
        given = own if isinstance(own, NewProfile) else NewProfile()
        return {
            "path": f"/{self.tags['project']}/{self.tags['stack']}/",
            "managed_policies": given.managed_policies,
            "session_manager": fleet.ssm,
            "statements": [
                *(cast(StatementArgs, one.model_dump()) for one in given.statements),
                *(_pull(fleet.repository) if fleet.repository else ()),
            ],
            "secrets": tuple(fleet.secrets.values()),
            "region": self.settings.region,
            "permissions_boundary": self.settings.permissions_boundary,
            "tags": self.tags,
        }

    def vpc_link_v2(
        self, network: Network | ExistingNetwork, new_targets: Mapping[str, NlbTarget]
    ) -> VpcLinkV2Args:
        """Arguments of the VPC link of all targets that use V2."""
        listeners: dict[str, ListenerArgs] = {}
        for name, target in self.settings.targets.items():
            if target.uses_v2:
                listeners[name] = {"port": target.open_port}
                if name in new_targets:
                    group = new_targets[name].balancer_security_group_id
                    listeners[name]["security_group_id"] = group
        return {
            "vpc_id": network.vpc_id,
            "subnet_ids": network.subnet_ids,
            "listeners": listeners,
            "tags": self.tags,
        }

    def private_api(
        self,
        new_targets: Mapping[str, NlbTarget],
        link: VpcLinkV2 | None,
        network: Network | ExistingNetwork | None,
    ) -> PrivateApiArgs:
        """Arguments of the API; `link` is that of the targets that use V2."""
        settings, links = self.settings, dict[str, LinkTargetArgs]()
        in_use = {name for stage in settings.stages.values() for name in stage.shares}
        for name, target in settings.targets.items():
            if isinstance(target, LinkTarget):
                links[name] = {"host": target.address, "vpc_link_id": target.vpc_link_id}
            elif isinstance(target, BalancerTarget):
                arn = target.load_balancer_arn
                links[name] = {"host": target.address, "load_balancer_arn": arn}
            else:
                new = new_targets[name]
                links[name] = {
                    "host": new.host,
                    "load_balancer_arn": new.load_balancer_arn,
                    "evidence": new.evidence(in_use=name in in_use),
                    "timeout_seconds": target.health_timeout_seconds,
                }
            if isinstance(target, NewTarget) and target.behind:
                links[name]["link_of"] = target.behind
            if link and target.uses_v2:
                links[name]["vpc_link_v2_id"] = link.vpc_link_id
        stages = {n: stage.model_dump(exclude_none=True) for n, stage in settings.stages.items()}
        args: PrivateApiArgs = {
            "title": settings.definition.title,
            "definition": settings.definition.json,
            "fingerprint": settings.definition.fingerprint,
            "targets": links,
            "stages": cast(dict[str, StageArgs], stages),
            "endpoint_type": EndpointType(settings.api.endpoint_type),
            "security_policy": settings.api.endpoint.security_policy,
            "endpoint_access_mode": settings.api.endpoint.access_mode,
            "account_logging": AccountLogging(settings.api.account_logging),
            "revision": settings.api.revision,
            "permissions_boundary": settings.permissions_boundary,
            "tags": self.tags,
        }
        if settings.api.endpoint.disabled:
            args["default_endpoint_disabled"] = True
        if limits := [*map(_limits, filter(_has_limits, settings.routes))]:
            args["route_limits"] = limits
        if functions := _called_functions(settings.api.authorizers):
            args["authorizer_functions"] = functions
        balancers = {
            settings.owner_of(name): links[name]["load_balancer_arn"]
            for name in sorted({*settings.published.values()})
            if settings.targets[name].uses_v2
        }
        if balancers:
            arns = pulumi.Output.all(**balancers)
            args["definition"] = arns.apply(settings.definition.reaching)
            args["integration_target"] = arns.apply(lambda found: ",".join(found.values()))
        if settings.api.is_private:
            endpoints = self._vpc_endpoint_ids(network)
            args["vpc_endpoint_ids"] = endpoints
            if settings.api.makes_endpoint:
                text = pulumi.Output.all(args["definition"], *endpoints)
                args["definition"] = text.apply(lambda both: through(*both))
        return args

    def _vpc_endpoint_ids(
        self, network: Network | ExistingNetwork | None
    ) -> Sequence[pulumi.Input[str]]:
        if isinstance(network, Network) and network.api_endpoint_id is not None:
            return [network.api_endpoint_id]
        return self.settings.api.endpoint_ids

    def private_access(
        self, api: PrivateApi, network: Network | ExistingNetwork | None
    ) -> dict[str, Any]:
        """How a private API is called: the URLs of each stage at each endpoint.

        These need no private DNS; with it, the invoke URLs work too.
        Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-private-api-test-invoke-url.html
        """
        endpoints = self._vpc_endpoint_ids(network)
        shown: dict[str, Any] = {
            "vpc_endpoint_ids": endpoints,
            "urls": {
                stage: [pulumi.Output.all(url, one).apply(lambda p: _at(*p)) for one in endpoints]
                for stage, url in api.invoke_urls.items()
            },
        }
        given = self.settings.api.vpc_endpoints
        if self.settings.api.makes_endpoint:
            shown["private_dns"] = given.private_dns if given else True
        return shown

    def web_acl(self, web_acl: NewWebAcl | ExistingWebAcl, api: PrivateApi) -> WebAclArgs:
        """Arguments of the web ACL in front of every stage."""
        args: WebAclArgs = {
            "title": self.settings.title,
            "stages": api.stage_arns,
            "tags": self.tags,
        }
        if isinstance(web_acl, ExistingWebAcl):
            return {**args, "arn": web_acl.arn}
        rules = web_acl.managed
        args["managed"] = {
            "rule_groups": [
                {"name": AWS_RULE_GROUPS[group], "count": rules.count.get(group, ())}
                for group in rules.rule_groups
            ],
            "allow": rules.allow,
            "block": rules.block,
        }
        if rules.rate_limit is not None:
            args["managed"]["rate_limit"] = rules.rate_limit
        return args

    def domain(self, domain: Domain, api: PrivateApi) -> ApiDomainArgs:
        """Arguments of the domain name of the API, or of another one."""
        given, stages = self.settings.api, tuple(self.settings.stages)
        endpoint = domain.endpoint(given.tls, given.endpoint_type)
        own = {} if domain.rest_api_id else api.stage_names
        args: dict[str, Any] = {
            "domain_name": domain.name,
            "rest_api_id": domain.rest_api_id or api.rest_api_id,
            "paths": {p: own.get(stage, stage) for p, stage in domain.mappings(stages).items()},
            "endpoint_type": EndpointType(given.endpoint_type),
            "certificate_arn": domain.certificate_arn,
            "hosted_zone_id": domain.hosted_zone_id,
            "security_policy": endpoint.security_policy,
            "endpoint_access_mode": endpoint.access_mode,
            "tags": self.tags,
        }
        if mutual := domain.mutual_tls:
            truststore = {"truststore_uri": mutual.truststore, "truststore_version": mutual.version}
            args["mutual_tls"] = {key: value for key, value in truststore.items() if value}
            args["ownership_certificate_arn"] = mutual.ownership_certificate
        return cast(ApiDomainArgs, {key: value for key, value in args.items() if value})


def _has_limits(route: Route) -> bool:
    return bool(route.throttle or route.cache)


def _limits(route: Route) -> RouteLimitsArgs:
    args: RouteLimitsArgs = {"method": route.method, "path": route.path}
    if route.throttle:
        args["throttle"] = cast(ThrottleArgs, route.throttle.model_dump())
    if route.cache:
        args["cache_seconds"] = route.cache.ttl_seconds
    return args


def _at(url: str, endpoint: str) -> str:
    """An invoke URL at one endpoint, by the name that API Gateway makes for it in Route 53."""
    scheme, _, rest = url.partition("://")
    api, _, host = rest.partition(".")
    return f"{scheme}://{api}-{endpoint}.{host}"


def _called_functions(authorizers: Mapping[str, Authorizer]) -> dict[str, FunctionArgs]:
    """The functions that API Gateway calls without a role."""
    called: dict[str, FunctionArgs] = {}
    for name, authorizer in authorizers.items():
        if isinstance(authorizer, LambdaAuthorizer) and not authorizer.function.credentials:
            arn, qualifier = authorizer.function.parts
            called[name] = {"arn": arn}
            if qualifier:
                called[name]["qualifier"] = qualifier
    return called


def _pull(repository: Repository) -> list[StatementArgs]:
    """What pulling from a repository needs.

    Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-pull.html
    """
    actions = ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
    return [
        {"actions": actions, "resources": [repository.arn]},
        # This action cannot be limited to a repository.
        {"actions": ["ecr:GetAuthorizationToken"], "resources": ["*"]},
    ]
