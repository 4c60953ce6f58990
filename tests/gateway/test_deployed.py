"""The calls to a deployed stage, against a server that answers like AWS at each hop."""

import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

import botocore.session
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from rich.console import Console

from operations.gateway import GatewayError
from operations.gateway.definition import GatewayOperation, operation_for
from operations.gateway.deployed import SAFE, Caller, check_deployed, smoke
from operations.gateway.gateway_responses import (
    NO_KEY,
    NO_PARAMETER,
    NO_TOKEN,
    NOT_CONFIGURED,
    NOT_SIGNED,
    TIMED_OUT,
    UNAUTHORIZED,
    WRONG_BODY,
    GatewayResponse,
)
from operations.gateway.hops import failing_hop
from operations.gateway.printer import Printer
from operations.gateway.promises import Promise
from operations.gateway.proxy import Request, Response, proxy
from tests.gateway.apis import ORIGIN, published

API = published(
    {"method": "GET", "path": "/open"},
    {"method": "DELETE", "path": "/open"},
    {"method": "GET", "path": "/signed/{id}", "authorization": "iam"},
    {"method": "GET", "path": "/keyed", "authorization": "apiKey"},
    {"method": "GET", "path": "/search", "query": {"q": "required"}},
    {"method": "POST", "path": "/orders", "body": "Order"},
    {"method": "GET", "path": "/me", "authorization": "users", "scopes": ["orders/read"]},
    {"method": "GET", "path": "/tenants", "authorization": "tenants"},
    cors=True,
)
CREDENTIALS = Credentials("AKIDEXAMPLE", "hush-secret", "hush-token")
KEY = "hush-key"
TOKEN = "hush.token-of.a_user"
TOKENS = {"users": TOKEN, "tenants": TOKEN}
OK = Response(200, (("Access-Control-Allow-Origin", ORIGIN),), b"{}")
Handle = Callable[[Request], Response]


def own(response: GatewayResponse) -> Response:
    return response.shaped(API.document)


def aws(request: Request, answer: Handle = lambda _: OK) -> Response:
    """What a right deployment answers, where `answer` is behind the gateway."""
    path = request.path.removeprefix("/dev")
    found = operation_for(API.document, request.method, path)
    if not isinstance(found, GatewayOperation):
        return own(NO_TOKEN)
    if found.integration_type == "mock":
        response = found.integration["responses"]["default"]["responseParameters"]
        headers = {k.removeprefix("method.response.header."): v[1:-1] for k, v in response.items()}
        return Response(204, tuple(headers.items()), b"")
    if found.authorization == "iam":
        if not (given := request.header("Authorization")):
            return own(NO_TOKEN)
        if given != signature(request):
            return own(NOT_SIGNED)
    if found.authorization == "apiKey" and request.header("X-API-Key") != KEY:
        return own(NO_KEY)
    if found.authorization == "authorizer" and TOKEN not in (
        request.header("Authorization"),
        request.header("X-Tenant"),
    ):
        return own(UNAUTHORIZED)
    if path == "/tenants" and f"t={TOKEN}" not in request.query:
        return own(UNAUTHORIZED)
    if path == "/search" and "q=" not in request.query:
        return own(NO_PARAMETER)
    if path == "/orders" and not is_right(request.body):
        return own(WRONG_BODY)
    return answer(request)


def is_right(body: bytes) -> bool:
    """Whether the model accepts a body."""
    try:
        content = json.loads(body)
        is_long = isinstance(content["id"], str) and len(content["id"]) > 11
        return is_long and type(content["count"]) is int
    except (ValueError, KeyError, TypeError):
        return False


def signature(request: Request) -> str:
    """The signature that AWS would compute of a request as it arrived."""
    given = request.header("Authorization") or ""
    names = re.search(r"SignedHeaders=([^,]+)", given)
    if not names:
        return ""
    headers = {name: request.header(name) or "" for name in names[1].split(";")}
    host = request.header("Host")
    arrived = AWSRequest(request.method, f"http://{host}{request.target}", headers, request.body)
    arrived.context["timestamp"] = headers["x-amz-date"]
    auth = SigV4Auth(CREDENTIALS, "execute-api", "us-east-2")
    del arrived.headers["host"]
    to_sign = auth.string_to_sign(arrived, auth.canonical_request(arrived))
    return re.sub("Signature=.*", f"Signature={auth.signature(to_sign, arrived)}", given)


@contextmanager
def deployed(handle: Handle, seen: list[Request]) -> Iterator[str]:
    def seeing(request: Request) -> Response:
        seen.append(request)
        return handle(request)

    with proxy(seeing) as port:
        yield f"http://127.0.0.1:{port}/dev"


@pytest.fixture
def seen() -> list[Request]:
    return []


