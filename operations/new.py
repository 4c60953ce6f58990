"""A new stack: its file, its configuration of the policies, and its rows in the workflows."""

import enum
import io
import json
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from operations.gateway.definition import operations
from settings import ConfigError, Settings
from settings.container import Container
from settings.egress import EgressRange
from settings.schema import NAMESPACE
from settings.targets import FleetTarget
from simulation import stack_file
from simulation.rehearsal import PACK, ROOT
from simulation.stack_file import StackFileError

WORKFLOWS = Path(".github/workflows")
_NAME = re.compile(r"[a-z]([a-z0-9-]{0,28}[a-z0-9])?")
_ROUTE = re.compile(r"(?P<method>\S+)\s+(?P<path>\S+)(\s+(?P<authorization>\S+))?")
_WIDTH = 100
INSTANCE_TYPE = "t4g.micro"
_OF_THE_CLI = {"config", "encryptionsalt", "encryptedkey", "secretsprovider"}
_INTERNET = "0.0.0.0/0"
_HEAD = "# yaml-language-server: $schema=config.schema.json\n"
_ROLE = "          - stack: {name}\n            role: ${{{{ vars.{variable}_PREVIEW_ROLE }}}}\n"
_MATRIX = re.compile(r"^( +stack: \[)([^\]]*)(\])$", re.MULTILINE)
_ROLES = re.compile(r"( {10}- stack: \S+\n {12}role: .*\n)(?! {10}- stack)")


class Kind(enum.StrEnum):
    """What is behind the load balancer."""

    SAMPLE = "sample"
    """New instances that run service/app.py."""
    CONTAINER = "container"
    """New instances that run a container image."""
    IMAGE = "image"
    """New instances of an AMI: with their own user data, or with service/app.py."""
    INSTANCES = "instances"
    """Existing instances, behind a new load balancer."""
    BALANCER = "balancer"
    """An existing load balancer."""


