"""The commands, as they are typed."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from operations import new_questions
from operations.__main__ import app
from operations.advice import BALANCER
from operations.gateway import published, serve
from operations.gateway.published import read_from
from operations.new import write
from tests.stacks import ROOT

pytestmark = pytest.mark.usefixtures("_shared_runs")


def command(*arguments: str | Path) -> Result:
    """`python -m operations`, in this process."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def edited(folder: Path, changes: dict[str, str], stack: str = "Pulumi.dev.yaml") -> Path:
    """A copy of a stack file with some texts replaced."""
    text = (ROOT / stack).read_text()
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    path = folder / "dev.yaml"
    path.write_text(text)
    return path


def test_a_rehearsal_prints_resources_outputs_and_verdicts_and_exits_with_0() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "operations", "rehearse", "dev"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for part in ("NlbTarget blue", "invoke_urls:", "at preview: passed", "at update: passed"):
        assert part in done.stdout
    # A service whose resources a stack does not have is not imported: it can take a second.
    services = set(re.findall(r"pulumi_aws\.(\w+)\._inputs$", done.stderr, re.MULTILINE))
    assert services == {"apigateway", "autoscaling", "cloudwatch", "ec2", "iam", "lb", "vpc"}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("port: 8080", "port: 0", "private-api:targets.blue.port: 0"),
        ("config:", "config: [", "dev.yaml: cannot be read"),
        ("private-api:api:", "private-api:api: 5\n  other:", "private-api:api: 5 should be"),
        (": platform", ": {secure: v1:hush}", "private-api:owner: is a secret"),
    ],
)
@pytest.mark.parametrize("verb", [["rehearse"], ["serve", "--once"], ["demo"]])
def test_a_mistake_in_a_stack_file_is_explained_and_exits_with_2(
    tmp_path: Path, verb: list[str], old: str, new: str, message: str
) -> None:
    done = command(*verb, edited(tmp_path, {old: new}))
    assert done.exit_code == 2
    assert message in " ".join(done.stderr.split())
    assert "Traceback" not in done.output
    assert "hush" not in done.output


def test_an_unknown_stack_exits_with_2_and_names_the_known_ones() -> None:
    done = command("rehearse", "staging")
    assert done.exit_code == 2
    assert "Known stacks: dev, prod" in " ".join(done.stderr.split())


def test_a_misspelled_policy_in_the_pack_configuration_exits_with_2(tmp_path: Path) -> None:
    (tmp_path / "typo.json").write_text('{"stage-web-acls": "mandatory"}')
    done = command("rehearse", "dev", "--policy-pack-config", tmp_path / "typo.json")
    assert done.exit_code == 2
    assert "did you mean 'stage-web-acl'" in " ".join(done.stderr.split())
    assert "Traceback" not in done.output


SHARED_BALANCER = (
    "arn:aws:elasticloadbalancing:us-east-2:111122223333:loadbalancer/net/shared/50dc6c495c0c9188"
)


