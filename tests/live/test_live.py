"""One stack in a real account: brought up, called, switched, destroyed.

    AWS_PROFILE=sandbox pytest tests/live --live

It takes about half an hour. Two Network Load Balancers, two t4g.micro instances and two VPC links
cost well below one US dollar for that time, at list prices. No account-wide setting changes. The
state stays in `.cache/live` until everything is destroyed: if the test is killed, run
`pulumi destroy` there.
"""

import json
import os
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from pulumi import automation

from tests.engine.stack import write_config
from tests.stacks import ROOT, config

pytestmark = pytest.mark.live

FOLDER = ROOT / ".cache" / "live"
PROGRAM = FOLDER / "program"
STACK = "live"
REGION = os.environ.get("AWS_REGION", "us-east-2")
FLEET = {"instanceType": "t4g.micro", "minSize": 1, "maxSize": 1}
TARGET = {"port": 8080, "healthPath": "/health", "fleet": FLEET}
TIMEOUT_SECONDS = 120


def configure(target: str) -> None:
    """Configure the dev stack with two targets, and its stage to use one of them."""
    write_config(
        PROGRAM / f"Pulumi.{STACK}.yaml",
        config(
            ("aws:region", REGION),
            ("network.zones", [f"{REGION}a", f"{REGION}b"]),
            ("targets", {"blue": TARGET, "green": TARGET}),
            ("api.accountLogging", "off"),
            ("stages.dev.target", target),
        ),
    )


@pytest.fixture
def stack() -> Iterator[automation.Stack]:
    (FOLDER / "state").mkdir(parents=True, exist_ok=True)
    for part in ("components", "openapi", "service", "settings"):
        shutil.copytree(ROOT / part, PROGRAM / part, dirs_exist_ok=True)
    for part in ("__main__.py", "Pulumi.yaml", "pyproject.toml"):
        shutil.copy(ROOT / part, PROGRAM)
    options = automation.LocalWorkspaceOptions(
        env_vars={
            "PULUMI_BACKEND_URL": f"file://{FOLDER / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "",
        }
    )
    made = automation.create_or_select_stack(STACK, work_dir=str(PROGRAM), opts=options)
    try:
        yield made
    finally:
        _destroy(made)
    made.workspace.remove_stack(STACK)
    shutil.rmtree(FOLDER)


def test_a_stage_moves_from_one_target_to_the_other(stack: automation.Stack) -> None:
    configure("blue")
    url = stack.up(on_output=print).outputs["invoke_urls"].value["dev"]
    assert _answering_target(url, expected="blue") == "blue"

    configure("green")
    changes = stack.up(on_output=print).summary.resource_changes or {}
    assert changes.keys() == {automation.OpType.SAME, automation.OpType.UPDATE}
    assert changes[automation.OpType.UPDATE] == 1
    assert _answering_target(url, expected="green") == "green"


def _answering_target(url: str, expected: str) -> str:
    """The target that answers: the expected one as soon as it does, else the last one in time."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while True:
        try:
            with urllib.request.urlopen(f"{url}/", timeout=30) as response:  # noqa: S310 - its own
                answer: str = json.load(response)["service"]
        except urllib.error.HTTPError as error:
            answer = f"HTTP {error.code}"
        if answer == expected or time.monotonic() > deadline:
            return answer
        time.sleep(2)


def _destroy(stack: automation.Stack) -> None:
    """Destroy; try again if AWS has not yet released a load balancer from its deleted link."""
    try:
        stack.destroy(on_output=print)
    except automation.CommandError as error:
        if "associated with another service" not in str(error):
            raise
        time.sleep(60)
        stack.destroy(on_output=print)
