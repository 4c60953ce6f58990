"""The calls of the check, sent to a deployed stage: the smoke test after an update."""

import os
import re
import time
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import botocore.session
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError
from botocore.httpsession import URLLib3Session
from botocore.utils import get_environ_proxies
from rich.console import Console

from openapi.hints import listed
from operations.gateway import GatewayError
from operations.gateway.authorizers import StubAuthorizer, needs_token, with_token
from operations.gateway.definition import operations
from operations.gateway.expectations import Expectation, mismatches
from operations.gateway.gateway_responses import ACCESS_DENIED, ERROR_TYPE
from operations.gateway.hops import failing_hop, hop_of_refusal, message
from operations.gateway.printer import Printer
from operations.gateway.promises import Promise, promise
from operations.gateway.proxy import Request, Response
from operations.gateway.request_plan import PlannedRequest, Release, plan_requests
from operations.gateway.sample_requests import SIGNATURE, without_header
from operations.gateway.targets import SERVICES_OWN
from settings import Settings
from simulation import stack_file
from simulation.rehearsal import ROOT

SAFE = ("GET", "HEAD", "OPTIONS")
"""Methods that change nothing at a service which keeps to HTTP."""
_NO_HOST = "{}.invalid"
_LONGEST_SECONDS = 310
_OWN_ENDPOINT = re.compile(r"\.execute-api\.([a-z0-9-]+)\.")
_LOOPBACK = ("127.0.0.1", "localhost")


@dataclass(frozen=True)
class Caller:
    """What the calls are made with; `repr` shows neither key nor tokens nor credentials."""

    url: str
    region: str
    api_key: str = ""
    credentials: Credentials | None = None
    tokens: Mapping[str, str] = field(default_factory=dict)
    """A token that is admitted, by the name of its authorizer."""

    def __repr__(self) -> str:
        return f"Caller({self.url!r})"


def smoke(
    stack: str,
    url: str,
    api_key_variable: str,
    console: Console,
    *,
    token_variables: Sequence[str] = (),
    all_methods: bool = False,
) -> int:
    """Call a deployed stage of a stack, print every call, and return an exit code.

    0 if everything came back as the configuration promises, else 1. `api_key_variable` names the
    environment variable with an API key, `token_variables` such as `users=TOKEN` those with tokens
    for authorizers. Without `all_methods`, only GET, HEAD and OPTIONS are
    sent, and what has to be refused. Raises GatewayError, StackFileError or ConfigError.
    """
    file = stack_file.read(ROOT, stack)
    settings = Settings.read(
        file.config, title=f"{file.project}-{stack}", secret_keys=file.secret_keys
    )
    _check_url(url, settings)
    promised = promise(settings)
    caller = replace(
        _caller(url, file.config, api_key_variable),
        tokens=dict(_token(pair, promised) for pair in token_variables),
    )
    return 0 if check_deployed(promised, caller, Printer(console), all_methods=all_methods) else 1


def check_deployed(
    promised: Promise, caller: Caller, printer: Printer, *, all_methods: bool = False
) -> bool:
    """Whether a deployed stage keeps what is promised; prints each call, and where it failed."""
    release = _release(promised, caller)
    plan = plan_requests(promised.document, release)
    skipped, called, failed = dict(plan.skipped), 0, 0
    authorizers = {o.route: StubAuthorizer.of(o) for o in operations(promised.document)}
    for planned in plan.requests:
        # Nobody can ask a deployed service, or the function of an authorizer, for it.
        if planned.behavior != SERVICES_OWN or planned.refusal == ACCESS_DENIED.kind:
            continue
        authorizer = authorizers.get(planned.route)
        if authorizer and not planned.is_nowhere and needs_token(planned.request):
            if not (token := caller.tokens.get(authorizer.name)):
                name = authorizer.name
                reason = f"it needs a token for {name} (--token {name}=VARIABLE)"
                skipped.setdefault(planned.route, reason)
                continue
            planned = replace(planned, request=with_token(planned.request, token))  # noqa: PLW2901
        reason = _not_sent(planned, caller, all_methods)
        if reason:
            skipped.setdefault(planned.route, reason)
            continue
        called += 1
        found = _call(planned, caller, printer)
        for mismatch in found:
            why = f" {planned.why}" if planned.why else ""
            printer.problem(f"  {planned.route}{why}: {mismatch}")
        failed += bool(found)
    for route, reason in skipped.items():
        printer.line(f"Skipped {route}: {reason}.", style="yellow")
    if called and not failed:
        printer.line(f"All {called} calls came back as promised.", style="green")
        return True
    printer.problem(
        f"{failed} of {called} calls did not come back as promised."
        if called
        else "Nothing was called."
    )
    return False


def _check_url(url: str, settings: Settings) -> None:
    """GatewayError if no call to the URL can succeed."""
    host = urllib.parse.urlsplit(url).hostname or ""
    domain = settings.api.domain
    if domain and domain.mutual_tls and host == domain.name:
        raise GatewayError(
            f"--url: {host} has `mutualTls`, and these calls present no certificate. Call it with "
            "a client that has one."
        )
    if settings.api.endpoint.disabled and _OWN_ENDPOINT.search(host):
        raise GatewayError(
            f"--url: {host} is the API's own endpoint, which `api.defaultEndpoint` disables. Give "
            "a URL of the domain: `pulumi stack output domain_urls`."
        )


