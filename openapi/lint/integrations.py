"""The integrations that a document has already; they are kept as they are.

Sources:
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-integration.html,
https://docs.aws.amazon.com/apigateway/latest/developerguide/request-response-data-mappings.html
"""

import re
from collections.abc import Mapping
from typing import Any, Protocol

from openapi.compiler import BINARY_MEDIA_TYPES, INTEGRATION, INTEGRATION_TARGET
from openapi.document import Document, Operation, identity, mapping, sequence
from openapi.hints import listed
from openapi.lint.mappings import REQUEST, RESPONSE, mapping_problems, undeclared
from openapi.lint.values import Integration, value_problems
from openapi.paths import Problems, at
from openapi.routes import MAX_TIMEOUT_MS, SCHEME_PORTS
from openapi.variables import SERVICE, SERVICE_NAME, Pair, pair_with

_MIN_TIMEOUT_MS = 50
_FIRST_HIGH_PORT = 1025


class StackOptions(Protocol):
    """What integrations are checked against."""

    @property
    def schemes(self) -> tuple[tuple[str, str], ...]:
        """Services, each with the scheme of its targets, as far as they are known."""

    @property
    def endpoint_type(self) -> str:
        """Regional or edge."""

    @property
    def host_has_port(self) -> bool:
        """Whether the host of a target contains a port."""


def problems(document: Document, options: StackOptions) -> Problems:
    """Everything that is wrong with integrations."""
    for operation in document.operations:
        if INTEGRATION not in operation.spec:
            pair = Pair(operation.service)
            if pair != pair_with(pair.link):
                text = f"{pair.service!r:.80} is not the name of a service"
                yield at(operation.json_path, SERVICE), f"{text}. {SERVICE_NAME}"
            continue
        if SERVICE in operation.spec:
            yield (
                at(operation.json_path, SERVICE),
                "has no effect beside an integration, whose stage variables name the service. "
                "Remove one of them.",
            )
        path, spec = at(operation.json_path, INTEGRATION), operation.spec[INTEGRATION]
        if not isinstance(spec, Mapping) or "$ref" in spec:
            yield path, "is not an object; only HTTP APIs follow references here. Write it out."
            continue
        shown = {key: value for key, value in spec.items() if not key.startswith("integration")}
        yield from value_problems(path, Integration, {"type": "", **shown})
        kind = str(spec.get("type")).lower()
        if kind not in ("http", "http_proxy", "mock"):
            allowed = "http_proxy or http with a VPC link, or mock"
            text = f"{spec.get('type')!r} does not call a private service"
            yield at(path, "type"), f"{text}. Use {allowed}."
            continue
        if kind != "mock":
            yield from _link_problems(path, spec)
            yield from _uri_problems(path, spec, options)
        yield from _option_problems(path, spec, options.endpoint_type)
        yield from _binary_problems(document, path, spec)
        yield from _request_problems(operation, path, spec)
        if kind != "http_proxy":
            yield from _response_problems(document, operation, path, spec)


def _link_problems(path: str, spec: Mapping[str, Any]) -> Problems:
    for key in ("integrationTarget", INTEGRATION_TARGET):
        if key in spec:
            text = "is filled in from the targets, if they have `link: v2`. Remove it."
            yield at(path, key), text
    connection, link = spec.get("connectionType", "INTERNET"), spec.get("connectionId")
    if connection != "VPC_LINK":
        advice = "Set VPC_LINK, and connectionId."
        text = f"{connection!r} does not reach a private service"
        yield at(path, "connectionType"), f"{text}. {advice}"
    elif link is None:
        yield at(path, "connectionId"), "is missing. Write ${stageVariables.vpcLinkId}."
    elif not re.fullmatch(r"\$\{stageVariables\.\w+\}|[a-z0-9]{4,20}", str(link)):
        advice = "Write ${stageVariables.vpcLinkId}."
        yield at(path, "connectionId"), f"{link!r} is not the id of a VPC link. {advice}"


