"""What a configuration promises, in the form of a definition.

It is written a second time, without the compiler: the check compares the two over HTTP, so that a
mistake in one of them is seen. Of a definition file it is the file as it was taken over, before
anything is filled in.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from openapi.authorizers import Authorizer, CognitoAuthorizer, LambdaAuthorizer
from openapi.compiler import ANY_MEDIA_TYPE, ANY_METHOD, INTEGRATION
from openapi.findings import Findings
from openapi.normalizing.schemas import normalized_models
from openapi.routes import DEFAULT_TIMEOUT_MS, Cors, Route, path_parameters
from openapi.variables import HOST_VARIABLE, SERVICE, Pair
from operations.gateway.definition import AUTHORIZER, VALIDATOR, operations
from settings import Settings

RESPONSES = "x-amazon-apigateway-gateway-responses"
_BODY = '{"message":$context.error.messageString,"requestId":"$context.requestId"}'
_SCHEMES = {
    "iam": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "x-amazon-apigateway-authtype": "awsSigv4",
    },
    "apiKey": {"type": "apiKey", "in": "header", "name": "x-api-key"},
}
_ALL = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
_NEEDED_HEADERS = {
    "iam": ("authorization", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token"),
    "apiKey": ("x-api-key",),
}


@dataclass(frozen=True)
class PromisedRelease:
    """Where a release of a stage leads to, and the stage variables that the stage file adds."""

    targets: Mapping[Pair, str]
    """Target of each service."""
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Promise:
    """What callers can rely on."""

    document: Mapping[str, Any]
    """Routes with their integrations, in the form of a definition."""
    releases: Mapping[str, Mapping[str, PromisedRelease]]
    """By stage, and by the name of the release."""
    urls: Mapping[str, str] = field(default_factory=dict)
    """Stage by URL of the domain name, if there is one."""


def promise(settings: Settings) -> Promise:
    """What a valid configuration promises."""
    schemes = {
        service: settings.targets[target].scheme
        for stage in settings.stages.values()
        for service, target in stage.targets.items()
    }
    document = (
        promised_file(settings.imported.document, schemes)
        if settings.imported
        else promised_routes(
            settings.routes,
            schemes,
            settings.api.cors,
            normalized_models(settings.api.models, Findings()),
            settings.api.authorizers,
        )
    )
    releases = {}
    for name, stage in settings.stages.items():
        releases[name] = {name: PromisedRelease(_pairs(stage.targets), stage.variables)}
        if stage.canary:
            targets = {**stage.targets, **stage.canary.targets}
            releases[name][canary_name(name)] = PromisedRelease(_pairs(targets), stage.variables)
    domain = settings.api.domain
    return Promise(document, releases, domain.urls(tuple(settings.stages)) if domain else {})


def _pairs(targets: Mapping[str, str]) -> dict[Pair, str]:
    return {Pair(service): target for service, target in targets.items()}


def canary_name(stage: str) -> str:
    """Name of the canary release of a stage."""
    return f"{stage} (canary)"


def promised_routes(
    routes: Sequence[Route],
    schemes: Mapping[str, str],
    cors: Cors | None,
    models: Mapping[str, Any],
    authorizers: Mapping[str, Authorizer] = MappingProxyType({}),
) -> dict[str, Any]:
    """What routes promise; `schemes` are by service."""
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        key = ANY_METHOD if route.method == "ANY" else route.method.lower()
        paths.setdefault(route.path, {})[key] = _operation(route, schemes)
    if cors:
        for path, item in paths.items():
            here = [r for r in routes if r.path == path]
            item["options"] = _preflight(here, cors, authorizers)
    both = {"validateRequestBody": True, "validateRequestParameters": True}
    return {
        "paths": paths,
        "components": {
            "schemas": dict(models),
            "securitySchemes": {**_SCHEMES, **{n: _scheme(a) for n, a in authorizers.items()}},
        },
        "x-amazon-apigateway-binary-media-types": ["*/*"],
        f"{VALIDATOR}s": {"all": both, "parameters": {**both, "validateRequestBody": False}},
        RESPONSES: _gateway_responses(cors),
    }


def promised_file(document: Mapping[str, Any], schemes: Mapping[str, str]) -> dict[str, Any]:
    """What a definition file promises; an operation without an integration calls the service."""
    paths: dict[str, dict[str, Any]] = {
        path: dict(item) for path, item in document["paths"].items()
    }
    for operation in operations(document):
        content = operation.content
        if not operation.integration:
            service = str(content.get(SERVICE, ""))
            integration = _integration(
                operation.method,
                _base(service, schemes),
                operation.path,
                path_parameters(operation.path),
            )
            key = ANY_METHOD if operation.method == "ANY" else operation.method.lower()
            paths[operation.path][key] = {**content, INTEGRATION: integration}
    return {RESPONSES: _gateway_responses(None), **document, "paths": paths}


def _base(service: str, schemes: Mapping[str, str]) -> str:
    """Where a service is called; its variable is its name, with underscores for dashes."""
    variable = f"{HOST_VARIABLE}_{service.replace('-', '_')}" if service else HOST_VARIABLE
    return f"{schemes.get(service, 'http')}://${{stageVariables.{variable}}}"


def _operation(route: Route, schemes: Mapping[str, str]) -> dict[str, Any]:
    base = _base(route.service or "", schemes)
    path = route.backend_path or route.path
    integration = _integration(route.method, base, path, route.parameters)
    integration |= {"type": route.integration, "timeoutInMillis": route.timeout_ms}
    required = [*route.query.values(), *route.headers.values()].count("required")
    made: dict[str, Any] = {"parameters": list(_parameters(route)), INTEGRATION: integration}
    if route.integration == "http":
        for location, names in (("querystring", route.query), ("header", route.headers)):
            for name in names:
                source = f"method.request.{location}.{name}"
                integration["requestParameters"][f"integration.request.{location}.{name}"] = source
        integration["responses"] = {
            **{
                response.pattern or (r"2\d{2}" if status == "200" else status): {
                    "statusCode": status
                }
                for status, response in route.responses.items()
            },
            "default": {"statusCode": "502"},
        }
    if route.authorization != "none":
        made["security"] = [{route.authorization: [*route.scopes]}]
    if route.body:
        media = {"schema": {"$ref": f"#/components/schemas/{route.body}"}}
        made["requestBody"] = {"content": {"application/json": media, ANY_MEDIA_TYPE: media}}
    if route.body or required:
        made[VALIDATOR] = "all" if route.body else "parameters"
    return made


def _integration(method: str, base: str, path: str, parameters: Sequence[str]) -> dict[str, Any]:
    """A call of the service with the path and its parameters."""
    at_service = path.replace("+}", "}")
    return {
        "type": "http_proxy",
        "httpMethod": method,
        "uri": f"{base}{at_service}",
        "timeoutInMillis": DEFAULT_TIMEOUT_MS,
        "requestParameters": {
            f"integration.request.path.{name}": f"method.request.path.{name}"
            for name in parameters
            if f"{{{name}}}" in at_service
        },
    }


def _parameters(route: Route) -> Iterator[dict[str, Any]]:
    for location, presences in (("query", route.query), ("header", route.headers)):
        for name, presence in presences.items():
            required = presence == "required"
            yield {"name": name, "in": location, "required": required, "schema": {}}


def _scheme(authorizer: Authorizer) -> dict[str, Any]:
    """What identifies a caller, and who decides."""
    if isinstance(authorizer, CognitoAuthorizer):
        pools: dict[str, Any] = {"type": "cognito_user_pools"}
        header = authorizer.cognito.header
        return {"type": "apiKey", "in": "header", "name": header, AUTHORIZER: pools}
    given = authorizer.function
    sources = [
        source if source.startswith("context.") else f"method.request.{source}"
        for source in given.identity_sources
    ]
    decides = {
        "type": given.type,
        "identitySource": ",".join(sources),
        "authorizerResultTtlInSeconds": given.cache_seconds,
    }
    return {"type": "apiKey", "in": "header", "name": "", AUTHORIZER: decides}


def _preflight(
    routes: Sequence[Route], cors: Cors, authorizers: Mapping[str, Authorizer]
) -> dict[str, Any]:
    methods = {m for r in routes for m in (_ALL if r.method == "ANY" else (r.method,))}
    headers = {name.lower() for name in cors.allow_headers}
    for route in routes:
        headers.update(_NEEDED_HEADERS.get(route.authorization, ()))
        match authorizers.get(route.authorization):
            case CognitoAuthorizer(cognito=pools):
                headers.add(pools.header.lower())
            case LambdaAuthorizer(function=function):
                named = (s.partition("header.")[2] for s in function.identity_sources)
                headers.update(name.lower() for name in named if name)
    values = {
        "Origin": cors.allow_origin,
        "Methods": ",".join(sorted({*methods, "OPTIONS"})),
        "Headers": ",".join(sorted(headers)),
    }
    sent = {f"Access-Control-Allow-{name}": value for name, value in values.items()}
    sent["Access-Control-Max-Age"] = str(cors.max_age_seconds)
    parameters = {f"method.response.header.{name}": f"'{value}'" for name, value in sent.items()}
    response = {"statusCode": "204", "responseParameters": parameters}
    template = '{"statusCode": 204}'
    mock = {"type": "mock", "requestTemplates": {"application/json": template}}
    return {INTEGRATION: {**mock, "responses": {"default": response}}}


def _gateway_responses(cors: Cors | None) -> dict[str, Any]:
    response: dict[str, Any] = {"responseTemplates": {"application/json": _BODY}}
    if cors:
        origin = {"gatewayresponse.header.Access-Control-Allow-Origin": f"'{cors.allow_origin}'"}
        response["responseParameters"] = origin
    return {"DEFAULT_4XX": response, "DEFAULT_5XX": response}
