"""Routes compiled into the one OpenAPI 3.0 document that API Gateway imports.

Every value in the document is known at preview, because the VPC link and the host are stage
variables; with a VPC link V2, all but the ARN of a load balancer that does not exist yet.
Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from openapi.authorizers import Authorizer, headers_of, security_scheme
from openapi.routes import DEFAULT_TIMEOUT_MS, Cors, Route, path_parameters

INTEGRATION = "x-amazon-apigateway-integration"
INTEGRATION_TARGET = "integration-target"
"""Key of an integration with the ARN of the load balancer, which a VPC link V2 needs.

No stage variable can stand there, as far as is known.
Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-private-integration.html
"""
ANY_METHOD = "x-amazon-apigateway-any-method"
POLICY = "x-amazon-apigateway-policy"
BINARY_MEDIA_TYPES = "x-amazon-apigateway-binary-media-types"
ANY_MEDIA_TYPE = "$default"
"""The model of a body whose media type has none; without it, such a body is not validated.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-request-validation.html
"""
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
    """The definition of an API: an OpenAPI 3.0 document with the API's name and a hash."""

    title: str
    """Name of the API. It must be unique in the account and region, because CloudWatch groups the
    API's metrics by it."""
    fingerprint: str
    """SHA-256 of the document, in hex."""
    document: Mapping[str, Any]

    @property
    def json(self) -> str:
        """The document in canonical form: the order of its keys does not matter."""
        return _canonical(self.document)

    def reaching(self, arns: Mapping[str, str]) -> str:
        """The document in canonical form, with the ARNs of new load balancers by their target."""
        # Within a JSON string, quotes are escaped, so this is found nowhere else.
        pair, text = f'"{INTEGRATION_TARGET}":"{{}}"', self.json
        for target, arn in arns.items():
            text = text.replace(pair.format(balancer_placeholder(target)), pair.format(arn))
        return text

    def stating(self, root: Mapping[str, Any]) -> "Definition":
        """The definition with these keys at its root."""
        return fingerprinted(self.title, {**self.document, **root})

    @property
    def variables(self) -> frozenset[str]:
        """Names of the stage variables that every stage has to set."""
        return stage_variables(self.document)

    @property
    def longest_timeout_ms(self) -> int:
        """The longest integration timeout of any operation, in milliseconds."""
        timeouts = [
            operation[INTEGRATION].get("timeoutInMillis", DEFAULT_TIMEOUT_MS)
            for item in self.document["paths"].values()
            for operation in item.values()
            if isinstance(operation, Mapping) and INTEGRATION in operation
        ]
        return max(timeouts, default=DEFAULT_TIMEOUT_MS)


@dataclass(frozen=True)
class Backend:
    """How API Gateway calls a service, whichever target a stage gives it."""

    scheme: str = "http"
    verify_authority: bool = True
    """Whether the authority of its certificate is verified."""
    integration_target: str | None = None
    """For a VPC link V2: the ARN of the load balancer, or its placeholder."""


def balancer_placeholder(target: str) -> str:
    """What stands for the ARN of a target's load balancer until AWS has made it.

    The hash is of the document with this text, and so is known at preview.
    """
    return f"load balancer of {target}"


def stage_variables(document: Mapping[str, Any]) -> frozenset[str]:
    """Names of the stage variables that a document uses."""
    return frozenset(_VARIABLE.findall(_canonical(document)))


def compile_routes(
    title: str,
    routes: Sequence[Route],
    *,
    backends: Mapping[str, Backend] = MappingProxyType({}),
    cors: Cors | None = None,
    models: Mapping[str, Any] | None = None,
    authorizers: Mapping[str, Authorizer] | None = None,
    resource_policy: Mapping[str, Any] | None = None,
) -> Definition:
    """The definition of an API with routes in which `route_problems` finds nothing.

    `backends` are by service; that of routes without a service has an empty name.
    """
    known = authorizers or {}
    compiler = _Compiler(backends, cors, known)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        method = ANY_METHOD if route.method == "ANY" else route.method.lower()
        paths.setdefault(route.path, {})[method] = compiler.operation(route)
    if cors:
        for path, operations in paths.items():
            operations["options"] = compiler.preflight(
                path, [route for route in routes if route.path == path], cors
            )
    components = {
        "securitySchemes": _security_schemes(routes, known),
        "schemas": dict(models or {}),
    }
    document = {
        "openapi": "3.0.1",
        "info": {"version": "1"},
        "paths": paths,
        "components": {key: value for key, value in components.items() if value},
        "x-amazon-apigateway-api-key-source": "HEADER",
        BINARY_MEDIA_TYPES: ["*/*"],
        "x-amazon-apigateway-gateway-responses": gateway_responses(cors),
    }
    if validators := {name for route in routes if (name := _validator(route))}:
        document["x-amazon-apigateway-request-validators"] = {
            name: _VALIDATORS[name] for name in validators
        }
    if resource_policy:
        document[POLICY] = resource_policy
    return fingerprinted(title, document)


