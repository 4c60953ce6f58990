"""Which configurations are valid, and what is reported about the others."""

import json
import re
from collections.abc import Iterator
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any, get_args

import botocore.session
import pytest

from components.addressing import SLOT_LETTERS, public_cidr, subnet_cidr
from settings import ConfigError, Settings
from settings.endpoint_tls import SecurityPolicy
from settings.fleet import Fleet
from settings.network_checks import SUBNETS
from settings.stages import Stage
from settings.targets import FleetTarget
from tests import tables
from tests.stacks import ABSENT, ROOT, config


def read(*changes: tuple[str, Any], stack: str = "dev") -> Settings:
    return Settings.read(config(*changes, stack=stack), title=f"private-api-{stack}")


def problems(*changes: tuple[str, Any]) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read(*changes)
    return [str(problem) for problem in caught.value.problems]


def table(name: str) -> Any:
    return tables.read(ROOT / "tests" / "settings" / name)


def cases() -> Iterator[Any]:
    for key, entries in table("errors.yaml").items():
        for entry in entries:
            change = entry.get("change") or {key.removeprefix("private-api:"): entry["value"]}
            error = f"{key}: {entry['error']}"
            yield pytest.param(change, error, id=error[:70])


@pytest.mark.parametrize(("change", "error"), [*cases()])
def test_an_invalid_value_is_reported_in_one_line(change: dict[str, Any], error: str) -> None:
    assert problems(*change.items()) == [error]


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_the_shipped_stacks_are_valid(stack: str) -> None:
    assert set(read(stack=stack).stages)


FLEET = {"port": 8080, "healthPath": "/", "fleet": {"instanceType": "t4g.micro"}}


@pytest.mark.parametrize(
    ("zones", "largest", "more", "fits"),
    [
        # A /27 has 32 addresses: 5 are reserved, 8 have to be free, 2 are of old and new balancer.
        ("ab", 17, {}, True),
        ("ab", 18, {}, False),
        ("abc", 25, {}, True),
        # Two balancers in each zone, and up to four more instances.
        ("ab", 11, {"green": FLEET}, True),
        ("ab", 12, {"green": FLEET}, False),
    ],
)
def test_a_network_has_an_address_for_every_instance_of_two_fleets(
    zones: str, largest: int, more: dict[str, Any], fits: bool
) -> None:
    changes = {
        "network.cidrBlock": "10.20.0.0/24",
        "network.zones": [f"us-east-2{zone}" for zone in zones],
        "targets.blue.fleet.maxSize": largest,
        **{f"targets.{name}": target for name, target in more.items()},
    }
    if fits:
        assert read(*changes.items())
    else:
        (problem,) = problems(*changes.items())
        assert problem.startswith("private-api:network.cidrBlock: ")


def test_a_subnet_has_the_size_that_the_check_assumes() -> None:
    subnet = IPv4Network(subnet_cidr("10.20.0.0/24", "us-east-2a"))
    assert subnet.num_addresses * SUBNETS == 256


@pytest.mark.parametrize("prefix", range(16, 25))
@pytest.mark.parametrize("letter", SLOT_LETTERS)
def test_a_zone_is_refused_exactly_if_its_subnet_is_where_public_subnets_are(
    prefix: int, letter: str
) -> None:
    zone, other = f"us-east-2{letter}", "us-east-2a" if letter != "a" else "us-east-2b"
    block = f"10.20.0.0/{prefix}"
    publics = [IPv4Network(public_cidr(block, each)) for each in (zone, other)]
    private = IPv4Network(subnet_cidr(block, zone))
    last = list(IPv4Network(block).subnets(new_prefix=25))[-1]
    changes = {"cidrBlock": block, "zones": [zone, other], "nat": "zones"}
    changes = {f"network.{key}": value for key, value in changes.items()}
    if not private.overlaps(last):
        assert not any(private.overlaps(public) for public in publics)
        assert read(*changes.items())
    else:
        assert [problem.split(": ")[0] for problem in problems(*changes.items())] == [
            "private-api:network.zones[0]"
        ]