def called(
    handle: Handle,
    seen: list[Request],
    *,
    promise: Promise = API.promise,
    key: str = KEY,
    credentials: Credentials | None = CREDENTIALS,
    tokens: Mapping[str, str] = TOKENS,
    all_methods: bool = False,
) -> tuple[bool, str]:
    output = io.StringIO()
    with deployed(handle, seen) as url:
        caller = Caller(url, "us-east-2", key, credentials, tokens)
        printer = Printer(Console(file=output, width=300))
        passed = check_deployed(promise, caller, printer, all_methods=all_methods)
    assert "hush" not in output.getvalue()
    assert "hush" not in repr(caller)
    return passed, output.getvalue()


def test_a_right_deployment_passes_with_safe_calls_only(seen: list[Request]) -> None:
    passed, output = called(aws, seen)
    assert passed, output
    paths = {request.path for request in seen if request.method == "GET"}
    assert {"/dev/open", "/dev/keyed", "/dev/search", "/dev/me", "/dev/tenants"} <= paths
    delivered = [request for request in seen if aws(request) is OK]
    assert delivered
    assert {request.method for request in delivered} <= set(SAFE)
    assert "Skipped DELETE /open: DELETE may change something (--all-methods sends it)." in output
    assert "All " in output
    queries = [request.query for request in seen]
    assert any("%20" in query for query in queries), "a space was sent"
    assert not any("+" in query for query in queries)


def test_on_request_every_method_is_sent(seen: list[Request]) -> None:
    passed, output = called(aws, seen, all_methods=True)
    assert passed, output
    delivered = {request.method for request in seen if aws(request) is OK}
    assert delivered == {"GET", "DELETE", "POST"}


def test_without_key_and_credentials_the_rest_is_called(seen: list[Request]) -> None:
    passed, output = called(aws, seen, key="", credentials=None, tokens={})
    assert passed, output
    assert "GET /signed/{id}: it needs credentials of AWS." in output
    assert "GET /keyed: it needs an API key (--api-key)." in output
    assert "GET /me: it needs a token for users (--token users=VARIABLE)." in output
    assert re.search(r"GET +/me  401 .* without Authorization", output)
    assert {request.path for request in seen if aws(request) is OK} == {"/dev/open", "/dev/search"}
    assert "GET /signed/{id} with a segment more" not in output
    assert re.search(r"GET +/signed/\S+/unused-\w+  403 .* with a segment more", output)
    assert not [request for request in seen if request.header("Authorization") == "AWS4"]


UNHEALTHY = Response(503, (), b'{"message":"Service Unavailable"}')
REFUSED = GatewayResponse(
    "INTEGRATION_FAILURE",
    504,
    "InternalServerErrorException",
    "Network error communicating with endpoint",
)
EXPIRED = GatewayResponse("EXPIRED_TOKEN", 403, "ExpiredTokenException", "expired")
DENIED = GatewayResponse(
    "ACCESS_DENIED", 403, "AccessDeniedException", "User: anonymous is not authorized to perform"
)
THROTTLED = GatewayResponse("THROTTLED", 429, "TooManyRequestsException", "Too Many Requests")


@pytest.mark.parametrize(
    ("answer", "finding"),
    [
        (own(NOT_CONFIGURED), "GET /open: stage variable: vpcLinkId is not the id of a link"),
        (own(REFUSED), "GET /open: link: the link leads to a load balancer that refuses"),
        (UNHEALTHY, "GET /open: health: no instance is healthy"),
        (own(TIMED_OUT), "GET /open: time limit: nothing came back in time"),
        (own(THROTTLED), "GET /open: throttle: a limit"),
        (own(DENIED), "GET /open: authorization: an IAM policy, the API's resource policy"),
        (own(EXPIRED), "GET /signed/{id}: authorization: the signature or the credentials"),
        (Response(500, (), b"<h1>Oops</h1>"), "GET /open: service: the service itself failed (500"),
        (replace(OK, headers=()), "GET /open: response header Access-Control-Allow-Origin: exp"),
    ],
)
def test_a_failure_behind_the_gateway_is_named_by_its_hop(
    answer: Response, finding: str, seen: list[Request]
) -> None:
    passed, output = called(lambda request: aws(request, lambda _: answer), seen)
    assert not passed
    assert finding in output
    assert "calls did not come back as promised." in output


@pytest.mark.parametrize(
    ("path", "answer", "finding"),
    [
        ("/dev/open", own(NO_TOKEN), "GET /open: path: the deployment has no such method and path"),
        ("/dev/keyed", own(NO_KEY), "GET /keyed: authorization: the API key is missing, disabled"),
        ("/dev/keyed", OK, "GET /keyed without an API key: authorization: status: expected 403"),
        ("/dev/search", OK, "GET /search without q: validation: status: expected 400, got 200"),
        ("/dev/search", own(NO_PARAMETER), "GET /search: validation: the deployed definition"),
        ("/dev/orders", OK, "POST /orders with a body that is not JSON: validation: status: exp"),
        ("/dev/open/", OK, "GET /open with a segment more: path: status: expected 403, got 200"),
        (
            "/dev/keyed",
            Response(
                403, (("x-amzn-ErrorType", "ForbiddenException"),), b'{"message":"Forbidden"}'
            ),
            "GET /keyed without an API key: authorization: response header Access-Control-Allow-",
        ),
    ],
)
def test_a_wrong_definition_is_named_by_its_hop(
    path: str, answer: Response, finding: str, seen: list[Request]
) -> None:
    passed, output = called(
        lambda r: answer if r.path == path or r.path.startswith(path + "u") else aws(r), seen
    )
    assert not passed
    assert finding in output