def fingerprinted(title: str, document: Mapping[str, Any]) -> Definition:
    """The definition with a title, and with the hash by which its deployments differ."""
    titled = {**document, "info": {**document["info"], "title": title}}
    digest = hashlib.sha256(_canonical(titled).encode()).hexdigest()
    return Definition(title, digest, titled)


def gateway_responses(cors: Cors | None) -> dict[str, Any]:
    """Error responses of API Gateway itself: JSON with the request id, with the CORS header."""
    body = '{"message":$context.error.messageString,"requestId":"$context.requestId"}'
    response: dict[str, Any] = {"responseTemplates": {"application/json": body}}
    if cors:
        response["responseParameters"] = {
            "gatewayresponse.header.Access-Control-Allow-Origin": f"'{cors.allow_origin}'"
        }
    return {"DEFAULT_4XX": response, "DEFAULT_5XX": response}


@dataclass(frozen=True)
class _Compiler:
    backends: Mapping[str, Backend]
    cors: Cors | None
    authorizers: Mapping[str, Authorizer]

    def operation(self, route: Route) -> dict[str, Any]:
        operation: dict[str, Any] = {
            "responses": self._method_responses(route),
            INTEGRATION: self._integration(route),
        }
        if parameters := _parameters(route):
            operation["parameters"] = parameters
        if route.authorization != "none":
            # On each operation, because API Gateway ignores `security` at the root.
            name = _SCHEME_NAMES.get(route.authorization, route.authorization)
            operation["security"] = [{name: [*route.scopes]}]
        if route.body:
            media = {"schema": {"$ref": f"#/components/schemas/{route.body}"}}
            operation["requestBody"] = {
                "required": True,
                "content": {"application/json": media, ANY_MEDIA_TYPE: media},
            }
        if validator := _validator(route):
            operation["x-amazon-apigateway-request-validator"] = validator
        return operation

    def _integration(self, route: Route) -> dict[str, Any]:
        # The path is explicit even for "/": AWS does not define what a URI without a path calls,
        # and through a VPC link V2 the name of the stage would become a part of it.
        pair = route.pair
        backend = self.backends.get(pair.service, Backend())
        integration: dict[str, Any] = {
            "type": route.integration,
            "httpMethod": route.method,
            "uri": f"{backend.scheme}://${{stageVariables.{pair.host}}}{route.service_path}",
            "connectionType": "VPC_LINK",
            "connectionId": f"${{stageVariables.{pair.link}}}",
            "passthroughBehavior": "when_no_match",
            "timeoutInMillis": route.timeout_ms,
        }
        if backend.integration_target:
            integration[INTEGRATION_TARGET] = backend.integration_target
        if mapped := _request_parameters(route):
            integration["requestParameters"] = mapped
        if route.cache:
            integration["cacheKeyParameters"] = _cache_key(route)
        if route.integration == "http":
            integration["responses"] = self._integration_responses(route)
        if not backend.verify_authority:
            integration["tlsConfig"] = {"insecureSkipVerification": True}
        return integration

    def _method_responses(self, route: Route) -> dict[str, Any]:
        if route.integration == "http_proxy":
            return {"200": {"description": "Whatever the service answers."}}
        response: dict[str, Any] = {}
        if self.cors:
            response["headers"] = {"Access-Control-Allow-Origin": {"schema": {"type": "string"}}}
        statuses = dict.fromkeys(route.responses, "An answer of the service.")
        statuses.setdefault("502", "The service gave an answer that is not listed.")
        return {status: {"description": text, **response} for status, text in statuses.items()}

    def _integration_responses(self, route: Route) -> dict[str, Any]:
        """Responses by pattern of the service's status; by default a failure, never a 200."""
        shared: dict[str, Any] = {}
        if self.cors:
            header = "method.response.header.Access-Control-Allow-Origin"
            shared["responseParameters"] = {header: f"'{self.cors.allow_origin}'"}
        statuses = {
            response.pattern or (r"2\d{2}" if status == "200" else status): status
            for status, response in route.responses.items()
        }
        statuses["default"] = "502"
        return {pattern: {"statusCode": status, **shared} for pattern, status in statuses.items()}

    def preflight(self, path: str, routes: Sequence[Route], cors: Cors) -> dict[str, Any]:
        """The OPTIONS operation that API Gateway answers itself, without key or signature."""
        headers = {
            "Access-Control-Allow-Origin": cors.allow_origin,
            "Access-Control-Allow-Methods": ",".join(_allowed_methods(routes)),
            "Access-Control-Allow-Headers": ",".join(
                _allowed_headers(routes, cors, self.authorizers)
            ),
            "Access-Control-Max-Age": str(cors.max_age_seconds),
        }
        declared = {name: {"schema": {"type": "string"}} for name in headers}
        operation: dict[str, Any] = {
            "responses": {"204": {"description": "What a page may send.", "headers": declared}},
            INTEGRATION: {
                "type": "mock",
                # Every media type is binary here, and a mock integration needs text.
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
        if names := path_parameters(path):
            operation["parameters"] = [_parameter(name, "path", True) for name in names]
        return operation


def _security_schemes(
    routes: Sequence[Route], authorizers: Mapping[str, Authorizer]
) -> dict[str, Any]:
    """The schemes that routes require."""
    used = {route.authorization for route in routes}
    built_in = [_SCHEME_NAMES[name] for name in used & _SCHEME_NAMES.keys()]
    return {
        **{name: _SCHEMES[name] for name in built_in},
        **{name: security_scheme(authorizers[name]) for name in used & authorizers.keys()},
    }


def _validator(route: Route) -> str | None:
    """Name of the request validator that a route needs, if any."""
    if route.body:
        return "body"
    required = "required" in (*route.query.values(), *route.headers.values())
    return "parameters" if required else None


def _parameter(name: str, location: str, required: bool) -> dict[str, Any]:
    return {"name": name, "in": location, "required": required, "schema": {"type": "string"}}


def _parameters(route: Route) -> list[dict[str, Any]]:
    return [
        *(_parameter(name, "path", True) for name in route.parameters),
        *(_parameter(name, "query", p == "required") for name, p in route.query.items()),
        *(_parameter(name, "header", p == "required") for name, p in route.headers.items()),
    ]


def _request_parameters(route: Route) -> dict[str, str]:
    """Parameters passed to the service; API Gateway replaces only those that are mapped."""
    mapped = [f"path.{name}" for name in route.parameters if f"{{{name}}}" in route.service_path]
    if route.integration == "http":  # a proxy integration passes these without a mapping
        mapped += [f"querystring.{name}" for name in route.query]
        mapped += [f"header.{name}" for name in route.headers]
    return {f"integration.request.{name}": f"method.request.{name}" for name in mapped}


def _cache_key(route: Route) -> list[str]:
    """Everything of a request that may reach the service, and so may change its response."""
    declared = {"path": route.parameters, "querystring": route.query, "header": route.headers}
    return [f"method.request.{kind}.{name}" for kind, names in declared.items() for name in names]


def _allowed_methods(routes: Iterable[Route]) -> list[str]:
    methods = {route.method for route in routes}
    if "ANY" in methods:
        methods = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}
    return sorted({*methods, "OPTIONS"})


def _allowed_headers(
    routes: Sequence[Route], cors: Cors, authorizers: Mapping[str, Authorizer]
) -> list[str]:
    needed = {name.lower() for name in cors.allow_headers}
    authorizations = {route.authorization for route in routes}
    if "iam" in authorizations:
        needed.update(_SIGNED_HEADERS)
    if "apiKey" in authorizations:
        needed.add("x-api-key")
    for name in authorizations & authorizers.keys():
        needed.update(header.lower() for header in headers_of(authorizers[name]))
    return sorted(needed)


def _canonical(document: Mapping[str, Any]) -> str:
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