@pytest.mark.parametrize(("changes", "keys"), tables.sentences(table("independent.yaml")))
def test_no_error_hides_or_causes_another(changes: dict[str, Any], keys: list[str]) -> None:
    found = [line.partition(": ")[0] for line in problems(*changes.items())]
    assert sorted(found) == sorted(f"private-api:{key}" for key in keys)


@pytest.mark.parametrize("key", ["owner", "network", "api"])
def test_a_secret_is_reported_once_and_without_its_value(key: str) -> None:
    keys = (f"private-api:{key}", "aws:token")
    with pytest.raises(ConfigError) as caught:
        Settings.read(config(("owner", "hush")), title="t", secret_keys=keys)
    (problem,) = caught.value.problems
    assert problem.key == keys[0]
    assert problem.message.startswith("is a secret")
    assert "hush" not in str(caught.value)


def test_the_one_error_that_the_cli_prints_contains_all_problems() -> None:
    with pytest.raises(ConfigError) as caught:
        read(("owner", ABSENT), ("stages.dev.target", "red"))
    assert all(str(problem) in str(caught.value) for problem in caught.value.problems)


@pytest.mark.parametrize(
    ("given", "ports"), [({}, (443, 443)), ({"ports": 53}, (53, 53)), ({"ports": "8-9"}, (8, 9))]
)
def test_egress_is_to_a_port_or_a_range_and_by_default_for_https(
    given: dict[str, Any], ports: tuple[int, int]
) -> None:
    target = read(("targets.blue.egress", [{"cidr": "10.0.0.0/8", **given}])).targets["blue"]
    assert isinstance(target, FleetTarget)
    assert target.egress
    assert target.egress[0].ports == ports


@pytest.mark.parametrize(
    ("instance_type", "architecture"),
    [
        ("t4g.micro", "arm64"),
        ("c7gn.large", "arm64"),
        ("a1.medium", "arm64"),
        ("g4dn.xlarge", "x86_64"),
        ("t3.micro", "x86_64"),
        ("m7i-flex.large", "x86_64"),
    ],
)
def test_the_architecture_follows_from_the_instance_type(
    instance_type: str, architecture: str
) -> None:
    latest = "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-"
    assert fleet(instanceType=instance_type).image_id == f"{latest}{architecture}"


def test_an_explicit_architecture_is_used_for_a_type_whose_name_does_not_show_it() -> None:
    given = {"instanceType": "p6e-gb200.36xlarge", "architecture": "arm64"}
    assert fleet(**given).image_id.endswith("-arm64")


@pytest.mark.parametrize(
    ("image", "image_id"),
    [
        ("ami-0123456789abcdef0", "ami-0123456789abcdef0"),
        ("/images/orders", "resolve:ssm:/images/orders"),
        ("/images/orders:3", "resolve:ssm:/images/orders:3"),
        ("/images/orders:tested", "resolve:ssm:/images/orders:tested"),
    ],
)
def test_an_image_is_that_of_an_ami_or_of_a_parameter(image: str, image_id: str) -> None:
    assert fleet(image=image).image_id == image_id


def fleet(**given: Any) -> Fleet:
    target = read(("targets.blue.fleet", {"instanceType": "t4g.micro", **given})).targets["blue"]
    assert isinstance(target, FleetTarget)
    return target.fleet


def test_a_stage_has_a_throttle_by_default() -> None:
    stage = Stage.model_validate({"target": "blue"})
    assert (stage.throttle.rate_limit, stage.throttle.burst_limit) == (50, 100)


def test_the_order_of_routes_does_not_change_the_definition() -> None:
    routes = json.loads(config()["private-api:api"])["routes"]
    turned = read(("api.routes", routes[::-1]))
    assert turned.definition.fingerprint == read().definition.fingerprint


