"""Rules about responses that a stage keeps for the next caller."""

import re
from collections.abc import Iterator

from .. import resource_types as types
from ..framework.rule import Area, Config, NotApplicable, Unknown, Verdicts, Violation
from ..graph.definition import Operation
from ..graph.graph import Api, Graph
from ..graph.resource import Resource
from ..values import UnknownValue, as_text, each, is_known
from .routes import integrations_of, method_path

AREA = Area("Caches")
_CALLERS = ("method.request.", "context.authorizer.", "context.identity.")
"""Sources of a mapping whose values differ between callers or requests."""
_IN_TEMPLATE = re.compile(
    r"\$!?\{?(context\.(?:authorizer|identity)[\w.]*)|\$!?\{?input\.params\((?:['\"]([^'\"]*))?"
)
"""The same in a template; in JSON text a backslash may precede a quote."""


@AREA.stack_rule(
    name="cache-key-complete",
    title="A cached method compares everything of a request that may change its response.",
    level="mandatory",
    severity="high",
    resource_types=[types.METHOD_SETTINGS],
    rationale=(
        "API Gateway compares the parameters in cacheKeyParameters and nothing else, also where "
        "the service sees who calls: one caller gets the response for another."
    ),
    fix=(
        "list the parameter under cacheKeyParameters of the integration, or do not cache; a route "
        "with `cache` and `integration: http` has all of them."
    ),
)
def _compares_everything(settings: Resource, graph: Graph, _: Config) -> Verdicts:
    if not settings.boolean("settings.cachingEnabled"):
        yield NotApplicable("does not cache responses")
        return
    path = settings.peek("methodPath")
    if isinstance(path, UnknownValue):
        yield Unknown(settings, "methodPath")
        return
    api = graph.api_of(settings)
    sources = [*graph.parts(api, types.REST_API_PUT)] if api else []
    if api and api.resource:
        sources.append(api.resource)
    found = [operation for source in sources for operation in source.operations]
    for method, operation in _separate(api, graph) if api else ():
        if operation:
            found.append(operation)
        else:
            yield Unknown(method, "the method or its integration")
    cached = [operation for operation in found if _is_cached(operation, as_text(path))]
    if not cached:
        yield NotApplicable("is for no method of this stack")
    for operation in cached:
        if ignored := sorted(_ignored(operation)):
            text = f"keeps responses of {operation.route} without comparing {', '.join(ignored)}."
            yield Violation(settings, text)


def _separate(api: Api, graph: Graph) -> Iterator[tuple[Resource, Operation | None]]:
    """Methods that are resources of their own, each with its integration; None for unknown ones."""
    for method in graph.parts(api, types.METHOD):
        verb, path = method.peek("httpMethod"), method_path(method, graph)
        authorization, given = method.peek("authorization"), method.peek("requestParameters")
        for one in integrations_of(method, graph):
            spec = {name: one.peek(name) for name in _READ}
            if not is_known([verb, path, authorization, given, spec]):
                yield method, None
                continue
            yield (
                method,
                Operation(
                    verb=as_text(verb),
                    path=path,
                    authorized=False,
                    keyed=False,
                    integration=spec,
                    credentials=frozenset(() if authorization == "NONE" else ["Authorization"]),
                    declared=frozenset(given if isinstance(given, dict) else ()),
                ),
            )


_READ = ("type", "cacheKeyParameters", "requestParameters", "requestTemplates")


def _is_cached(operation: Operation, path: str) -> bool:
    if path == "*/*":
        return operation.verb in ("GET", "ANY")
    # AWS writes ~1orders/GET; the provider's page leaves out the first slash.
    method = f"{operation.path}/{operation.verb}"
    return path.replace("~1", "/").lstrip("/") == method.lstrip("/")


def _ignored(operation: Operation) -> Iterator[str]:
    """What the service sees of a request, and the cache does not compare."""
    integration = operation.integration or {}
    compared = {as_text(name).lower() for name in each(integration, "cacheKeyParameters")}
    mapped = integration.get("requestParameters")
    sources = map(as_text, mapped.values() if isinstance(mapped, dict) else ())
    seen = {source for source in sources if source.startswith(_CALLERS)}
    if as_text(integration.get("type")).lower().endswith("_proxy"):
        seen |= operation.declared
        seen |= {f"method.request.header.{name}" for name in operation.credentials}
    templates = integration.get("requestTemplates")
    for text in map(as_text, templates.values() if isinstance(templates, dict) else ()):
        seen |= {*_in_template(text, compared)}
    yield from (name for name in seen if name.lower() not in compared)


def _in_template(text: str, compared: set[str]) -> Iterator[str]:
    """What a template takes from a request, unless a parameter of that name is compared."""
    names = {name.rpartition(".")[2] for name in compared}
    for context, parameter in _IN_TEMPLATE.findall(text):
        if context:
            yield context
        elif parameter.lower() not in names:
            yield f"$input.params({parameter})"