def _release(promised: Promise, caller: Caller) -> Release:
    url, stages = caller.url.rstrip("/"), promised.releases
    path = urllib.parse.urlsplit(url).path
    stage = promised.urls.get(url) or path.rpartition("/")[2]
    if stage not in stages and len(stages) == 1:  # a domain name that the stack does not know
        stage = next(iter(stages))
    if stage not in stages:
        raise GatewayError(
            f"--url: {stage!r}, the end of the path, is not a stage of this stack ("
            f"{', '.join(stages)}). Give a URL of the stage: `pulumi stack output invoke_urls`, or "
            "`domain_urls`."
        )
    own = stages[stage][stage]
    hosts = {pair.host: _NO_HOST.format(target) for pair, target in own.targets.items()}
    return Release(
        name=stage,
        variables={**own.variables, **hosts},
        targets={_NO_HOST.format(target): target for target in own.targets.values()},
        api_key=caller.api_key,
    )


def _not_sent(planned: PlannedRequest, caller: Caller, all_methods: bool) -> str:
    """Why a call is not made; empty if it is."""
    request, has_to_arrive = planned.request, planned.expectation.delivery is not None
    if has_to_arrive and request.method not in SAFE and not all_methods:
        return f"{request.method} may change something (--all-methods sends it)"
    if planned.is_nowhere:
        return ""
    if request.header("X-API-Key") == "":
        return "it needs an API key (--api-key)"
    if request.header("Authorization") == SIGNATURE and not caller.credentials:
        return "it needs credentials of AWS"
    return ""


def _call(planned: PlannedRequest, caller: Caller, printer: Printer) -> list[str]:
    started = time.monotonic()
    response = send(planned.request, caller)
    milliseconds = (time.monotonic() - started) * 1000
    note = f"  {planned.why}" if planned.why else ""
    printer.line(
        f"{planned.request.method:7} {planned.request.path}  {response.status}  "
        f"{milliseconds:.0f} ms{note}"
    )
    return list(_wrong(planned, response))


def _wrong(planned: PlannedRequest, response: Response) -> Iterator[str]:
    """What is wrong with a response, after the hop where it went wrong."""
    expectation, hop = planned.expectation, failing_hop(response)
    failure = hop and (
        f"{hop.name}: {hop.cause} ({response.status} {message(response)!r}, "
        f"{response.header(ERROR_TYPE) or 'no error type'})"
    )
    if expectation.delivery is None:
        found = mismatches(planned.request, expectation, (), response)
        where = hop_of_refusal(planned.refusal, planned.why)
        if failure and response.status != expectation.status:
            yield failure
        elif found:
            yield f"{where}: {'; '.join(found)}"
        return
    if failure:
        yield failure
        return
    listed = {status for _, status in expectation.statuses}
    if listed and response.status not in listed:
        yield f"path: {response.status} is not a response of this route"
    origin = Expectation(
        None, status=response.status, response_headers=expectation.response_headers
    )
    yield from mismatches(planned.request, origin, (), response)


def send(request: Request, caller: Caller) -> Response:
    """Send a request below the URL, signed if it has the place of a signature."""
    # A plus in a query is signed as it is, and read as a space.
    target = request.path + (f"?{query}" if (query := request.query.replace("+", "%20")) else "")
    signs = request.header("Authorization") == SIGNATURE
    if signs:
        request = without_header(request, "Authorization")
    prepared = AWSRequest(
        request.method, caller.url.rstrip("/") + target, dict(request.headers), request.body
    )
    if signs and caller.credentials:
        SigV4Auth(caller.credentials, "execute-api", caller.region).add_auth(prepared)
    session = URLLib3Session(timeout=_LONGEST_SECONDS, proxies=get_environ_proxies(caller.url))
    try:
        answer = session.send(prepared.prepare())
    except BotoCoreError as error:
        raise GatewayError(f"--url: the endpoint: {error}") from None
    return Response(answer.status_code, tuple(answer.headers.items()), answer.content)


def _token(pair: str, promised: Promise) -> tuple[str, str]:
    """The name of an authorizer, and the token in an environment variable."""
    name, _, variable = pair.partition("=")
    authorizers = {StubAuthorizer.of(operation) for operation in operations(promised.document)}
    known = sorted({authorizer.name for authorizer in authorizers if authorizer})
    if name not in known:
        # What is given is not quoted: it may be a token.
        raise GatewayError(
            f"--token: what is before the = is not an authorizer of this stack ({listed(known)})."
        )
    if not os.environ.get(variable):
        raise GatewayError(
            "--token names an authorizer and an environment variable that holds its token, such as "
            "users=TOKEN, and the one given is not set. Export it, and give its name."
        )
    return name, os.environ[variable]


def _caller(url: str, config: Mapping[str, str], api_key_variable: str) -> Caller:
    parts = urllib.parse.urlsplit(url)
    if not parts.hostname or not (
        parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    ):
        raise GatewayError(f"--url: {url!r} is not a URL such as https://.../dev.")
    key = os.environ.get(api_key_variable, "") if api_key_variable else ""
    if api_key_variable and not key:
        # The value given is not quoted: it may be the key itself.
        raise GatewayError(
            "--api-key names an environment variable that holds the key, and the one given is not "
            "set. Export it, and give its name."
        )
    region = _OWN_ENDPOINT.search(parts.hostname)
    try:
        session = botocore.session.Session(profile=config.get("aws:profile") or None)
        credentials = session.get_credentials()
    except BotoCoreError as error:
        raise GatewayError(f"the credentials of AWS: {error}") from None
    return Caller(url, region[1] if region else config["aws:region"], key, credentials)