def test_the_allowed_origin_reaches_the_service() -> None:
    origin = "https://app.example.com"
    settings = read(("api.cors", {"allowOrigin": origin}))
    assert f"SERVICE_ALLOW_ORIGIN={origin}" in settings.user_data["blue"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is not valid JSON"),
        ('{"Statement": 5}', "allows nothing"),
        ('{"Statement": [{"Effect": "Deny"}]}', "allows nothing"),
        ('{"Statement": [{"Effect": "Allow", "x": NaN}]}', "is not valid JSON"),
        ('{"Statement": [{"Effect": "Allow", "x": "\\ud800"}]}', "surrogate"),
        ("[" * 100_000, "is not valid JSON"),
    ],
)
def test_an_unusable_resource_policy_is_reported(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "service").mkdir()
    (tmp_path / "service" / "app.py").touch()
    (tmp_path / "policy.json").write_text(text)
    with pytest.raises(ConfigError) as caught:
        Settings.read(config(("api.resourcePolicyFile", "policy.json")), title="t", root=tmp_path)
    (problem,) = caught.value.problems
    assert problem.key == "private-api:api.resourcePolicyFile"
    assert reason in problem.message


def test_a_service_gets_its_environment() -> None:
    change = ("targets.blue.fleet.environment", {"LOG_LEVEL": "info", "MOTTO": '50% "off"'})
    user_data = read(change).user_data["blue"]
    assert r"Environment=\"LOG_LEVEL=info\"\nEnvironment=\"MOTTO=50%% " in user_data
    assert r"\nEnvironment=\"SERVICE_HEALTH_PATH=/health\"\n" in user_data


V2 = {**FLEET, "link": "v2"}
ALB = "arn:aws:elasticloadbalancing:us-east-2:111122223333:loadbalancer/app/x/50dc6c495c0c9188"
LISTENER = {"link": "v2", "loadBalancerArn": ALB, "host": "x.example.com"}
EXISTING = {"vpcId": "vpc-12345678", "subnetIds": ["subnet-12345678", "subnet-12345679"]}


def test_the_definition_of_v2_is_that_of_the_target_in_use() -> None:
    both = {"blue": V2, "green": V2}
    blue, green = (read(("targets", both), ("stages.dev.target", name)) for name in both)
    assert blue.definition.fingerprint != green.definition.fingerprint
    unused = read(("targets.green", V2))
    assert unused.uses_v2
    assert unused.definition == read().definition


def test_stages_of_one_balancer_can_use_different_listeners() -> None:
    targets = {"a": LISTENER, "b": {**LISTENER, "listenerPort": 8080}}
    canary = {"target": "a", "canary": {"target": "b", "percent": 5}}
    stages = ("stages", {"dev": canary, "next": {"target": "b"}})
    settings = read(("network", EXISTING), ("targets", targets), stages)
    assert f'"integration-target":"{ALB}"' in settings.definition.json
    assert settings.notice == ""


def test_stages_of_one_new_balancer_can_use_different_listeners_of_v2() -> None:
    users = {**V2, "behind": "blue", "listenerPort": 8081}
    settings = read(
        ("targets", {"users": users, "blue": V2}),
        ("stages", {"dev": {"target": "users"}, "next": {"target": "blue"}}),
    )
    assert '"integration-target":"load balancer of blue"' in settings.definition.json
    assert settings.notice == ""
    assert [*settings.new_targets] == ["blue", "users"]


USERS = {"method": "GET", "path": "/users", "service": "users"}


def test_each_service_has_its_own_balancer_of_v2_and_another_can_use_v1() -> None:
    both = {"blue": FLEET, "users": V2, "more": V2}
    given = {"services": {"users": "users", "more": "more"}, "target": "blue"}
    routes = [{"method": "GET", "path": "/"}, USERS, {**USERS, "path": "/more", "service": "more"}]
    settings = read(("targets", both), ("stages.dev", given), ("api.routes", routes))
    paths = settings.definition.document["paths"]
    found = {
        path: item["get"]["x-amazon-apigateway-integration"].get("integration-target")
        for path, item in paths.items()
    }
    assert found == {
        "/": None,
        "/users": "load balancer of users",
        "/more": "load balancer of more",
    }
    assert settings.published == {"": "blue", "users": "users", "more": "more"}


