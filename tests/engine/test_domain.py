"""The domain name: what it adds, how its paths move, and the way back."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engine.fake_provider import resource_types as rt
from tests.engine.fake_provider.account import Resource
from tests.engine.fake_provider.provider import FakeProvider
from tests.engine.stack import Change, Installation, Snapshot, Stack
from tests.once import once

pytestmark = pytest.mark.engine

NAME = "api.example.com"
CERTIFICATE = "arn:aws:acm:us-east-2:111122223333:certificate/12345678-1234-1234-1234-123456789012"
NEXT: Change = ("stages.next", {"target": "blue"})
PATHS = {"/": "dev", "/next": "next"}
CREATED = [
    "create Certificate domain-certificate",
    "create Record domain-validation",
    "create CertificateValidation domain-validated",
    "create DomainName domain-name",
    "create BasePathMapping domain/",
    "create Record domain-record",
]
DELETED = [f"delete {line.removeprefix('create ')}" for line in reversed(CREATED)]


def domain(**changes: object) -> Change:
    given = {"name": NAME, "certificate": "request", "hostedZoneId": "Z0123456789", **changes}
    return ("api.domain", given)


@pytest.fixture
def named(
    installation: Installation,
    tmp_path_factory: pytest.TempPathFactory,
    restore: Callable[[Snapshot], Stack],
) -> Stack:
    """The dev stack with a second stage and a domain, brought up once in a test run."""

    def bring_up() -> Snapshot:
        folder: Path = tmp_path_factory.mktemp("domain") / "stack"
        with FakeProvider() as aws:
            changes = (NEXT, domain(paths=PATHS))
            stack = Stack.create(folder, aws, *changes, installation=installation)
            stack.up()
            return stack.snapshot()

    return restore(once("domain", bring_up))


def mapped(stack: Stack) -> dict[str, tuple[str, str]]:
    """The API and the stage of every base path."""
    mappings = stack.aws.account.of_type(rt.BASE_PATH_MAPPING)
    return {m.id: (m.inputs["restApi"], m.inputs["stageName"]) for m in mappings}


def steps(stack: Stack) -> list[str]:
    return [str(step) for step in stack.preview()]


def test_a_domain_is_added_in_order_and_removed_in_the_reverse_order(dev: Stack) -> None:
    dev.edit(domain())
    assert dev.up() == CREATED
    assert dev.preview() == []
    assert dev.up("--refresh") == []
    dev.edit()
    assert dev.up() == DELETED


def test_a_path_moves_to_another_stage_and_to_another_api_in_place(named: Stack) -> None:
    own = named.aws.account.one(rt.REST_API).id
    assert mapped(named) == {f"{NAME}/": (own, "dev"), f"{NAME}/next": (own, "next")}
    named.edit(NEXT, domain(paths={"/": "next", "/next": "dev"}))
    swapped = ["update BasePathMapping domain/", "update BasePathMapping domain/next"]
    assert sorted(steps(named)) == swapped
    assert sorted(named.up()) == swapped
    assert mapped(named) == {f"{NAME}/": (own, "next"), f"{NAME}/next": (own, "dev")}


def test_a_domain_moves_to_the_api_of_another_stack_and_back_in_one_update(named: Stack) -> None:
    own, green = named.aws.account.one(rt.REST_API).id, "a1b2c3d4e5"
    named.edit(NEXT, domain(paths=PATHS, restApiId=green))
    moved = ["update BasePathMapping domain/", "update BasePathMapping domain/next"]
    assert {tuple(step.changed) for step in named.preview()} == {("restApi",)}
    assert sorted(named.up()) == moved
    assert {api for api, _ in mapped(named).values()} == {green}
    named.edit(NEXT, domain(paths=PATHS))
    assert sorted(named.up()) == moved
    assert {api for api, _ in mapped(named).values()} == {own}


def test_a_new_path_is_added_before_the_old_one_goes(named: Stack) -> None:
    named.edit(NEXT, domain(paths={"/": "dev", "/v2": "next"}))
    assert named.up() == ["create BasePathMapping domain/v2", "delete BasePathMapping domain/next"]


def test_a_stage_is_deleted_after_its_path(named: Stack) -> None:
    named.edit(domain(paths={"/": "dev"}))
    done = named.up()
    path, stage = "delete BasePathMapping domain/next", "delete Stage api-next-stage"
    assert done.index(path) < done.index(stage)


def test_another_certificate_is_put_in_before_the_old_one_goes(named: Stack) -> None:
    named.edit(NEXT, domain(paths=PATHS, certificate=CERTIFICATE))
    assert named.up() == [
        "update DomainName domain-name",
        "delete CertificateValidation domain-validated",
        "delete Record domain-validation",
        "delete Certificate domain-certificate",
    ]


def test_another_name_is_complete_before_the_old_one_goes(named: Stack) -> None:
    named.edit(NEXT, domain(paths=PATHS, name="orders.example.com"))
    done = named.up()
    assert done.index("create Record domain-record") < done.index("delete Record domain-record")
    assert [line for line in done if line.startswith("update")] == []
    assert {key.partition("/")[0] for key in mapped(named)} == {"orders.example.com"}
    assert named.aws.account.one(rt.DOMAIN_NAME).id == "orders.example.com"
    assert named.aws.account.one(rt.CERTIFICATE).inputs["domainName"] == "orders.example.com"


def test_closing_the_endpoint_is_imported_and_deployed(named: Stack) -> None:
    named.edit(NEXT, domain(paths=PATHS), ("api.defaultEndpoint", "disabled"))
    done = named.up()
    assert done[0] == "update RestApi api-api"
    assert "create Deployment api-deployment" in done
    assert named.up("--refresh") == []
    assert named.aws.account.one(rt.REST_API).inputs["disableExecuteApiEndpoint"] is True


def test_everything_is_destroyed(named: Stack) -> None:
    named.destroy()
    kept = {rt.API_ACCOUNT, rt.ROLE, rt.ROLE_POLICY_ATTACHMENT}
    assert {resource.type for resource in named.aws.account.resources.values()} <= kept


def test_a_foreign_record_of_the_name_is_not_overwritten(dev: Stack) -> None:
    record = Resource(rt.RECORD, f"Z0123456789_{NAME}_A", "", {"name": NAME}, {})
    dev.aws.account.resources[record.type, record.id] = record
    dev.edit(domain())
    with pytest.raises(Exception, match="already exists"):
        dev.up()
    assert dev.aws.account.resources[record.type, record.id] is record
