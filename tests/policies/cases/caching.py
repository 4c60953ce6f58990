"""Cases of the rules about caches."""

from policies.pack import resource_types as types
from simulation.engine import UNKNOWN
from tests.policies import parts as our
from tests.policies.case import absent, ignores, ill_typed, of_rule, passes, unknown, violates
from tests.policies.changes import Change, added, definition

CACHED = "settings.cachingEnabled"
ORDER = (*our.ORDERS, our.INTEGRATION)
TYPE, KEY, MAPPED = (*ORDER, "type"), (*ORDER, "cacheKeyParameters"), (*ORDER, "requestParameters")
ID, TENANT = "method.request.path.id", "method.request.header.x-tenant"
TEMPLATE = (*ORDER, "requestTemplates", "application/json")
PLAIN = definition(TYPE, "http")
SIGNED = definition((*our.ORDERS, "security"), [{"sigv4": []}])


def cached(path: object = "~1orders~1{id}/GET", *, enabled: object = True) -> Change:
    """Method settings that keep responses."""
    values = {"cachingEnabled": enabled, "cacheDataEncrypted": True}
    props = {"restApi": UNKNOWN, "stageName": "dev", "methodPath": path, "settings": values}
    return added(our.SETTINGS.type, "cached", props, {"restApi": our.API})


def separate(**props: object) -> tuple[Change, ...]:
    """A method and its integration as resources of their own, without a definition."""
    of_method = {
        key: props.pop(key) for key in ("authorization", "requestParameters") if key in props
    }
    given = {
        "resourceId": UNKNOWN,
        "httpMethod": "GET",
        "type": "HTTP",
        "restApi": UNKNOWN,
        **props,
    }
    sources = {"restApi": our.API, "resourceId": our.API}
    method = our.method(**{"authorization": "NONE", **of_method})
    return (
        our.NO_DEFINITION,
        cached("~1/GET"),
        method,
        added(types.INTEGRATION, "own", given, sources),
    )


CASES = [
    *of_rule(
        "cache-key-complete",
        passes(cached(), PLAIN, definition(KEY, [ID])),
        violates(ID, cached("orders/{id}/GET"), PLAIN),
        violates(
            "without comparing method.request.querystring.all",
            cached(),
            definition(KEY, [ID, "method.request.header.authorization"]),
            definition((*our.ORDERS, "parameters"), [{"name": "all", "in": "query"}]),
        ),
        violates(
            "without comparing $input.params(all), context.authorizer.claims.sub",
            cached(),
            PLAIN,
            definition(KEY, [ID]),
            definition(
                TEMPLATE,
                "$input.params('id') $input.params(\"all\") ${context.authorizer.claims.sub}",
            ),
        ),
        violates(
            "$input.params()",
            cached(),
            PLAIN,
            definition(KEY, [ID]),
            definition(TEMPLATE, "$input.params().header"),
        ),
        passes(
            cached(),
            PLAIN,
            definition(KEY, [ID]),
            definition(TEMPLATE, "$input.params('id') $context.stage"),
        ),
        ill_typed(passes(cached(), PLAIN, definition(KEY, [ID]), definition(TEMPLATE, 5))),
        passes(cached(), PLAIN, definition(KEY, [ID.upper()])),
        violates(f"GET /orders/{{id}} without comparing {ID}", cached(), PLAIN),
        violates(
            f"without comparing {TENANT}",
            cached(),
            PLAIN,
            definition(KEY, [ID]),
            definition((*MAPPED, "integration.request.header.t"), TENANT),
        ),
        violates(
            "without comparing context.authorizer.claims.sub",
            cached(),
            PLAIN,
            definition(KEY, [ID]),
            definition((*MAPPED, "integration.request.header.s"), "context.authorizer.claims.sub"),
        ),
        passes(
            cached(),
            PLAIN,
            definition(KEY, [ID]),
            definition((*MAPPED, "integration.request.header.f"), "'fixed'"),
        ),
        violates(
            "without comparing method.request.header.Authorization",
            cached(),
            SIGNED,
            definition(KEY, [ID]),
        ),
        passes(cached(), SIGNED, definition(KEY, [ID, "method.request.header.authorization"])),
        violates("GET /", our.SETTINGS.set(CACHED, True), SIGNED),
        violates("GET /", our.SETTINGS.set(CACHED, "true"), SIGNED),
        ill_typed(violates("wrong type", cached(enabled=5))),
        ill_typed(violates(ID, cached(), PLAIN, definition(KEY, 5))),
        ill_typed(violates(ID, cached(), PLAIN, definition(KEY, [5]))),
        ill_typed(passes(cached(), PLAIN, definition(MAPPED, 5))),
        unknown("methodPath", cached(UNKNOWN)),
        unknown(CACHED, our.SETTINGS.unknown(CACHED)),
        unknown("body", cached(), our.DEFINITION.unknown("body")),
        passes(*separate()),
        passes(*separate(requestParameters={TENANT: True})),
        passes(
            *separate(
                type="AWS_PROXY", requestParameters={TENANT: True}, cacheKeyParameters=[TENANT]
            )
        ),
        violates(
            f"GET / without comparing {TENANT}",
            *separate(type="AWS_PROXY", requestParameters={TENANT: True}),
        ),
        violates(
            "method.request.header.Authorization",
            *separate(type="HTTP_PROXY", authorization="AWS_IAM"),
        ),
        violates(
            "context.identity",
            *separate(requestTemplates={"application/json": "$context.identity.user"}),
        ),
        unknown("the method or its integration", *separate(type=UNKNOWN)),
        ill_typed(passes(*separate(requestParameters=5))),
        absent(violates("", cached(), PLAIN)),
        ignores(),
        ignores(our.SETTINGS.set(CACHED, False)),
        ignores(cached("~1other/GET")),
        ignores(cached(), our.NO_DEFINITION),
    ),
]
