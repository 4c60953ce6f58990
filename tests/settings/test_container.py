"""A container runs on Amazon Linux as a unit of systemd, with the values that it is given."""

import json
import shutil
import subprocess
from typing import Any

import pytest

from components.nlb_target import DRAIN_SECONDS
from policies.pack.graph.secrets import holds_secret
from settings.container import STOP_SECONDS, Container
from tests.settings.test_settings import read
from tests.settings.units import check_cloud_config, verify
from tests.stacks import run_stack

ECR = "111122223333.dkr.ecr.us-east-2.amazonaws.com/team/orders:1.4"
NEAR = ("network.endpoints", {"interfaces": ["ecr", "logs", "secretsmanager", "ssm"]})
UNIT = "/etc/systemd/system/private-service.service"
PULL = "/usr/local/lib/private-service/pull.sh"
FLEET = {"instanceType": "t4g.small"}


def changes(**fleet: Any) -> tuple[tuple[str, Any], ...]:
    container = {"image": ECR, "port": 3000, **fleet.pop("container", {})}
    return (("targets.blue.fleet", {**FLEET, "container": container, **fleet}), NEAR)


def user_data(**fleet: Any) -> Any:
    first, _, rest = read(*changes(**fleet)).user_data["blue"].partition("\n")
    assert first == "#cloud-config"
    return json.loads(rest)


def files(**fleet: Any) -> dict[str, str]:
    return {f["path"]: f["content"] for f in user_data(**fleet)["write_files"]}


def line(unit: str, beginning: str) -> str:
    (found,) = [line for line in unit.splitlines() if line.startswith(beginning)]
    return found


def test_the_port_of_the_target_is_that_of_the_container() -> None:
    assert "--publish=8080:3000 " in line(files()[UNIT], "ExecStart=")
    assert 'Environment="PORT=3000"' in files()[UNIT]
    assert "--publish=8080:8080 " in line(files(container={"port": None})[UNIT], "ExecStart=")


def test_the_container_gets_every_variable_by_name_and_none_by_value() -> None:
    given = {"environment": {"LEVEL": "a b"}, "secrets": {"TOKEN": "ssm:/orders/token"}}
    unit = files(**given)[UNIT]
    start = line(unit, "ExecStart=")
    assert "--env=LEVEL --env=PORT --env=TOKEN " in start
    assert "a b" not in start
    assert 'Environment="LEVEL=a b"' in unit
    assert {"EnvironmentFile=/run/private-service/secrets"} <= {*unit.splitlines()}
    assert {"Requires=private-service-secrets.service", "Requires=docker.service"} <= {
        *unit.splitlines()
    }


def test_arguments_are_not_changed_by_systemd() -> None:
    command = ["node", "-e", 'console.log("%d $HOME \\ ")']
    start = line(files(container={"command": command})[UNIT], "ExecStart=")
    assert start.endswith(r''' "node" "-e" "console.log(\"%%d $$HOME \\ \")"''')


def test_a_container_stops_before_its_instance_has_drained() -> None:
    assert STOP_SECONDS < DRAIN_SECONDS
    unit = files()[UNIT]
    assert f"stop --time={STOP_SECONDS} private-service" in line(unit, "ExecStop=")
    assert STOP_SECONDS < int(line(unit, "TimeoutStopSec=").partition("=")[2]) <= DRAIN_SECONDS


def test_an_image_of_ecr_is_pulled_with_the_role_of_the_instance() -> None:
    pull = files()[PULL]
    assert "aws ecr get-login-password --region us-east-2 | docker login" in pull
    assert f"docker pull --quiet {ECR}\n" in pull
    run = run_stack(*changes())
    policy = json.loads(run.one("aws:iam/rolePolicy:RolePolicy", "blue-fleet").inputs["policy"])
    repository, token = policy["Statement"]
    assert repository["Resource"] == ["arn:aws:ecr:us-east-2:111122223333:repository/team/orders"]
    assert repository["Action"] == ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    assert (token["Action"], token["Resource"]) == (["ecr:GetAuthorizationToken"], ["*"])


