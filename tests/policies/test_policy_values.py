"""Reading through the SDK's proxies, in three values."""

import base64
import gzip
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi_policy.proxy import (
    UNKNOWN_ARRAY_VALUE,
    UNKNOWN_BOOLEAN_VALUE,
    UNKNOWN_NUMBER_VALUE,
    UNKNOWN_OBJECT_VALUE,
    UNKNOWN_STRING_VALUE,
    UnknownValueError,
    unknown_checking_proxy,
)

from policies.pack.graph.arn import parse, partition_of
from policies.pack.graph.definition import (
    UnreadableError,
    operations,
    read,
    sole_variable,
    substituted,
    variables,
)
from policies.pack.graph.secrets import holds_secret, names_secret
from policies.pack.graph.values import (
    UNKNOWN,
    Unknown,
    items,
    knows,
    parsed,
    peek,
    plain,
    same,
    truth,
)
from policies.pack.rules.compute import decoded

SENTINELS = (
    UNKNOWN_STRING_VALUE,
    UNKNOWN_NUMBER_VALUE,
    UNKNOWN_BOOLEAN_VALUE,
    UNKNOWN_ARRAY_VALUE,
    UNKNOWN_OBJECT_VALUE,
)
leaves = st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3)
trees = st.recursive(
    leaves | st.sampled_from(SENTINELS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


def expected(value: Any) -> Any:
    """The tree that reading should give, built without the proxies."""
    if isinstance(value, dict):
        return {key: expected(item) for key, item in value.items()}
    if isinstance(value, list):
        return [expected(item) for item in value]
    return UNKNOWN if value in SENTINELS else value


def alike(a: Any, b: Any) -> bool:
    """Whether two trees are equal, unknowns included."""
    if isinstance(a, Unknown) or isinstance(b, Unknown):
        return a is b
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(alike(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(alike, a, b))
    return bool(a == b)


@given(st.dictionaries(st.text(max_size=3), trees, max_size=4))
def test_reading_keeps_everything_and_names_what_is_unknown(props: dict[str, Any]) -> None:
    assert alike(plain(unknown_checking_proxy(props)), expected(props))


def test_the_proxies_raise_where_reading_does_not() -> None:
    props = unknown_checking_proxy({"list": [UNKNOWN_STRING_VALUE, "b"]})
    with pytest.raises(UnknownValueError):
        list(props["list"])
    assert plain(props)["list"][1] == "b"


def test_whole_numbers_arrive_as_int() -> None:
    read_back = plain({"port": 80.0, "rate": 0.5, "on": True})
    assert read_back == {"port": 80, "rate": 0.5, "on": True}
    assert [type(value) for value in read_back.values()] == [int, float, bool]


def test_an_unknown_is_no_condition_and_equals_nothing() -> None:
    with pytest.raises(TypeError):
        bool(UNKNOWN)
    with pytest.raises(TypeError):
        _ = [Unknown()] == [UNKNOWN]
    with pytest.raises(TypeError):
        _ = UNKNOWN != "text"
    with pytest.raises(TypeError):
        hash(UNKNOWN)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (("a", "b"), 1),
        (("list", 1), "y"),
        (("list", 2), None),
        (("list", "x"), None),
        (("a", "missing"), None),
        (("a", "b", "c"), None),
        (("a", 0), None),
        ((), ...),
    ],
)
def test_a_path_leads_to_a_value_or_to_nothing(path: tuple[str | int, ...], found: Any) -> None:
    tree = {"a": {"b": 1}, "list": ["x", "y"]}
    assert peek(tree, *path) == (tree if found is ... else found)


def test_everything_below_an_unknown_is_unknown() -> None:
    assert peek({"a": UNKNOWN}, "a", "b", 0) is UNKNOWN
    assert peek({"a": [UNKNOWN]}, "a", 0) is UNKNOWN


def test_one_value_counts_as_a_list_of_one() -> None:
    assert items(None) == []
    assert items("one") == ["one"]
    assert items(["one", "two"]) == ["one", "two"]
    assert items(UNKNOWN)[0] is UNKNOWN


def test_only_a_known_value_can_be_the_same() -> None:
    assert same("a", "a")
    assert not same("a", "b")
    assert same(UNKNOWN, "a") is False
    assert same("a", UNKNOWN) is False
    assert same(UNKNOWN, UNKNOWN) is False


def test_an_unknown_is_found_however_deep_it_is() -> None:
    assert knows({"a": [{"b": None}]})
    assert not knows({"a": [{"b": UNKNOWN}]})
    assert not knows([UNKNOWN])
    assert not knows(UNKNOWN)


@pytest.mark.parametrize(
    ("value", "meaning"),
    [(True, True), (False, False), ("true", True), ("False", False), ("x", None), (1, None)],
)
def test_booleans_may_be_text(value: Any, meaning: bool | None) -> None:
    assert truth(value) is meaning


@pytest.mark.parametrize(
    ("value", "meaning"),
    [('["1"]', ["1"]), ("12", 12), ("us-east-2", "us-east-2"), (None, None), ([1], [1])],
)
def test_properties_of_providers_are_json_or_text(value: Any, meaning: Any) -> None:
    assert parsed(value) == meaning


NLB = "arn:aws:elasticloadbalancing:us-east-2:111122223333:loadbalancer/net/name/0123456789abcdef"


def test_an_arn_is_taken_apart() -> None:
    arn = parse(NLB)
    assert arn
    assert (arn.partition, arn.service, arn.region, arn.account) == (
        "aws",
        "elasticloadbalancing",
        "us-east-2",
        "111122223333",
    )
    assert arn.text == NLB
    assert arn.load_balancer_type == "net"
    assert arn.is_consistent


def test_what_an_arn_leaves_out_is_empty() -> None:
    arn = parse("arn:aws:apigateway:us-east-2::/restapis/abc")
    assert arn
    assert (arn.region, arn.account) == ("us-east-2", "")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (NLB.replace("/net/", "/app/"), "app"),
        (NLB.replace("loadbalancer", "listener"), ""),
        ("arn:aws:execute-api:us-east-2:111122223333:abc", ""),
        ("arn:aws:apigateway:us-east-2::/restapis/abc", ""),
        (NLB.replace("elasticloadbalancing", "other"), ""),
    ],
)
def test_only_load_balancers_have_a_type(text: str, kind: str) -> None:
    arn = parse(text)
    assert arn
    assert arn.load_balancer_type == kind


