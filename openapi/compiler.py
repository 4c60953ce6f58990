"""Routes compiled into the one OpenAPI 3.0 document that API Gateway imports.

The document holds nothing unknown: the VPC link and the host stand in it as stage variables.
Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from openapi.routes import Cors, Route

LINK_VARIABLE = "vpcLinkId"
"""Stage variable with the id of the VPC link."""
HOST_VARIABLE = "backendHost"
"""Stage variable with the host of the service, or host:port."""
INTEGRATION = "x-amazon-apigateway-integration"
ANY_METHOD = "x-amazon-apigateway-any-method"
_VALIDATORS = {
    "body": {"validateRequestBody": True, "validateRequestParameters": True},
    "parameters": {"validateRequestBody": False, "validateRequestParameters": True},
}
# ${stageVariables.x} in a URI, stageVariables.x in a mapping, $stageVariables.get('x') in VTL.
_VARIABLE = re.compile(r"stageVariables(?:\.get\(\W+|\[\W+|\.)(\w+)")
_SCHEME_NAMES = {"iam": "sigv4", "apiKey": "api_key"}
_SCHEMES: dict[str, dict[str, Any]] = {
    "sigv4": {
        "type": "apiKey",
        "name": "Authorization",
        "in": "header",
        "x-amazon-apigateway-authtype": "awsSigv4",
    },
    "api_key": {"type": "apiKey", "name": "x-api-key", "in": "header"},
}
_SIGNED_HEADERS = ("authorization", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token")


@dataclass(frozen=True)
class Definition:
    """An OpenAPI 3.0 document with the hash that tells whether it changed."""

    document: Mapping[str, Any]

    @property
    def json(self) -> str:
        """The document in one canonical form, whatever the order of its keys was."""
        return _canonical(self.document)

    @property
    def fingerprint(self) -> str:
        """SHA-256, in hex, of all but the description, which quotes it."""
        return self.document["info"]["description"].rpartition(" ")[2]  # type: ignore[no-any-return]

    @property
    def variables(self) -> frozenset[str]:
        """Names of the stage variables that every stage has to set."""
        return frozenset(_VARIABLE.findall(self.json))

    @property
    def longest_timeout_ms(self) -> int:
        """The longest wait for the service that any operation allows, in milliseconds."""
        waits = [i.get("timeoutInMillis", 29_000) for i in integrations(self.document)]
        return max(waits, default=29_000)


def integrations(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Every integration of a document."""
    for operations in document["paths"].values():
        for operation in operations.values():
            if isinstance(operation, Mapping) and INTEGRATION in operation:
                yield operation[INTEGRATION]


def compile_routes(
    title: str,
    routes: Sequence[Route],
    *,
    scheme: str = "http",
    verify_authority: bool = True,
    cors: Cors | None = None,
    models: Mapping[str, Any] | None = None,
    resource_policy: Mapping[str, Any] | None = None,
) -> Definition:
    """One document for routes that `route_problems` has nothing to say about.

    `title` becomes the name of the API: it has to be unique in the account and region, because
    CloudWatch keys the API's metrics by it.
    """
    compiler = _Compiler(scheme, verify_authority, cors)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        method = ANY_METHOD if route.method == "ANY" else route.method.lower()
        paths.setdefault(route.path, {})[method] = compiler.operation(route)
    if cors:
        for path, operations in paths.items():
            operations["options"] = compiler.preflight(
                path, [route for route in routes if route.path == path], cors
            )
    used = {_SCHEME_NAMES[r.authorization] for r in routes if r.authorization != "none"}
    components = {
        "securitySchemes": {name: _SCHEMES[name] for name in used},
        "schemas": dict(models or {}),
    }
    document = {
        "openapi": "3.0.1",
        "info": {"title": title, "version": "1"},
        "paths": paths,
        "components": {key: value for key, value in components.items() if value},
        "x-amazon-apigateway-api-key-source": "HEADER",
        "x-amazon-apigateway-binary-media-types": ["*/*"],
        "x-amazon-apigateway-gateway-responses": gateway_responses(cors),
    }
    if validators := {name for route in routes if (name := _validator(route))}:
        document["x-amazon-apigateway-request-validators"] = {
            name: _VALIDATORS[name] for name in validators
        }
    if resource_policy:
        document["x-amazon-apigateway-policy"] = resource_policy
    return finish(document)


def finish(document: Mapping[str, Any]) -> Definition:
    """The document with its own hash in the description, to tell what runs from what is meant."""
    info = {key: value for key, value in document["info"].items() if key != "description"}
    digest = hashlib.sha256(_canonical({**document, "info": info}).encode()).hexdigest()
    described = {**info, "description": f"Definition {digest}"}
    return Definition({**document, "info": described})


def gateway_responses(cors: Cors | None) -> dict[str, Any]:
    """Errors of the gateway itself: JSON with the request id, readable from the allowed origin."""
    body = '{"message":$context.error.messageString,"requestId":"$context.requestId"}'
    response: dict[str, Any] = {"responseTemplates": {"application/json": body}}
    if cors:
        response["responseParameters"] = {
            "gatewayresponse.header.Access-Control-Allow-Origin": f"'{cors.allow_origin}'"
        }
    return {"DEFAULT_4XX": response, "DEFAULT_5XX": response}