def _uri_problems(path: str, spec: Mapping[str, Any], options: StackOptions) -> Problems:
    if spec.get("httpMethod") is None:
        yield at(path, "httpMethod"), "is missing. Set the method to call, or ANY."
    path, uri = at(path, "uri"), str(spec.get("uri"))
    pair = _pair_of(uri.partition("://")[2].partition("/")[0]) or Pair()
    linked = _pair_of(str(spec.get("connectionId")))
    scheme = dict(options.schemes).get(pair.service)
    parts = re.match(r"(?P<scheme>https?)://(?P<host>[^/?#]+)(?P<path>/?)", uri)
    if not parts:
        yield (
            path,
            f"{uri!r} is not a URL with a literal scheme. Write one such as "
            f"{scheme or 'http'}://${{stageVariables.backendHost}}/path.",
        )
        return
    if scheme and parts["scheme"] != scheme:
        yield (
            path,
            f"{uri!r} is {parts['scheme']}, and the targets use {scheme}. Write {scheme}://, or "
            "change their `protocol`.",
        )
    if linked and pair != linked and pair.host in uri:
        yield (
            path,
            f"{uri!r} has the host of {_named(pair)} and the link of {_named(linked)}. Write "
            f"${{stageVariables.{linked.host}}}, or change connectionId.",
        )
    if not parts["path"]:
        yield path, f"{uri!r} has no path. Add one, such as / at the end."
    port = re.search(r":(\d+)$", parts["host"])
    variable = f"${{stageVariables.{pair.host}}}:"
    if parts["host"].startswith(variable) and (
        options.host_has_port or not port or int(port[1]) != SCHEME_PORTS[parts["scheme"]]
    ):
        yield (
            path,
            f"{uri!r} adds a port to {pair.host}, which has that of the target's listener "
            "already where it is needed. Remove the port, and set `listenerPort` on the target.",
        )
    elif port and int(port[1]) not in (80, 443) and int(port[1]) < _FIRST_HIGH_PORT:
        yield path, f"{uri!r} has a port that API Gateway cannot call. Use 80, 443 or above 1024."
    for name in re.findall(r"(?<!\$)\{([^{}]*)\}", uri):
        target = f"integration.request.path.{name}"
        if name.endswith("+"):
            yield (
                path,
                f"{{{name}}} has a plus, which is for paths of the API. Write {name[:-1]!r}.",
            )
        elif target not in mapping(spec.get("requestParameters")):
            yield path, f"{{{name}}} is sent literally. Map it: add {target} to requestParameters."


def _pair_of(text: str) -> Pair | None:
    """The stage variables of a service, one of which is in a text."""
    found = (pair_with(name) for name in re.findall(r"\$\{stageVariables\.(\w+)\}", text))
    return next(filter(None, found), None)


def _named(pair: Pair) -> str:
    return f"service {pair.service}" if pair.service else "the stage's target"


def _option_problems(path: str, spec: Mapping[str, Any], endpoint_type: str) -> Problems:
    limit, timeout = MAX_TIMEOUT_MS[endpoint_type], spec.get("timeoutInMillis", _MIN_TIMEOUT_MS)
    if type(timeout) is not int or not _MIN_TIMEOUT_MS <= timeout <= limit:
        yield (
            at(path, "timeoutInMillis"),
            f"{timeout!r} is not a whole number from {_MIN_TIMEOUT_MS} to {limit}, the limits of "
            f"an API with `endpointType: {endpoint_type}`. Change one of the two.",
        )
    behavior = spec.get("passthroughBehavior", "when_no_match")
    if str(behavior).lower() not in ("when_no_match", "when_no_templates", "never"):
        allowed = "when_no_match, when_no_templates or never"
        yield at(path, "passthroughBehavior"), f"{behavior!r} is unknown. Use {allowed}."


def _binary_problems(document: Document, path: str, spec: Mapping[str, Any]) -> Problems:
    """Templates read text, and get none where every media type is binary: AWS answers 500."""
    binary = sequence(document.content.get(BINARY_MEDIA_TYPES))
    reads_text = str(spec.get("type")).lower() == "mock" or spec.get("requestTemplates")
    if "*/*" in binary and reads_text and spec.get("contentHandling") != "CONVERT_TO_TEXT":
        yield (
            path,
            f"has a template, and {BINARY_MEDIA_TYPES} makes every body binary: calls would be "
            "answered with 500. Add `contentHandling: CONVERT_TO_TEXT`.",
        )


def _request_problems(operation: Operation, path: str, spec: Mapping[str, Any]) -> Problems:
    if "requestParameters" not in spec:
        return
    declared = {("path", name) for name in operation.path_parameters}
    declared |= {identity(parameter) for _, parameter in operation.parameters}
    place, mapped = at(path, "requestParameters"), spec["requestParameters"]
    shown = "integration.request.path, .querystring or .header"
    yield from mapping_problems(place, mapped, REQUEST, shown, "request")
    yield from undeclared(place, mapped, declared)


def _response_problems(
    document: Document, operation: Operation, path: str, spec: Mapping[str, Any]
) -> Problems:
    declared = mapping(operation.spec.get("responses")) or {"200": {}}
    responses = mapping(spec.get("responses"))
    if not responses:
        yield at(path, "responses"), 'is missing. Add a response, such as {"default": ...}.'
    for pattern, response in responses.items():
        response_path = at(path, "responses", pattern)
        status = str(mapping(response).get("statusCode"))
        mapped = mapping(response).get("responseParameters", {})
        place, shown = at(response_path, "responseParameters"), "method.response.header"
        yield from mapping_problems(place, mapped, RESPONSE, shown, "response")
        if status not in declared:
            known = f"the operation's responses ({listed(declared)})"
            yield at(response_path, "statusCode"), f"{status!r} is not in {known}. Add it there."
            continue
        headers = mapping(document.resolve((), declared[status])).get("headers")
        for target in mapping(mapped):
            name = target.removeprefix("method.response.header.")
            if name not in mapping(headers) and name != target:
                text = f"{name!r} is not a header of response {status}. Add it there."
                yield at(place, target), text