@pytest.mark.parametrize(
    "text", ["", "arn:aws", NLB + " ", NLB.replace("111122223333", "1111"), None, UNKNOWN, 7]
)
def test_anything_else_is_no_arn(text: Any) -> None:
    assert parse(text) is None


@pytest.mark.parametrize(
    ("region", "partition"),
    [
        ("us-east-1", "aws"),
        ("cn-north-1", "aws-cn"),
        ("us-gov-west-1", "aws-us-gov"),
        ("us-iso-east-1", "aws-iso"),
        ("us-isob-east-1", "aws-iso-b"),
        ("eu-isoe-west-1", "aws-iso-e"),
        ("us-isof-south-1", "aws-iso-f"),
        ("eusc-de-east-1", "aws-eusc"),
    ],
)
def test_every_region_lies_in_its_partition(region: str, partition: str) -> None:
    assert partition_of(region) == partition


def test_an_arn_without_region_contradicts_nothing() -> None:
    arn = parse("arn:aws-cn:iam::111122223333:role/x")
    assert arn
    assert arn.is_consistent


def routes(document: dict[str, Any]) -> dict[str, tuple[bool, bool]]:
    """Whether each route asks for authorization, and for a key."""
    return {o.route: (o.authorized, o.keyed) for o in operations(document)}


SCHEMES = {
    "sigv4": {
        "type": "apiKey",
        "name": "Authorization",
        "x-amazon-apigateway-authtype": "awsSigv4",
    },
    "own": {"type": "apiKey", "name": "X", "x-amazon-apigateway-authorizer": {"type": "token"}},
    "key": {"type": "apiKey", "name": "X-API-Key", "in": "header"},
    "other": {"type": "apiKey", "name": "x-other", "in": "header"},
    "not a key": {"type": "http", "name": "x-api-key"},
}


@pytest.mark.parametrize(
    ("security", "asked"),
    [
        ([{"sigv4": []}], (True, False)),
        ([{"own": []}], (True, False)),
        ([{"key": []}], (False, True)),
        ([{"sigv4": [], "key": []}], (True, True)),
        ([{"sigv4": []}, {"key": []}], (False, False)),
        ([{"sigv4": []}, {}], (False, False)),
        ([{"other": []}], (False, False)),
        ([{"not a key": []}], (False, False)),
        ([], (False, False)),
        (None, (False, False)),
    ],
)
@pytest.mark.parametrize("where", ["components", "securityDefinitions"])
def test_the_weakest_alternative_of_an_operation_counts(
    security: Any, asked: tuple[bool, bool], where: str
) -> None:
    schemes = {"securitySchemes": SCHEMES} if where == "components" else SCHEMES
    document = {where: schemes, "paths": {"/a": {"get": {"security": security}}}}
    assert routes(document) == {"GET /a": asked}


