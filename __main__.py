"""A private HTTP service on EC2, published through API Gateway."""

import pulumi

from components.arguments import Arguments
from components.domain import ApiDomain
from components.network import Network
from components.nlb_target import NlbTarget
from components.private_api import PrivateApi
from components.required_rules import required_rules
from components.vpc_link_v2 import VpcLinkV2
from components.web_acl import WebAcl
from settings import Settings
from settings.network import NewNetwork

settings = Settings.load()
tags = {"project": pulumi.get_project(), "stack": pulumi.get_stack(), "owner": settings.owner}
arguments = Arguments(settings, tags)

network = (
    Network("core", arguments.network(settings.network))
    if isinstance(settings.network, NewNetwork)
    else settings.network
)
targets: dict[str, NlbTarget] = {}
for name, target in settings.new_targets.items():
    if network:
        targets[name] = NlbTarget(name, arguments.nlb_target(name, target, network, targets))
link = (
    VpcLinkV2("v2", arguments.vpc_link_v2(network, targets))
    if network and settings.uses_v2
    else None
)
api = PrivateApi("api", arguments.private_api(targets, link, network))
if settings.api.web_acl:
    WebAcl("web", arguments.web_acl(settings.api.web_acl, api))
if settings.notice and pulumi.runtime.is_dry_run():
    pulumi.info(settings.notice)

pulumi.export("invoke_urls", api.invoke_urls)
if settings.api.is_private:
    pulumi.export("private_access", arguments.private_access(api, network))
pulumi.export("rest_api_id", api.rest_api_id)
pulumi.export("vpc_link_ids", api.vpc_link_ids)
if settings.api.domain:
    domain = ApiDomain("domain", arguments.domain(settings.api.domain, api))
    pulumi.export("domain_urls", domain.urls)
    pulumi.export("domain_must_point_to", domain.target)
for output, rules in required_rules(settings, targets, link):
    pulumi.export(output, rules)