def test_an_image_of_another_registry_needs_no_role() -> None:
    container = Container(image="docker.io/library/node:22.11")
    assert (container.registry, container.repository) == ("docker.io", None)


@pytest.mark.parametrize(
    ("image", "registry", "arn"),
    [
        ("node:22.11", "docker.io", None),
        ("team/app@sha256:" + "a" * 64, "docker.io", None),
        ("localhost:5000/app:1", "localhost:5000", None),
        ("ghcr.io/acme/orders:1.2_3-x", "ghcr.io", None),
        (ECR, ECR.partition("/")[0], "arn:aws:ecr:us-east-2:111122223333:repository/team/orders"),
        (
            "111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn/a:1",
            "111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn",
            "arn:aws-cn:ecr:cn-north-1:111122223333:repository/a",
        ),
    ],
)
def test_the_registry_of_an_image_is_known(image: str, registry: str, arn: str | None) -> None:
    container = Container(image=image)
    assert container.registry == registry
    assert (container.repository and container.repository.arn) == arn


@pytest.mark.parametrize(
    ("profile", "hops"), [({}, 1), ({"instanceProfile": {}}, 2), ({"instanceProfile": "own"}, 2)]
)
def test_only_a_container_with_a_role_of_its_own_reaches_the_metadata(
    profile: dict[str, Any], hops: int
) -> None:
    template = run_stack(*changes(**profile)).one("aws:ec2/launchTemplate:LaunchTemplate")
    assert template.inputs["metadataOptions"]["httpPutResponseHopLimit"] == hops


def test_cloud_init_systemd_and_bash_accept_all_of_it() -> None:
    every = {
        "environment": {"A": "b"},
        "secrets": {"TOKEN": "ssm:/orders/token", "KEY": "secretsmanager:k"},
        "logs": {"retentionDays": 7},
    }
    check_cloud_config(user_data(**every))
    written = files(**every)
    verify(written)
    scripts = [written[PULL], *user_data(**every)["runcmd"]]
    for script in scripts:
        subprocess.run(["bash", "-n", "-c", script], check=True)
    if checker := shutil.which("shellcheck"):
        subprocess.run([checker, "-"], input=written[PULL], text=True, check=True)
    assert not holds_secret(read(*changes(**every)).user_data["blue"])


def test_the_journal_goes_to_a_log_group_of_the_target() -> None:
    config = json.loads(files(logs={"retentionDays": 7})["/etc/private-service/logs.json"])
    (collected,) = config["logs"]["logs_collected"]["files"]["collect_list"]
    assert collected["log_group_name"] == "/private-api/private-api-dev/blue"
    unit = files(logs={})["/etc/systemd/system/private-service-log.service"]
    assert "--unit=private-service.service" in unit
    assert f"StandardOutput=append:{collected['file_path']}" in unit
    run = run_stack(*changes(logs={"retentionDays": 7}))
    group = run.one("aws:cloudwatch/logGroup:LogGroup", "blue-fleet")
    assert (group.inputs["name"], group.inputs["retentionInDays"]) == (
        "/private-api/private-api-dev/blue",
        7,
    )
    policy = json.loads(run.one("aws:iam/rolePolicy:RolePolicy", "blue-fleet").inputs["policy"])
    allowed = [s for s in policy["Statement"] if "logs:PutLogEvents" in s["Action"]]
    assert [s["Resource"] for s in allowed] == [[f"{group.outputs['arn']}:*"]]


def test_the_service_does_not_wait_for_its_logs() -> None:
    commands = user_data(logs={})["runcmd"]
    start = commands.index("systemctl enable --now private-service.service")
    assert start < next(n for n, each in enumerate(commands) if "cloudwatch-agent" in each)


@pytest.mark.parametrize("more", [{}, {"secrets": {"A": "ssm:/a"}}, {"logs": {}}])
def test_the_sample_service_fits_with_each_of_them(more: dict[str, Any]) -> None:
    assert read(("targets.blue.fleet", {**FLEET, **more}), NEAR).user_data["blue"]