def test_what_is_no_operation_is_passed_over() -> None:
    document = {
        "paths": {
            "/a": {
                "parameters": [],
                "get": {},
                "x-amazon-apigateway-any-method": {},
                "put": None,
                "x": {},
            },
            "/b": "text",
        }
    }
    assert set(routes(document)) == {"GET /a", "ANY /a"}
    assert routes({}) == {}


def test_an_integration_may_be_a_reference_into_the_document() -> None:
    shared = {"connectionType": "VPC_LINK"}
    document = {
        "openapi": "3.0.1",
        "components": {"x-amazon-apigateway-integrations": {"one": shared}},
        "paths": {
            "/a": {
                "get": {
                    "x-amazon-apigateway-integration": {
                        "$ref": "#/components/x-amazon-apigateway-integrations/one"
                    }
                },
                "put": {"x-amazon-apigateway-integration": {"$ref": "#/components/missing"}},
                "head": {"x-amazon-apigateway-integration": {"$ref": "#/openapi"}},
                "post": {"x-amazon-apigateway-integration": shared},
            }
        },
    }
    found = {o.verb: o.integration for o in operations(document)}
    assert found == {"GET": shared, "PUT": None, "HEAD": None, "POST": shared}


def test_a_document_is_json_or_yaml() -> None:
    assert read('{"paths": {}}') == {"paths": {}}
    assert read("paths: {}") == {"paths": {}}
    for text in ("text", "[1]", "a: ["):
        with pytest.raises(UnreadableError) as caught:
            read(text)
        assert text not in str(caught.value)


def test_variables_are_found_wherever_they_are_mentioned() -> None:
    value = {
        "uri": "http://${stageVariables.host}/${stageVariables.base}/x",
        "list": ["stageVariables.tenant", 7],
        "template": "$stageVariables.get('quoted') $stageVariables.plain",
    }
    assert variables(value) == {"host", "base", "tenant", "quoted", "plain"}
    assert variables(None) == frozenset()


def test_a_text_can_be_one_variable_and_no_more() -> None:
    assert sole_variable("${stageVariables.link}") == "link"
    assert sole_variable("x${stageVariables.link}") is None
    assert sole_variable("link") is None


def test_variables_without_a_value_stay() -> None:
    text = "${stageVariables.a}:${stageVariables.b}"
    assert substituted(text, {"a": "1"}) == "1:${stageVariables.b}"
    assert substituted(text, {"a": "1", "b": None}) == "1:${stageVariables.b}"


@pytest.mark.parametrize(
    "text",
    [
        "AKIA" + "ABCDEFGHIJKLMNOP",
        "ASIA" + "ABCDEFGHIJKLMNOP",
        "-----BEGIN RSA PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----",
        "ghp_" + "a" * 36,
        "xoxb-" + "1" * 12,
        "eyJhbGciOiJI.eyJzdWIiOiIx.abc",
        "https://user:pass@host/",
        "password=hunter2hunter2",
        'db_passwd: "hunter2hunter2"',
        '"apiKey": "0123456789"',
        "SECRET_TOKEN=abcdefgh",
    ],
)
def test_secrets_are_recognised(text: str) -> None:
    assert holds_secret(f"before {text} after")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "password=$PASSWORD",
        "password=$(fetch)",
        "token = read_token(path)",
        "token: settings.token",
        "password=short",
        "https://host/path?user=a",
        "AKIA too short",
        "the secret of good logs",
    ],
)
def test_what_is_no_secret_is_left_alone(text: str) -> None:
    assert not holds_secret(text)


def test_names_can_promise_a_secret() -> None:
    assert names_secret("dbPassword")
    assert names_secret("API-KEY")
    assert names_secret("clientSecret")
    assert not names_secret("vpcLinkId")
    assert not names_secret("backendHost")


@given(st.text())
def test_user_data_are_decoded_from_every_form(text: str) -> None:
    raw = text.encode()
    assert decoded(base64.b64encode(raw).decode()) == text
    assert decoded(base64.b64encode(gzip.compress(raw)).decode()) == text


def test_user_data_that_are_no_text_are_decoded_as_far_as_they_go() -> None:
    assert decoded(base64.b64encode(b"\xffpassword").decode()) == "\ufffdpassword"


def test_user_data_that_are_no_base64_are_taken_as_they_are() -> None:
    assert decoded("#!/bin/sh\n") == "#!/bin/sh\n"
    broken = base64.b64encode(b"\x1f\x8bbroken").decode()
    assert decoded(broken) == broken
