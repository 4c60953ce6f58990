"""The integrations that a document has already; they are kept as they are.

Sources:
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-integration.html,
https://docs.aws.amazon.com/apigateway/latest/developerguide/request-response-data-mappings.html
"""

import re
from collections.abc import Mapping
from typing import Any

from openapi.compiler import INTEGRATION
from openapi.document import Document, Operation, identity, mapping
from openapi.hints import listed
from openapi.paths import Problems, at
from openapi.routes import MAX_TIMEOUT_MS

_MIN_TIMEOUT_MS = 50
_FIRST_HIGH_PORT = 1025
_LOCATIONS = {"path": "path", "querystring": "query", "header": "header"}
"""Locations of a parameter in OpenAPI, by their names in mappings."""


def problems(document: Document, scheme: str | None, endpoint_type: str) -> Problems:
    """Everything that is wrong with integrations."""
    for operation in document.operations:
        if INTEGRATION not in operation.spec:
            continue
        path, spec = at(operation.json_path, INTEGRATION), operation.spec[INTEGRATION]
        if not isinstance(spec, Mapping) or "$ref" in spec:
            yield path, "is not an object; only HTTP APIs follow references here. Write it out."
            continue
        kind = str(spec.get("type")).lower()
        if kind not in ("http", "http_proxy", "mock"):
            allowed = "http_proxy or http with a VPC link, or mock"
            text = f"{spec.get('type')!r} does not call a private service"
            yield at(path, "type"), f"{text}. Use {allowed}."
            continue
        if kind != "mock":
            yield from _link_problems(path, spec)
            yield from _uri_problems(path, spec, scheme)
        yield from _option_problems(path, spec, endpoint_type)
        yield from _request_problems(operation, path, spec)
        if kind != "http_proxy":
            yield from _response_problems(document, operation, path, spec)


def _link_problems(path: str, spec: Mapping[str, Any]) -> Problems:
    if "integrationTarget" in spec:
        yield at(path, "integrationTarget"), "is for Application Load Balancers. Remove it."
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


def _uri_problems(path: str, spec: Mapping[str, Any], scheme: str | None) -> Problems:
    if spec.get("httpMethod") is None:
        yield at(path, "httpMethod"), "is missing. Set the method to call, or ANY."
    path, uri = at(path, "uri"), str(spec.get("uri"))
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
    if not parts["path"]:
        yield path, f"{uri!r} has no path. Add one, such as / at the end."
    port = re.search(r":(\d+)$", parts["host"])
    if port and int(port[1]) not in (80, 443) and int(port[1]) < _FIRST_HIGH_PORT:
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
    if "serverNameToVerify" in mapping(spec.get("tlsConfig")):
        option = at(path, "tlsConfig", "serverNameToVerify")
        yield option, "is for HTTP APIs. Remove it, and use the server's name as host of the uri."


def _request_problems(operation: Operation, path: str, spec: Mapping[str, Any]) -> Problems:
    declared = {("path", name) for name in operation.path_parameters}
    declared |= {identity(parameter) for _, parameter in operation.parameters}
    for target, source in mapping(spec.get("requestParameters")).items():
        target_path = at(path, "requestParameters", target)
        if not re.fullmatch(r"integration\.request\.(path|querystring|header)\..+", target):
            allowed = "integration.request.path, .querystring or .header"
            yield target_path, f"is not part of a request. Write {allowed}, then the name."
        parts = re.fullmatch(
            r"method\.request\.(?:multivalue)?(path|querystring|header)\.(.+)", str(source)
        )
        if parts and (_LOCATIONS[parts[1]], parts[2]) not in declared:
            advice = f"Add it to the operation's parameters, with `in: {_LOCATIONS[parts[1]]}`."
            yield target_path, f"{source!r} is not declared. {advice}"


def _response_problems(
    document: Document, operation: Operation, path: str, spec: Mapping[str, Any]
) -> Problems:
    declared = mapping(operation.spec.get("responses"))
    responses = mapping(spec.get("responses"))
    if not responses:
        yield at(path, "responses"), 'is missing. Add a response, such as {"default": ...}.'
    for pattern, response in responses.items():
        response_path = at(path, "responses", pattern)
        status = str(mapping(response).get("statusCode"))
        if status not in declared:
            known = f"the operation's responses ({listed(declared)})"
            yield at(response_path, "statusCode"), f"{status!r} is not in {known}. Add it there."
            continue
        headers = mapping(document.resolve("responses", "", declared[status])[1]).get("headers")
        for target in mapping(mapping(response).get("responseParameters")):
            name = target.removeprefix("method.response.header.")
            if name not in mapping(headers):
                header_path = at(response_path, "responseParameters", target)
                yield header_path, f"{name!r} is not a header of response {status}. Add it there."