def test_targets_of_different_services_can_differ_in_scheme() -> None:
    secure = {**FLEET, "protocol": "https", "serverName": "a.example"}
    own = [("targets.users", secure), ("stages.dev.services", {"users": "users"})]
    settings = read(*own, ("api.routes.3", USERS))
    uri = settings.definition.document["paths"]["/users"]["get"]["x-amazon-apigateway-integration"]
    assert uri["uri"] == "https://${stageVariables.backendHost_users}/users"
    mixed = ("stages.next", {"target": "blue", "services": {"users": "blue"}})
    assert problems(*own, ("api.routes.3", USERS), mixed) == [
        "private-api:targets.blue.protocol: differs from that of target users, and all targets of "
        "service users share one. Use the same, or move this target to another stack."
    ]


def test_a_target_has_the_share_of_its_own_service() -> None:
    canary = {"services": {"users": "green"}, "percent": 10}
    given = {"target": "blue", "services": {"users": "users"}, "canary": canary}
    added = ("targets", {"blue": FLEET, "users": FLEET, "green": FLEET})
    stage = read(added, ("stages.dev", given), ("api.routes.3", USERS)).stages["dev"]
    assert stage.shares == {"blue": 1.0, "users": 0.9, "green": 0.1}


def test_no_pattern_repeats_all_letters_of_unicode() -> None:
    """AWS's names have none, and pydantic's regular expressions take 50 ms to build for each."""
    texts = re.findall(r'"pattern": "(.*)"', (ROOT / "config.schema.json").read_text())
    assert texts
    assert not [text for text in texts if re.search(r"\\\\[wd][^\]]*\]\{", text)]


def test_a_preview_says_which_moves_redeploy_the_api() -> None:
    assert read().notice == ""
    assert read(("targets.blue", V2)).notice == ""
    assert read(("targets.blue", V2), ("targets.green", V2)).notice.startswith(
        "Targets blue, green use a VPC link V2 and are behind different load balancers: a stage "
        "moves from one of them to another by redeploying the API."
    )
    services = [("api.routes.3", USERS), ("stages.dev.services", {"users": "green"})]
    assert read(("targets.blue", V2), ("targets.green", V2), *services).notice == ""


def test_every_security_policy_is_one_of_api_gateway() -> None:
    model = botocore.session.get_session().get_service_model("apigateway")
    known = model.shape_for("SecurityPolicy").enum
    assert set(get_args(SecurityPolicy)) <= set(known)


DOMAIN = {
    "name": "api.example.com",
    "certificate": "request",
    "hostedZoneId": "Z0123456789ABCDEFGHIJ",
}


def test_a_closed_endpoint_without_a_domain_is_advised_of() -> None:
    closed = ("api.defaultEndpoint", "disabled")
    (line,) = read(closed).advice
    assert line.startswith(
        "private-api:api.defaultEndpoint: is disabled, and this stack has no `do"
    )
    assert read(closed, ("api.domain", DOMAIN)).advice == ()


def test_a_domain_that_leads_to_another_api_names_its_stages() -> None:
    other = {**DOMAIN, "restApiId": "a1b2c3d4e5", "paths": {"/": "live", "/v1": "old"}}
    domain = read(("api.domain", other), ("api.defaultEndpoint", "disabled")).api.domain
    assert domain
    assert domain.mappings(("dev",)) == {"/": "live", "/v1": "old"}
    assert domain.urls(("dev",)) == {}


@pytest.mark.parametrize(
    ("given", "policy", "mode"),
    [
        ({}, "SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09", "BASIC"),
        ({"tls": {"policy": "TLS_1_2"}}, "TLS_1_2", None),
        ({"mutualTls": {"truststore": "s3://acme-trust/clients.pem"}}, "TLS_1_2", None),
    ],
)
def test_a_domain_has_the_policy_of_the_endpoint_unless_it_has_its_own(
    given: dict[str, Any], policy: str, mode: str | None
) -> None:
    api = read(("api.domain", {**DOMAIN, **given}), ("api.defaultEndpoint", "disabled")).api
    assert api.domain
    endpoint = api.domain.endpoint(api.tls, api.endpoint_type)
    assert (endpoint.security_policy, endpoint.access_mode) == (policy, mode)