class NewStackError(Exception):
    """The stack cannot be written; the message says why, and the way out."""


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What a new stack should be; the stack file has more keys for later."""

    name: str
    region: str
    owner: str
    kind: Kind = Kind.SAMPLE
    zones: Sequence[str] = ()
    cidr_block: str = "10.20.0.0/16"
    port: int = 8080
    health_path: str = "/health"
    routes: Sequence[str] = ()
    """As in `GET /orders/{id} iam`; without the last word, IAM is required."""
    definition_file: str = ""
    variables: Sequence[str] = ()
    """Additional stage variables, as in `release=v2`."""
    image: str = ""
    """Reference of a container image; or ID of an AMI, or an SSM parameter that contains one."""
    user_data_file: str = ""
    instance_type: str = ""
    """As in `t4g.small`; by default t4g.micro."""
    vpc: str = ""
    subnets: Sequence[str] = ()
    instances: Sequence[str] = ()
    balancer_arn: str = ""
    host: str = ""


def write(wishes: Wishes, root: Path = ROOT) -> list[Path]:
    """Write the files of a new stack, and return those that were written or changed.

    Nothing is written if it raises: ConfigError with the settings' own messages, or NewStackError.
    """
    if not _NAME.fullmatch(wishes.name):
        raise NewStackError(
            f"{wishes.name!r} cannot be the name of a stack here: use up to 30 lower-case letters, "
            "digits and dashes, and begin with a letter."
        )
    stack, policies = (
        root / f"Pulumi.{wishes.name}.yaml",
        root / PACK / f"config.{wishes.name}.json",
    )
    for path in (stack, policies):
        if path.exists() and begun(path) is None:
            raise NewStackError(f"{path.name} exists already. Choose another name, or remove it.")
    _check_kind(wishes)
    text, settings = _valid(wishes, root)
    if found := begun(stack):
        text += "".join(f"{key}: {value}\n" for key, value in found.items() if key != "config")
    open_routes = [
        operation.route
        for operation in operations(settings.definition.document)
        if operation.authorization == "none" and operation.integration_type != "mock"
    ]
    changed = {path: _with_rows(path, wishes.name) for path in _workflows(root)}
    config: dict[str, Any] = {
        "route-authorization": {"openRoutes": open_routes},
        "instance-profile": "disabled",
    }
    if ports := _open_ports(settings):
        config["no-open-egress"] = {"allowedPorts": ports}
    changed |= {stack: text, policies: json.dumps(config, indent=2) + "\n"}
    for path, content in changed.items():
        path.write_text(content, encoding="utf-8")
    return list(changed)


def begun(path: Path) -> dict[str, Any] | None:
    """The content of a stack file that only the CLI has written to, as `pulumi new` does.

    None if there is no such file, or somebody has configured more than a region and an owner.
    """
    if path.suffix != ".yaml" or not path.is_file():
        return None
    try:
        content = YAML(typ="safe", pure=True).load(path)
    except YAMLError:
        return None
    config = content.get("config") or {} if isinstance(content, dict) else None
    if not isinstance(config, dict) or set(config) - {"aws:region", f"{NAMESPACE}:owner"}:
        return None
    return content if not set(content) - _OF_THE_CLI else None


def roles_variable(name: str) -> str:
    """The name of a stack as a part of a variable in GitHub, which takes no dashes."""
    return name.upper().replace("-", "_")


def _check_kind(wishes: Wishes) -> None:
    """Raise NewStackError for an option that the kind would leave out."""
    images, fleets = (Kind.CONTAINER, Kind.IMAGE), (Kind.SAMPLE, Kind.CONTAINER, Kind.IMAGE)
    options = (
        ("--image", wishes.image, images),
        ("--user-data-file", wishes.user_data_file, fleets),
        ("--instance-type", wishes.instance_type, fleets),
    )
    for option, value, kinds in options:
        if value and wishes.kind not in kinds:
            raise NewStackError(
                f"{option} {value} does not go with --service {wishes.kind}, but with "
                f"{' or '.join(kinds)}."
            )


def _valid(wishes: Wishes, root: Path) -> tuple[str, Settings]:
    """The stack file and its settings, with API keys where an operation requires one."""
    text = _stack_file(wishes)
    try:
        return text, _checked(wishes.name, text, root)
    except ConfigError as error:
        keys = f"{NAMESPACE}:stages.{wishes.name}.apiKeys"
        if keys not in {problem.key for problem in error.problems}:
            raise
    text = _stack_file(wishes, with_keys=True)
    return text, _checked(wishes.name, text, root)


def _stack_file(wishes: Wishes, *, with_keys: bool = False) -> str:
    made = {
        "aws:region": wishes.region,
        f"{NAMESPACE}:owner": wishes.owner,
        **_KINDS[wishes.kind](wishes),
        f"{NAMESPACE}:api": {"accountLogging": "existing", **_api(wishes)},
        f"{NAMESPACE}:stages": {wishes.name: _stage(wishes, with_keys)},
    }
    yaml, text = YAML(), io.StringIO()
    yaml.default_flow_style, yaml.width = None, _WIDTH
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.dump({"config": made}, text)
    return _HEAD + text.getvalue()


def _open_ports(settings: Settings) -> list[int]:
    """The ports on which fleets reach the whole internet, for the exception from the policy."""
    fleets = [target for target in settings.targets.values() if isinstance(target, FleetTarget)]
    ranges = [to for fleet in fleets for to in fleet.egress or () if isinstance(to, EgressRange)]
    return sorted({to.ports[0] for to in ranges if to.cidr == _INTERNET})


def _fleet(
    wishes: Wishes,
    keys: Mapping[str, Any] = MappingProxyType({}),
    network: Mapping[str, Any] = MappingProxyType({}),
    target: Mapping[str, Any] = MappingProxyType({}),
) -> dict[str, Any]:
    """A fleet in a new network, and what the parts have besides."""
    zones = list(wishes.zones) or [f"{wishes.region}{letter}" for letter in "ab"]
    fleet = {
        "instanceType": wishes.instance_type or INSTANCE_TYPE,
        "minSize": 2,
        "maxSize": 4,
        **keys,
    }
    if wishes.user_data_file:
        fleet["userDataFile"] = wishes.user_data_file
    served = {"port": wishes.port, "healthPath": wishes.health_path, "fleet": fleet}
    return {
        f"{NAMESPACE}:network": {"cidrBlock": wishes.cidr_block, "zones": zones, **network},
        f"{NAMESPACE}:targets": {"blue": {**served, **target}},
    }


def _container(wishes: Wishes) -> dict[str, Any]:
    keys = {"container": {"image": wishes.image}}
    container = Container.model_construct(image=wishes.image)  # the settings check it later
    repository, port = container.repository, container.registry.partition(":")[2]
    if repository and repository.region == wishes.region:
        # Two endpoints cost less than a NAT gateway, and open nothing else.
        return _fleet(wishes, keys, {"endpoints": {"interfaces": ["ecr"]}})
    to = {"cidr": _INTERNET, "ports": int(port or 443)}
    return _fleet(wishes, keys, {"nat": "one"}, {"egress": [to]})


def _image(wishes: Wishes) -> dict[str, Any]:
    return _fleet(wishes, {"image": wishes.image})


def _instances(wishes: Wishes) -> dict[str, Any]:
    served = {"port": wishes.port, "healthPath": wishes.health_path}
    return {
        f"{NAMESPACE}:network": {"vpcId": wishes.vpc, "subnetIds": list(wishes.subnets)},
        f"{NAMESPACE}:targets": {"blue": {**served, "instances": list(wishes.instances)}},
    }


def _balancer(wishes: Wishes) -> dict[str, Any]:
    named = {"loadBalancerArn": wishes.balancer_arn, "host": wishes.host}
    account = wishes.balancer_arn.split(":")[4:5]
    return {
        # Of the balancer's account: a link reaches no other one.
        **({"aws:allowedAccountIds": account} if account else {}),
        f"{NAMESPACE}:targets": {"blue": {**named, "listenerPort": wishes.port}},
    }


_KINDS: Mapping[Kind, Callable[[Wishes], dict[str, Any]]] = {
    Kind.SAMPLE: _fleet,
    Kind.CONTAINER: _container,
    Kind.IMAGE: _image,
    Kind.INSTANCES: _instances,
    Kind.BALANCER: _balancer,
}


def _api(wishes: Wishes) -> dict[str, Any]:
    if wishes.definition_file:
        return {"definitionFile": wishes.definition_file}
    return {"routes": [_route(text) for text in wishes.routes]}


def _route(text: str) -> dict[str, str]:
    found = _ROUTE.fullmatch(text.strip())
    if not found:
        raise NewStackError(f"{text!r} is not a route. Write a method and a path: GET /orders.")
    return {key: value for key, value in found.groupdict().items() if value}


def _stage(wishes: Wishes, with_keys: bool) -> dict[str, Any]:
    stage: dict[str, Any] = {
        "target": "blue",
        "throttle": {"rateLimit": 50, "burstLimit": 100},
        "logRetentionDays": 30,
    }
    if wishes.variables:
        stage["variables"] = dict(map(_variable, wishes.variables))
    if with_keys:
        stage["apiKeys"] = {
            "names": ["client"],
            "throttle": {"rateLimit": 10, "burstLimit": 20},
        }
    return stage


def _variable(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator:
        raise NewStackError(f"{text!r} is not a stage variable. Write release=v2.")
    return name, value


def _checked(name: str, text: str, root: Path) -> Settings:
    """The settings that a stack file would have; raises ConfigError before it is written."""
    with tempfile.TemporaryDirectory() as temporary:
        shutil.copy(root / "Pulumi.yaml", temporary)
        (Path(temporary) / f"Pulumi.{name}.yaml").write_text(text, encoding="utf-8")
        try:
            file = stack_file.read(Path(temporary), name)
        except StackFileError as error:
            raise NewStackError(str(error)) from None
    return Settings.read(file.config, title=f"{file.project}-{name}", root=root)


def _workflows(root: Path) -> list[Path]:
    """The workflows that list the stacks."""
    paths = sorted((root / WORKFLOWS).glob("*.yml"))
    return [path for path in paths if _MATRIX.search(path.read_text(encoding="utf-8"))]


def _with_rows(path: Path, name: str) -> str:
    """A workflow with the stack in its lists of stacks."""
    text = path.read_text(encoding="utf-8")
    if name in re.split(r"[\s,]+", " ".join(found[1] for found in _MATRIX.findall(text))):
        return text
    text = _MATRIX.sub(rf"\g<1>\g<2>, {name}\g<3>", text)
    row = _ROLE.format(name=name, variable=roles_variable(name))
    return _ROLES.sub(lambda found: found[0] + row, text)