@dataclass(frozen=True)
class _Compiler:
    scheme: str
    verify_authority: bool
    cors: Cors | None

    def operation(self, route: Route) -> dict[str, Any]:
        operation: dict[str, Any] = {
            "responses": self._method_responses(route),
            INTEGRATION: self._integration(route),
        }
        if parameters := list(_parameters(route)):
            operation["parameters"] = parameters
        if route.authorization != "none":
            # On each operation: a root `security` is not honoured everywhere.
            operation["security"] = [{_SCHEME_NAMES[route.authorization]: []}]
        if route.body:
            schema = {"$ref": f"#/components/schemas/{route.body}"}
            operation["requestBody"] = {
                "required": True,
                "content": {"application/json": {"schema": schema}},
            }
        if validator := _validator(route):
            operation["x-amazon-apigateway-request-validator"] = validator
        return operation

    def _integration(self, route: Route) -> dict[str, Any]:
        # The path is explicit even for "/": without one, what the service sees is not defined.
        path = route.backend_path or route.path.replace("+}", "}")
        integration: dict[str, Any] = {
            "type": route.integration,
            "httpMethod": route.method,
            "uri": f"{self.scheme}://${{stageVariables.{HOST_VARIABLE}}}{path}",
            "connectionType": "VPC_LINK",
            "connectionId": f"${{stageVariables.{LINK_VARIABLE}}}",
            "passthroughBehavior": "when_no_match",
            "timeoutInMillis": route.timeout_ms,
        }
        if mapped := _mapped(route, path):
            integration["requestParameters"] = mapped
        if route.integration == "http":
            integration["responses"] = self._integration_responses(route)
        if not self.verify_authority:
            integration["tlsConfig"] = {"insecureSkipVerification": True}
        return integration

    def _method_responses(self, route: Route) -> dict[str, Any]:
        if route.integration == "http_proxy":
            return {"200": {"description": "Whatever the service answers."}}
        response: dict[str, Any] = {}
        if self.cors:
            response["headers"] = {"Access-Control-Allow-Origin": {"schema": {"type": "string"}}}
        statuses = {**dict.fromkeys(route.responses, "An answer of the service.")}
        statuses.setdefault("502", "The service gave an answer that is not listed.")
        return {status: {"description": text, **response} for status, text in statuses.items()}

    def _integration_responses(self, route: Route) -> dict[str, Any]:
        """Patterns over the service's status; a bare default must not turn failures into 200."""
        shared: dict[str, Any] = {}
        if self.cors:
            header = "method.response.header.Access-Control-Allow-Origin"
            shared["responseParameters"] = {header: f"'{self.cors.allow_origin}'"}
        answers = {
            response.pattern or (r"2\d{2}" if status == "200" else status): status
            for status, response in route.responses.items()
        }
        answers["default"] = "502"
        return {pattern: {"statusCode": status, **shared} for pattern, status in answers.items()}

    def preflight(self, path: str, routes: Sequence[Route], cors: Cors) -> dict[str, Any]:
        """The gateway's own answer to a browser's question; it takes no key and no signature."""
        headers = {
            "Access-Control-Allow-Origin": cors.allow_origin,
            "Access-Control-Allow-Methods": ",".join(_allowed_methods(routes)),
            "Access-Control-Allow-Headers": ",".join(_allowed_headers(routes, cors)),
            "Access-Control-Max-Age": str(cors.max_age_seconds),
        }
        declared = {name: {"schema": {"type": "string"}} for name in headers}
        operation: dict[str, Any] = {
            "responses": {"204": {"description": "What a page may send.", "headers": declared}},
            INTEGRATION: {
                "type": "mock",
                # The binary media types cover everything, and a mock reads its template as text.
                "contentHandling": "CONVERT_TO_TEXT",
                "passthroughBehavior": "when_no_match",
                "requestTemplates": {"application/json": '{"statusCode": 204}'},
                "responses": {
                    "default": {
                        "statusCode": "204",
                        "responseParameters": {
                            f"method.response.header.{name}": f"'{value}'"
                            for name, value in headers.items()
                        },
                    }
                },
            },
        }
        if names := re.findall(r"\{([^}+]*)\+?\}", path):
            operation["parameters"] = [_parameter(name, "path", True) for name in names]
        return operation


def _validator(route: Route) -> str | None:
    """Name of the validator that a route needs, if it checks anything."""
    if route.body:
        return "body"
    required = "required" in (*route.query.values(), *route.headers.values())
    return "parameters" if required else None


def _parameter(name: str, place: str, required: bool) -> dict[str, Any]:
    return {"name": name, "in": place, "required": required, "schema": {"type": "string"}}


def _parameters(route: Route) -> Iterator[dict[str, Any]]:
    yield from (_parameter(name, "path", True) for name in route.parameters)
    for place, named in (("query", route.query), ("header", route.headers)):
        for name, presence in named.items():
            yield _parameter(name, place, presence == "required")


def _mapped(route: Route, path: str) -> dict[str, str]:
    """Request parameters handed on; a path parameter has to be mapped or it stays a literal."""
    mapped = {
        f"integration.request.path.{name}": f"method.request.path.{name}"
        for name in route.parameters
        if f"{{{name}}}" in path
    }
    if route.integration == "http":  # a proxy passes these on by itself
        for place, names in (("querystring", route.query), ("header", route.headers)):
            for name in names:
                mapped[f"integration.request.{place}.{name}"] = f"method.request.{place}.{name}"
    return mapped


def _allowed_methods(routes: Iterable[Route]) -> list[str]:
    methods = {route.method for route in routes}
    if "ANY" in methods:
        methods = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}
    return sorted({*methods, "OPTIONS"})


def _allowed_headers(routes: Sequence[Route], cors: Cors) -> list[str]:
    needed = {name.lower() for name in cors.allow_headers}
    authorizations = {route.authorization for route in routes}
    if "iam" in authorizations:
        needed.update(_SIGNED_HEADERS)
    if "apiKey" in authorizations:
        needed.add("x-api-key")
    return sorted(needed)


def _canonical(document: Mapping[str, Any]) -> str:
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
