"""Integrations that a user's own OpenAPI document has already: what contradicts what.

They are kept as they are. Sources:
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-integration.html,
https://docs.aws.amazon.com/apigateway/latest/developerguide/request-response-data-mappings.html
"""

import re
from collections.abc import Mapping
from typing import Any

from openapi.compiler import INTEGRATION
from openapi.document import Found, Operation, mapping, resolve
from openapi.paths import at
from openapi.routes import MAX_TIMEOUT_MS

_MIN_TIMEOUT_MS = 50
_FIRST_HIGH_PORT = 1025
_LOCATIONS = {"path": "path", "querystring": "query", "header": "header"}
"""Where a parameter is, as mappings and as OpenAPI call it."""


def integration_problems(
    document: Mapping[str, Any],
    operation: Operation,
    *,
    scheme: str | None = None,
    endpoint_type: str = "regional",
) -> Found:
    """What is wrong with the integration of an operation, as (JSON path, message)."""
    if INTEGRATION not in operation.said:
        return
    place, said = at(operation.place, INTEGRATION), operation.said[INTEGRATION]
    if not isinstance(said, Mapping) or "$ref" in said:
        yield place, "is not written out, which only HTTP APIs allow. Write it in its place."
        return
    kind = str(said.get("type")).lower()
    if kind not in ("http", "http_proxy", "mock"):
        yield (
            at(place, "type"),
            f"{said.get('type')!r} does not call the private service. Use http_proxy or http "
            "with a VPC link, or mock.",
        )
        return
    if kind != "mock":
        yield from _connection(place, said)
        yield from _address(place, said, scheme)
    yield from _manner(place, said, endpoint_type)
    yield from _request(operation, place, said)
    if kind != "http_proxy":
        yield from _answers(document, operation, place, said)


def _connection(place: str, said: Mapping[str, Any]) -> Found:
    if "integrationTarget" in said:
        yield (
            at(place, "integrationTarget"),
            "is for links to application load balancers, which are not made here. Remove it.",
        )
    connection, link = said.get("connectionType", "INTERNET"), said.get("connectionId")
    if connection != "VPC_LINK":
        yield (
            at(place, "connectionType"),
            f"{connection!r} goes over the internet, and the service is private. Set VPC_LINK, "
            "and connectionId.",
        )
    elif link is None:
        yield (
            at(place, "connectionId"),
            "is missing with VPC_LINK. Write ${stageVariables.vpcLinkId}.",
        )
    elif not re.fullmatch(r"\$\{stageVariables\.\w+\}|[a-z0-9]{4,20}", str(link)):
        yield (
            at(place, "connectionId"),
            f"{link!r} is neither a stage variable nor the id of a link. Write "
            "${stageVariables.vpcLinkId}.",
        )


def _address(place: str, said: Mapping[str, Any], scheme: str | None) -> Found:
    if said.get("httpMethod") is None:
        yield at(place, "httpMethod"), "is missing. Name the method to call, or ANY."
    where, uri = at(place, "uri"), str(said.get("uri"))
    parts = re.match(r"(?P<scheme>https?)://(?P<host>[^/?#]+)(?P<path>/?)", uri)
    if not parts:
        yield (
            where,
            f"{uri!r} is no address with a literal scheme. Write one such as "
            f"{scheme or 'http'}://${{stageVariables.backendHost}}/path.",
        )
        return
    if scheme and parts["scheme"] != scheme:
        yield (
            where,
            f"{uri!r} is {parts['scheme']}, and the targets speak {scheme}. Write {scheme}://, "
            "or change their `protocol`.",
        )
    if not parts["path"]:
        yield where, f"{uri!r} has no path. Write one, if only a / at the end."
    port = re.search(r":(\d+)$", parts["host"])
    if port and int(port[1]) not in (80, 443) and int(port[1]) < _FIRST_HIGH_PORT:
        yield where, f"{uri!r} has a port that API Gateway does not call: 80, 443 or above 1024."
    mapped = mapping(said.get("requestParameters"))
    for name in re.findall(r"(?<!\$)\{([^{}]*)\}", uri):
        if name.endswith("+"):
            yield (
                where,
                f"{{{name}}} has a plus, which is for paths of the API. Write {name[:-1]!r}.",
            )
        elif f"integration.request.path.{name}" not in mapped:
            yield (
                where,
                f"{{{name}}} is not mapped, and the service would see it as it stands. Add "
                f"integration.request.path.{name} to requestParameters.",
            )


def _manner(place: str, said: Mapping[str, Any], endpoint_type: str) -> Found:
    limit, wait = MAX_TIMEOUT_MS[endpoint_type], said.get("timeoutInMillis", _MIN_TIMEOUT_MS)
    if type(wait) is not int or not _MIN_TIMEOUT_MS <= wait <= limit:
        yield (
            at(place, "timeoutInMillis"),
            f"{wait!r} is not a whole number between {_MIN_TIMEOUT_MS} and {limit}, the limits "
            f"of an API with `endpointType: {endpoint_type}`. Change one of the two.",
        )
    behavior = said.get("passthroughBehavior", "when_no_match")
    if str(behavior).lower() not in ("when_no_match", "when_no_templates", "never"):
        yield (
            at(place, "passthroughBehavior"),
            f"{behavior!r} is unknown. Use when_no_match, when_no_templates or never.",
        )
    if "serverNameToVerify" in mapping(said.get("tlsConfig")):
        yield (
            at(place, "tlsConfig", "serverNameToVerify"),
            "is for HTTP APIs. Remove it, and write the server's name as the host of the uri.",
        )


def _request(operation: Operation, place: str, said: Mapping[str, Any]) -> Found:
    declared = {("path", name) for name in operation.path_parameters}
    declared |= {(str(p.get("in")), str(p.get("name"))) for _, p in operation.parameters}
    for target, source in mapping(said.get("requestParameters")).items():
        where = at(place, "requestParameters", target)
        if not re.fullmatch(r"integration\.request\.(path|querystring|header)\..+", target):
            yield (
                where,
                "is no part of a request. Write integration.request, then .path, .querystring "
                "or .header, then the name.",
            )
        parts = re.fullmatch(
            r"method\.request\.(?:multivalue)?(path|querystring|header)\.(.+)", str(source)
        )
        if parts and (_LOCATIONS[parts[1]], parts[2]) not in declared:
            yield (
                where,
                f"{source!r} is not declared. Add it to the operation's parameters, with "
                f"`in: {_LOCATIONS[parts[1]]}`.",
            )


def _answers(
    document: Mapping[str, Any], operation: Operation, place: str, said: Mapping[str, Any]
) -> Found:
    responses = mapping(operation.said.get("responses"))
    answers = mapping(said.get("responses"))
    if not answers:
        yield (
            at(place, "responses"),
            'is missing, so that every call would fail. Add one, such as {"default": ...}.',
        )
    for pattern, answer in answers.items():
        where = at(place, "responses", pattern)
        status = str(mapping(answer).get("statusCode"))
        if status not in responses:
            listed = ", ".join(responses) or "none"
            yield (
                at(where, "statusCode"),
                f"{status!r} is not among the operation's responses ({listed}). Add it there.",
            )
            continue
        _, response = resolve(document, "responses", "", responses[status])
        headers = mapping(mapping(response).get("headers"))
        for target in mapping(mapping(answer).get("responseParameters")):
            name = target.removeprefix("method.response.header.")
            if name not in headers:
                yield (
                    at(where, "responseParameters", target),
                    f"{name!r} is not among the headers of response {status}. Add it there.",
                )