def members(printed: str) -> dict[str, Any]:
    """The JSON members that a rehearsal advises, in one object."""
    lines = re.findall(r'^ +("[a-z0-9-]+": \{.*\})$', printed, re.MULTILINE)
    return json.loads(f"{{{','.join(lines)}}}")  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("stack", "changes", "policies"),
    [
        (
            "Pulumi.dev.yaml",
            {
                "routes:": "routes:\n      - {method: GET, path: /open, authorization: none}",
                "accountLogging: create": "accountLogging: 'off'",
            },
            {"route-authorization", "stage-access-log", "stage-execution-logs"},
        ),
        ("examples/https.yaml", {}, {"integration-tls-verified"}),
        (
            "examples/existing-link.yaml",
            {},
            {"nlb-api-same-account-region"},
        ),
    ],
)
def test_the_advised_exceptions_allow_what_was_violated(
    tmp_path: Path, stack: str, changes: dict[str, str], policies: set[str]
) -> None:
    file = edited(tmp_path, changes, stack)
    done = command("rehearse", file)
    assert done.exit_code == 1
    assert all(f"mandatory {policy} (" in done.stdout for policy in policies)
    exceptions = members(done.stdout)
    assert exceptions.keys() == policies | {"stage-web-acl"}

    text = json.dumps(exceptions).replace(BALANCER, SHARED_BALANCER)
    file.with_suffix(".policies.json").write_text(text)
    done = command("rehearse", file)
    assert done.exit_code == 0
    assert "at update: passed\n" in done.stdout


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The stages that are served, without a gateway and without another run of the program."""
    stages: list[list[str]] = []

    def serve_once(load: Callable[[], Any], *, once: bool, **_: object) -> int:
        assert once
        stages.append(list(load().stages))
        return 7

    monkeypatch.setattr(serve, "serve", serve_once)
    monkeypatch.setattr(published, "run_stack", None)
    return stages


def test_the_demo_serves_the_rehearsed_run_and_exits_like_serve(served: list[list[str]]) -> None:
    done = command("demo", "dev")
    assert "at update: passed" in done.stdout
    assert served == [["dev"]]
    assert done.exit_code == 7


def test_the_demo_does_not_serve_a_stack_that_violates_a_policy(
    tmp_path: Path, served: list[list[str]]
) -> None:
    (tmp_path / "strict.json").write_text('{"stage-web-acl": "mandatory"}')
    done = command("demo", "dev", "--policy-pack-config", tmp_path / "strict.json")
    assert done.exit_code == 1
    assert "mandatory stage-web-acl (api-dev-stage)" in done.stdout
    assert not served


def test_serving_watches_every_file_that_the_stack_is_read_from() -> None:
    watched = {path.relative_to(ROOT).as_posix() for path in read_from("examples/openapi.yaml")}
    own = {"Pulumi.yaml", "service/app.py", "examples/openapi.yaml"}
    assert watched == {*own, "examples/openapi/orders.yaml"}


def test_serving_watches_user_data_and_resource_policies(tmp_path: Path) -> None:
    named = {
        "maxSize: 4}": "maxSize: 4, userDataFile: boot/user-data.sh}",
        "accountLogging: create": "accountLogging: create\n    resourcePolicyFile: office.json",
    }
    watched = {path.name for path in read_from(str(edited(tmp_path, named)))}
    assert watched == {"Pulumi.yaml", "dev.yaml", "app.py", "user-data.sh", "office.json"}


@pytest.mark.parametrize("name", ["dev", "Pulumi.dev.yaml"])
def test_a_stack_may_be_named_by_its_own_file(served: list[list[str]], name: str) -> None:
    done = command("demo", name)
    assert "at update: passed" in done.stdout
    assert served == [["dev"]]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--backend", "red=http://127.0.0.1:3000"], "not a target of this stack. Its targets: b"),
        (["--run", "blue=no-such-program"], "there is no program 'no-such-program'"),
        (["--backend", "3000"], "has no target or no value"),
        (["--port", "99999"], "less than or equal to 65535"),
        (["--api-key", "KEY"], "go with --url only"),
        (["--all-methods"], "go with --url only"),
        (["--url", "https://x/dev", "--strict"], "--url serves nothing"),
        (["--url", "example.com"], "is not a URL such as"),
        (["--url", "https://x/dev", "--api-key", "UNSET_KEY"], "names an environment variable"),
    ],
)
def test_an_option_that_cannot_be_used_exits_with_2(options: list[str], message: str) -> None:
    done = command("serve", "dev", *options)
    assert done.exit_code == 2
    assert message in " ".join(done.stderr.split())
    assert "Traceback" not in done.output


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--service", "container", "--image", "orders"], '"orders" names no version'),
        (["--service", "image", "--image", "/x86_64/a"], "is for x86_64, and t4g.micro is arm64"),
        (
            [
                *("--service", "image", "--image", "/x86_64/a", "--instance-type", "t3.micro"),
                *("--user-data-file", "no.sh"),
            ],
            'userDataFile: "no.sh" cannot be read',
        ),
    ],
)
def test_a_new_stack_that_cannot_be_exits_with_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], message: str
) -> None:
    shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
    monkeypatch.setattr(new_questions, "write", lambda wishes, _: write(wishes, tmp_path))
    done = command("new", "next-one", "--region", "us-east-2", "--owner", "team", *options)
    assert done.exit_code == 2
    assert message in " ".join(done.stderr.split())


def test_ctrl_c_while_a_stack_is_read_prints_one_word() -> None:
    program = (
        "import operations.__main__ as commands, operations.gateway.published as published\n"
        "def load(*_, **__):\n"
        "    raise KeyboardInterrupt\n"
        "published.load = load\n"
        "commands.main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "serve", "dev"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 130
    assert done.stdout == "Reading the stack ...\n"
    assert done.stderr.split() == ["Stopped."]


@pytest.mark.parametrize(("options", "count"), [([], 0), (["--verbose"], 1)])
def test_a_rehearsal_lists_what_is_left_out_of_a_file_on_request(
    tmp_path: Path, options: list[str], count: int
) -> None:
    file = {"examples/openapi/orders.yaml": "tests/openapi/told.yaml"}
    done = command("rehearse", edited(tmp_path, file, "examples/openapi.yaml"), *options)
    assert "info: tests/openapi/told.yaml: left out: " in " ".join(done.stdout.split())
    assert done.stdout.count("left out: examples: components.examples") == count