def test_a_route_that_needs_no_signature_any_more_is_named(seen: list[Request]) -> None:
    passed, output = called(lambda r: OK if "/signed/" in r.path else aws(r), seen)
    assert not passed
    assert "GET /signed/{id} without a signature: authorization: status: expected 403" in output


@pytest.mark.parametrize(
    ("response", "hop"),
    [
        (Response(404, (), b""), None),
        (Response(403, (), b'{"message":"Forbidden"}'), None),
        (Response(403, (("x-amzn-errortype", "ForbiddenException:http://x/"),), b""), "authoriz"),
        (Response(500, (("x-amzn-errortype", "NewException"),), b"[]"), "stage variable"),
        (Response(400, (("x-amzn-errortype", "NewException"),), b""), "authorization"),
    ],
)
def test_what_the_service_answers_itself_is_no_failure(response: Response, hop: str | None) -> None:
    found = failing_hop(response)
    assert (found.name[: len(hop)] if found and hop else found) == hop


def url_error(url: str, key: str = "", stack: str = "dev") -> str:
    with pytest.raises(GatewayError) as raised:
        smoke(stack, url, key, Console(file=io.StringIO()))
    return str(raised.value)


@pytest.mark.parametrize("url", ["example.com/dev", "http://example.com/dev", "ftp://x/dev"])
def test_only_https_leaves_this_machine(url: str) -> None:
    assert "is not a URL such as https://.../dev" in url_error(url)


def test_an_api_key_is_never_quoted() -> None:
    error = url_error("https://example.com/dev", KEY)
    assert "names an environment variable" in error
    assert KEY not in error


def test_a_stage_that_the_stack_does_not_have_is_answered_with_those_that_it_has(
    seen: list[Request],
) -> None:
    promise = replace(API.promise, releases={"live": {}, "next": {}})
    with pytest.raises(
        GatewayError, match=r"'dev', .* is not a stage of this stack \(live, next\)"
    ):
        called(aws, seen, promise=promise)


def test_a_url_of_the_domain_leads_to_the_stage_of_its_path(seen: list[Request]) -> None:
    release = API.promise.releases["dev"]["dev"]
    releases = {name: {name: release} for name in ("live", "next")}
    printer = Printer(Console(file=io.StringIO()))
    with deployed(aws, seen) as url:
        promise = replace(API.promise, releases=releases, urls={url: "next"})
        assert check_deployed(
            promise, Caller(f"{url}/", "us-east-2", KEY, CREDENTIALS), printer, all_methods=True
        )


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("https://api.example.com/next", "api.example.com has `mutualTls`"),
        ("https://a1b2.execute-api.us-east-2.amazonaws.com/live", "`api.defaultEndpoint` disables"),
    ],
)
def test_a_url_that_no_call_can_reach_is_not_called(url: str, message: str) -> None:
    assert message in url_error(url, stack="examples/domain.yaml")


def test_an_endpoint_that_nobody_has_is_one_sentence() -> None:
    caller = Caller("http://127.0.0.1:9/dev", "us-east-2")
    with pytest.raises(GatewayError, match=r"^--url: the endpoint: Could not connect"):
        check_deployed(API.promise, caller, Printer(Console(file=io.StringIO())))


def test_a_stack_is_called_with_the_key_of_a_variable(
    seen: list[Request], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARTNER", KEY)
    monkeypatch.setattr(botocore.session.Session, "get_credentials", lambda _: CREDENTIALS)
    output = io.StringIO()
    with deployed(lambda _: OK, seen) as url:
        stack = "examples/api-keys.yaml"
        assert smoke(stack, url, "PARTNER", Console(file=output, width=200)) == 1
    assert KEY in {request.header("X-API-Key") for request in seen}
    assert "without an API key: authorization: status: expected 403, got 200" in output.getvalue()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("hush-token", r"not an authorizer of this stack \(partners, tenants, users\)"),
        ("iam=TOKEN", "not an authorizer of this stack"),
        ("users=hush-token", "such as users=TOKEN, and the one given is not set"),
    ],
)
def test_a_token_is_named_by_its_authorizer_and_its_variable(given: str, message: str) -> None:
    with pytest.raises(GatewayError, match=message) as caught:
        smoke(
            "examples/authorizers.yaml",
            "https://x.example/dev",
            "",
            Console(),
            token_variables=[given],
        )
    assert "hush" not in str(caught.value)
