"""Property values in three states, ARNs, secrets and user data."""

import base64
import gzip
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.pack.graph.arn import parse, partition_of
from policies.pack.graph.secrets import holds_secret, names_secret
from policies.pack.graph.user_data import decode as decode_user_data
from policies.pack.values import (
    UNKNOWN,
    UnknownValue,
    as_boolean,
    decoded,
    each,
    equals,
    is_known,
    items,
    peek,
)


def test_an_unknown_value_is_neither_a_condition_nor_comparable() -> None:
    with pytest.raises(TypeError):
        bool(UNKNOWN)
    with pytest.raises(TypeError):
        _ = [UnknownValue()] == [UNKNOWN]
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


def test_a_list_along_a_path_stands_for_its_elements() -> None:
    tree = {"a": [{"b": 1}, {"b": [2, 3]}, {"c": 4}, UNKNOWN]}
    *known, last = each(tree, "a", "b")
    assert known == [1, 2, 3]
    assert last is UNKNOWN
    assert each(tree, "missing", "b") == []


def test_only_a_known_value_can_be_equal() -> None:
    assert equals("a", "a")
    assert not equals("a", "b")
    assert equals(UNKNOWN, "a") is False
    assert equals("a", UNKNOWN) is False
    assert equals(UNKNOWN, UNKNOWN) is False


def test_an_unknown_value_is_found_at_any_depth() -> None:
    assert is_known({"a": [{"b": None}]})
    assert not is_known({"a": [{"b": UNKNOWN}]})
    assert not is_known([UNKNOWN])
    assert not is_known(UNKNOWN)


@pytest.mark.parametrize(
    ("value", "meaning"),
    [(True, True), (False, False), ("true", True), ("False", False), ("x", None), (1, None)],
)
def test_booleans_may_be_text(value: Any, meaning: bool | None) -> None:
    assert as_boolean(value) is meaning


@pytest.mark.parametrize(
    ("value", "meaning"),
    [('["1"]', ["1"]), ("12", 12), ("us-east-2", "us-east-2"), (None, None), ([1], [1])],
)
def test_properties_of_providers_are_json_or_text(value: Any, meaning: Any) -> None:
    assert decoded(value) == meaning


NLB = "arn:aws:elasticloadbalancing:us-east-2:111122223333:loadbalancer/net/name/0123456789abcdef"


def test_an_arn_is_parsed_into_its_parts() -> None:
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


def test_the_parts_that_an_arn_omits_are_empty() -> None:
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
def test_anything_else_is_not_an_arn(text: Any) -> None:
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
def test_every_region_is_in_its_partition(region: str, partition: str) -> None:
    assert partition_of(region) == partition


def test_an_arn_without_region_contradicts_nothing() -> None:
    arn = parse("arn:aws-cn:iam::111122223333:role/x")
    assert arn
    assert arn.is_consistent


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
        "PASSWORD=hunter2",
        "export DB_PASSWORD='correct horse'",
        'password: "p@ss w0rd"',
        '{"password": "hunter2!"}',
        r"{\"password\": \"hunter2\"}",
        "MYSQL_PWD=abc123",
        "db_pass='hunter2'",
        "DB_PASSWORD=p@ssw0rd!",
        "Server=x;Password=Abc123;Pwd=y",
        "mysql --password=hunter2 -u x",
        "curl --token abcdef1",
        'secret := "abcdef"',
    ],
)
def test_secrets_are_recognized(text: str) -> None:
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
        "PASSWORD_FILE=/run/secrets/db",
        "SECRET_ARN=arn:aws:secretsmanager:us-east-2:111122223333:secret:orders",
        "aws secretsmanager get-secret-value --secret-id orders/db",
        "PASSWORD={{ password }}",
        'PASSWORD="$DB_PASSWORD"',
        "TOKEN=`fetch`",
        'curl -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" -H "X-aws-ec2-metadata-token: $T"',
        "def check(token: str, password: string): ...",
        "if password == other_value:",
        "http_tokens=required",
        "LoadCredential=key:/etc/service/key.pem",
        "PWD=/root bypass=something",
        "the secret of good logs",
    ],
)
def test_other_text_is_not_a_secret(text: str) -> None:
    assert not holds_secret(text)


def test_names_can_suggest_a_secret() -> None:
    assert names_secret("dbPassword")
    assert names_secret("API-KEY")
    assert names_secret("clientSecret")
    assert names_secret("dbPwd")
    assert names_secret("db_pass")
    assert not names_secret("bypass")
    assert not names_secret("vpcLinkId")
    assert not names_secret("backendHost")


@given(st.text(max_size=20))
def test_user_data_is_decoded_from_every_form(text: str) -> None:
    raw = text.encode()
    assert decode_user_data(base64.b64encode(raw).decode()) == text
    assert decode_user_data(base64.b64encode(gzip.compress(raw)).decode()) == text


def test_user_data_that_is_not_text_is_decoded_as_far_as_possible() -> None:
    assert decode_user_data(base64.b64encode(b"\xffpassword").decode()) == "\ufffdpassword"


def test_the_parts_of_user_data_are_decoded() -> None:
    inner = base64.b64encode(b"password").decode()
    headers = "Content-Transfer-Encoding: base64\nContent-Type: text/plain"
    whole = 'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="b"'
    raw = f"{whole}\n\n--b\n{headers}\n\n{inner}"
    assert "password" in decode_user_data(base64.b64encode(raw.encode()).decode())


@pytest.mark.parametrize("encode", [base64.b64encode, base64.encodebytes])
def test_the_files_in_user_data_are_decoded(encode: Callable[[bytes], bytes]) -> None:
    file = encode(b"password=" + b"x" * 100).decode().replace("\n", "\n    ")
    raw = f"#cloud-config\nwrite_files:\n- content: |\n    {file}\n  owner: root\n"
    assert f"password={'x' * 100}" in decode_user_data(base64.b64encode(raw.encode()).decode())


def test_the_parts_of_user_data_are_decompressed() -> None:
    inner = base64.encodebytes(gzip.compress(b"password")).decode()
    headers = "Content-Transfer-Encoding: base64\nContent-Type: text/plain"
    raw = f'from: a\ncontent-type: multipart/mixed; boundary="b"\n\n--b\n{headers}\n\n{inner}'
    assert "password" in decode_user_data(raw)


def test_user_data_that_is_not_base64_is_not_decoded() -> None:
    assert decode_user_data("#!/bin/sh\n") == "#!/bin/sh\n"
    broken = base64.b64encode(b"\x1f\x8bbroken").decode()
    assert decode_user_data(broken) == broken
