"""A stack takes its API from an OpenAPI file, `api.definitionFile`."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from openapi.compiler import INTEGRATION
from openapi.completion import compile_document
from openapi.endpoint import ACCESS_MODE, CONFIGURATION, DISABLED, SECURITY_POLICY, Endpoint
from settings import ConfigError, Settings
from simulation import stack_file
from tests.openapi.documents import BASE, EXAMPLE, RESPONSES, imported, legacy, merged
from tests.stacks import ABSENT, ROOT, config, run_stack
from tests.tables import among

KEY = "private-api:api.definitionFile"
FLEET = {"port": 8443, "healthPath": "/health", "fleet": {"instanceType": "t4g.micro"}}
API_KEYS = {"names": ["warehouse"], "throttle": {"rateLimit": 1, "burstLimit": 1}}
POLICY = "SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09"
WRONG = {"paths": {"/a b": {"get": RESPONSES}}}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "service").mkdir()
    shutil.copy(ROOT / "service" / "app.py", tmp_path / "service")
    return tmp_path


def settings(root: Path, document: Any, *changes: tuple[str, Any]) -> Settings:
    text = document if isinstance(document, str) else json.dumps(document)
    (root / "orders.json").write_text(text)
    file: tuple[tuple[str, Any], ...] = (
        ("api", {"definitionFile": "orders.json"}),
        ("stages.dev.apiKeys", API_KEYS),
    )
    return Settings.read(config(*file, *changes), title="private-api-dev", root=root)


def errors(root: Path, document: Any, *changes: tuple[str, Any]) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        settings(root, document, *changes)
    return [str(problem) for problem in caught.value.problems]


def test_the_definition_is_compiled_from_the_file(root: Path) -> None:
    definition = settings(root, BASE).definition
    document = imported(BASE).document
    alone = compile_document("private-api-dev", document)
    assert definition == alone.stating(Endpoint(POLICY, "BASIC").extensions)


SERVICES = (
    ("targets.users", {**FLEET, "protocol": "https", "serverName": "users.example.com"}),
    ("stages.dev.services", {"users": "users"}),
)


def test_an_operation_and_an_integration_of_the_file_name_their_services(root: Path) -> None:
    uri, link = "https://${stageVariables.backendHost_users}/x", "${stageVariables.vpcLinkId_users}"
    document = merged(BASE, legacy({"uri": uri, "connectionId": link}))
    document = merged(document, {"paths": {"/orders": {"x-private-api-service": "users"}}})
    made = settings(root, document, *SERVICES)
    paths = made.definition.document["paths"]
    found = {path: paths[path]["get"][INTEGRATION] for path in ("/legacy", "/orders")}
    assert found["/legacy"]["uri"] == uri
    assert found["/orders"]["uri"] == "https://${stageVariables.backendHost_users}/orders"
    assert {one["connectionId"] for one in found.values()} == {link}
    assert "backendHost}" in paths["/orders/{id}"]["get"][INTEGRATION]["uri"]


def test_an_integration_of_the_file_has_the_scheme_of_its_service(root: Path) -> None:
    uri, link = "http://${stageVariables.backendHost_users}/x", "${stageVariables.vpcLinkId_users}"
    wrong = merged(BASE, legacy({"uri": uri, "connectionId": link}))
    (error,) = errors(root, wrong, *SERVICES)
    assert f"{uri!r} is http, and the targets use https" in error


def test_an_integration_without_a_service_has_the_scheme_of_the_target(root: Path) -> None:
    first = ("targets.accounts", SERVICES[0][1])  # the targets are in alphabetical order
    services = ("stages.dev.services", {"users": "accounts"})
    uri = "http://${stageVariables.backendHost}/x"
    paths = {"/orders": {"x-private-api-service": "users"}}
    document = merged(merged(BASE, legacy({"uri": uri})), {"paths": paths})
    made = settings(root, document, first, services).definition.document["paths"]
    assert made["/legacy"]["get"][INTEGRATION]["uri"] == uri


CALLED = {"paths": {"/orders": {"x-private-api-service": "users"}}}
"""One operation calls a service."""


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            {"paths": {"/orders": {"get": {"x-private-api-service": "my_users"}}}},
            f"{KEY}: orders.json: paths[\"/orders\"].get.x-private-api-service: 'my_users' is not "
            "the name of a service. Use up to",
        ),
        (
            merged(
                CALLED,
                {
                    "x-amazon-apigateway-gateway-responses": {
                        "DEFAULT_4XX": {
                            "responseTemplates": {"a/b": "$stageVariables.backendHost_more"}
                        }
                    }
                },
            ),
            "private-api:stages.dev.services.more: is missing, and the definition uses the "
            "variables of service more. Give it a target.",
        ),
        (
            merged(
                CALLED,
                legacy(
                    {
                        "uri": "http://${stageVariables.backendHost_more}/x",
                        "connectionId": "${stageVariables.vpcLinkId_more}",
                    }
                ),
            ),
            'private-api:stages.dev.services.more: is missing, and paths["/legacy"].get uses the '
            "variables of service more. Give it a target.",
        ),
    ],
)
def test_a_service_that_a_file_calls_and_no_stage_has_is_one_error(
    root: Path, change: Any, expected: str
) -> None:
    (error,) = errors(root, merged(BASE, change), *SERVICES)
    assert error.startswith(expected)


def test_a_variable_that_only_looks_like_that_of_a_service_is_set_by_the_stage(root: Path) -> None:
    uri = "http://${stageVariables.backendHost}/${stageVariables.backendHost_2}"
    own = ("stages.dev.variables", {"backendHost_2": "x"})
    assert settings(root, merged(BASE, legacy({"uri": uri})), own).stages["dev"].variables


def test_an_error_names_the_key_the_file_and_the_json_path(root: Path) -> None:
    assert errors(root, merged(BASE, WRONG)) == [
        f"{KEY}: orders.json: paths[\"/a b\"]: 'a b' has a character that API Gateway does not "
        "accept. Use letters, digits and . _ , : - in a segment, or make the whole segment a "
        "{parameter}."
    ]


def test_errors_of_the_file_and_of_the_stack_are_reported_together(root: Path) -> None:
    found = errors(root, merged(BASE, WRONG), ("owner", ABSENT))
    assert [line.partition(": ")[0] for line in found] == ["private-api:owner", KEY]


def test_the_scheme_and_the_endpoint_type_come_from_the_stack(root: Path) -> None:
    slow = merged(BASE, legacy({"timeoutInMillis": 60_000}))
    found = errors(
        root,
        slow,
        ("targets.blue.protocol", "https"),
        ("targets.blue.serverName", "orders.example.com"),
        ("api.endpointType", "edge"),
    )
    assert [line.partition("integration.")[2].partition(":")[0] for line in found] == [
        "uri",
        "timeoutInMillis",
    ]
    assert settings(root, slow).definition.longest_timeout_ms == 60_000


def test_every_stage_sets_the_variables_that_the_file_uses(root: Path) -> None:
    uri = "http://${stageVariables.backendHost}/${stageVariables.release}"
    using = merged(BASE, legacy({"uri": uri}))
    assert errors(root, using) == [
        "private-api:stages.dev.variables: does not set release, which the definition uses. Add it."
    ]
    stage = settings(root, using, ("stages.dev.variables", {"release": "v2"})).stages["dev"]
    assert stage.variables == {"release": "v2"}


def test_a_file_that_requires_api_keys_requires_them_on_every_stage(root: Path) -> None:
    assert errors(root, BASE, ("stages.dev.apiKeys", ABSENT)) == [
        'private-api:stages.dev.apiKeys: is missing, and paths["/files/{proxy+}"].'
        "x-amazon-apigateway-any-method requires an API key. Add names and a throttle, or change "
        "the authorization."
    ]


def test_a_resource_policy_has_one_source(root: Path) -> None:
    policy = {"Statement": [{"Effect": "Allow"}]}
    (root / "policy.json").write_text(json.dumps(policy))
    file = ("api.resourcePolicyFile", "policy.json")
    assert settings(root, BASE, file).definition.document["x-amazon-apigateway-policy"] == policy
    assert errors(root, {**BASE, "x-amazon-apigateway-policy": policy}, file) == [
        'private-api:api.resourcePolicyFile: "policy.json" cannot be combined with the '
        "x-amazon-apigateway-policy of orders.json. Keep one of them."
    ]


def test_a_file_states_the_endpoint_that_the_stack_sets_or_none(root: Path) -> None:
    same = {**BASE, SECURITY_POLICY: POLICY, ACCESS_MODE: "BASIC"}
    assert settings(root, same).definition == settings(root, BASE).definition
    assert errors(root, {**same, ACCESS_MODE: "STRICT"}) == [
        f'{KEY}: orders.json: {ACCESS_MODE}: "STRICT" is not what the stack sets, "BASIC". Remove '
        "it, or set `api.tls`."
    ]
    strict = ("api.tls", {"accessMode": "strict"})
    assert settings(root, {**same, ACCESS_MODE: "STRICT"}, strict)
    old = {**BASE, SECURITY_POLICY: "TLS_1_2", ACCESS_MODE: "BASIC"}
    assert len(errors(root, old, ("api.tls", {"policy": "TLS_1_2"}))) == 1


def test_a_file_closes_the_endpoint_only_together_with_the_stack(root: Path) -> None:
    servers = [{"url": "/", CONFIGURATION: {DISABLED: True}}]
    closed = ("api.defaultEndpoint", "disabled")
    document = settings(root, {**BASE, "servers": servers}, closed).definition.document
    assert document["servers"] == servers
    assert document == settings(root, BASE, closed).definition.document
    (line,) = errors(root, {**BASE, "servers": servers})
    assert line.startswith(f"{KEY}: orders.json: servers[0].{CONFIGURATION}.{DISABLED}: closes the")


POOL = "arn:aws:cognito-idp:us-east-2:111122223333:userpool/us-east-2_a1B2c3D4e"
USERS = ("api.authorizers", {"users": {"cognito": {"userPools": [POOL]}}})
TOKENS: dict[str, Any] = {
    "security": [{"users": ["orders/read"]}],
    "components": {"securitySchemes": {"users": {"type": "http", "scheme": "bearer"}}},
}


SIGNED = BASE["components"]["securitySchemes"]["sigv4"]


@pytest.mark.parametrize("scheme", [{"type": "http", "scheme": "bearer"}, {"type": "oauth2"}])
def test_an_authorizer_takes_the_place_of_a_scheme_of_the_file(
    root: Path, scheme: dict[str, str]
) -> None:
    plain = merged(merged(BASE, TOKENS), {"components": {"securitySchemes": {"users": scheme}}})
    document = settings(root, plain, USERS).definition.document
    made = document["components"]["securitySchemes"]["users"]
    assert made["x-amazon-apigateway-authorizer"]["providerARNs"] == [POOL]
    assert document["paths"]["/orders"]["get"]["security"] == [{"users": ["orders/read"]}]


def test_the_function_of_such_an_authorizer_needs_no_advice(root: Path) -> None:
    function = {"function": "arn:aws:lambda:us-east-2:111122223333:function:callers"}
    made = settings(
        root, merged(BASE, TOKENS), ("api.authorizers", {"users": {"lambda": function}})
    )
    assert made.imported
    assert [path for path, _ in made.imported.findings.advice] == [
        "components.securitySchemes.users"  # only its scopes
    ]
    assert made.definition.document["paths"]["/orders"]["get"]["security"] == [{"users": []}]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (
            BASE,
            '"users" is not a security scheme of orders.json; known: api_key, sigv4. Use the name '
            "of one, or add it there.",
        ),
        (
            merged(BASE, {"components": TOKENS["components"]}),
            'no operation of orders.json requires "users". Remove this.',
        ),
        (
            merged(BASE, {**TOKENS, "components": {"securitySchemes": {"users": SIGNED}}}),
            'orders.json already lets API Gateway check "users". Remove this, or what begins with '
            "x-amazon- there.",
        ),
    ],
)
def test_an_authorizer_that_the_file_has_no_use_for_is_refused(
    root: Path, document: Any, message: str
) -> None:
    assert errors(root, document, USERS) == [f"private-api:api.authorizers.users: {message}"]


@pytest.mark.parametrize("text", ["", "a: [", '{"a": 1, "a": 2}'])
def test_a_file_that_cannot_be_parsed_is_one_error(root: Path, text: str) -> None:
    [line] = errors(root, text)
    assert line.startswith(f'{KEY}: "orders.json" is not JSON or YAML that can be imported: ')


def test_a_missing_file_is_one_error(root: Path) -> None:
    [line] = errors(root, BASE, ("api.definitionFile", "other.json"))
    assert line.startswith(f'{KEY}: "other.json" cannot be read')


def test_the_example_stack_imports_its_file_and_sets_its_variables(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
    shutil.copy(ROOT / "examples" / "openapi.yaml", tmp_path / "Pulumi.openapi.yaml")
    example = stack_file.read(tmp_path, "openapi").config
    changes = [(key, json.loads(example[f"private-api:{key}"])) for key in ("api", "stages")]
    built = run_stack(*changes)
    body = built.one("aws:apigateway/restApiPut:RestApiPut").inputs["body"]
    expected = compile_document("private-api-dev", imported(EXAMPLE).document)
    assert among(json.loads(body), expected.document) == expected.document
    stage = built.one("aws:apigateway/stage:Stage").inputs
    assert expected.variables == stage["variables"].keys()


def test_a_base_path_is_prepended_on_request(root: Path) -> None:
    served = merged(BASE, {"servers": [{"url": "https://api.example.com/v1"}]})
    prepended = settings(root, served, ("api.basePath", "prepend")).definition.document["paths"]
    assert prepended.keys() == {f"/v1{path}" for path in BASE["paths"]}
    assert settings(root, served).definition.document["paths"].keys() == BASE["paths"].keys()


def test_a_port_of_the_listener_is_in_the_host_already(root: Path) -> None:
    twice = merged(BASE, legacy({"uri": "http://${stageVariables.backendHost}:8080/legacy"}))
    [line] = errors(root, twice, ("targets.blue.listenerPort", 8080))
    assert "adds a port to backendHost" in line


def test_what_is_left_out_of_a_file_is_logged() -> None:
    run = run_stack(("api", {"definitionFile": "tests/openapi/told.yaml"}))
    (info, left_out), (warning, advice) = run.log
    assert (info, warning) == ("INFO", "WARNING")
    assert left_out.startswith("tests/openapi/told.yaml: left out: ")
    assert "1 examples" in left_out
    assert advice.startswith("tests/openapi/told.yaml: components.securitySchemes.login: ")


def test_routes_have_nothing_to_log() -> None:
    assert run_stack().log == ()
