"""OpenAPI 3.0 documents by the grammar of the specification, with what it allows and AWS does not.

Source: https://spec.openapis.org/oas/v3.0.3
"""

from typing import Any

from hypothesis import strategies as st

Strategy = st.SearchStrategy[Any]
_NAMES = ("Pet", "new_Pet")
NAMES = st.sampled_from(_NAMES)
TEXTS = st.text(max_size=8)
EXTENSIONS = st.sampled_from([{}, {"x-team": 1}, {"x-amazon-apigateway-auth": {"type": "NONE"}}])


def objects(needed: dict[str, Strategy], /, **optional: Strategy) -> Strategy:
    """An object with keys that are there, and others that may be."""
    return st.fixed_dictionaries(needed, optional=optional)


def references(kind: str, names: Strategy = NAMES) -> Strategy:
    """References of which some lead nowhere, and a few outside."""
    inside = names.map(lambda name: {"$ref": f"#/components/{kind}/{name}"})
    outside = st.sampled_from([{"$ref": "other.yaml#/Pet"}, {"$ref": "#/components/nothing"}])
    return _rarely(outside, inside)


def _rarely(rare: Strategy, usual: Strategy) -> Strategy:
    return st.integers(0, 19).flatmap(lambda number: rare if number == 19 else usual)


METHODS = _rarely(
    st.just("trace"),
    st.sampled_from(["get", "put", "post", "delete", "options", "head", "patch"]),
)
SCALARS = objects(
    {"type": st.sampled_from(["string", "integer", "number", "boolean"])},
    nullable=st.booleans(),
    format=st.sampled_from(["int32", "date", "decimal"]),
    enum=st.sampled_from([["a", 1], ["a", None]]),
    default=st.sampled_from(["a", 1, {"$ref": "#/data"}]),
    example=st.sampled_from(["a", 1, {"$ref": "data"}]),
    minimum=st.integers(0, 3),
    exclusiveMinimum=st.booleans(),
    pattern=st.just("^a"),
    readOnly=st.booleans(),
    description=TEXTS,
    deprecated=st.booleans(),
)
SCHEMAS: Strategy = st.recursive(
    st.one_of(SCALARS, references("schemas"), st.just({})),
    lambda inner: st.one_of(
        objects(
            {"type": st.just("object")},
            properties=st.dictionaries(
                st.sampled_from(["id", "default", "$ref", "a b"]), inner, max_size=2
            ),
            required=st.just(["id"]),
            additionalProperties=st.one_of(st.booleans(), inner),
            discriminator=st.just({"propertyName": "id"}),
            nullable=st.booleans(),
            xml=st.just({"name": "x"}),
            externalDocs=st.just({"url": "https://example.com"}),
        ),
        objects({"type": st.just("array"), "items": inner}, minItems=st.integers(0, 2)),
        st.sampled_from(["allOf", "anyOf", "oneOf"]).flatmap(
            lambda key: st.lists(inner, min_size=1, max_size=2).map(lambda parts: {key: parts})
        ),
        inner.map(lambda part: {"not": part}),
    ),
    max_leaves=4,
)
MEDIA = objects(
    {},
    schema=SCHEMAS,
    example=st.just({"$ref": "#/nowhere"}),
    examples=st.just({"one": {"value": 1}}),
    encoding=st.just({}),
)
CONTENT = st.dictionaries(
    st.sampled_from(["application/json", "text/plain", "*/*", "multipart/form-data"]),
    MEDIA,
    max_size=2,
)
HEADERS = st.dictionaries(
    st.sampled_from(["x-page", "X-Rate-Limit"]),
    st.one_of(objects({"schema": SCHEMAS}, required=st.booleans()), references("headers")),
    max_size=2,
)
RESPONSES = objects(
    {"description": TEXTS},
    content=CONTENT,
    headers=HEADERS,
    links=st.just({"next": {"operationId": "a"}}),
)
OWN_PARAMETERS = objects(
    {
        "name": st.sampled_from(["q", "ids[]", "a:b", "page", "x"]),
        "in": st.sampled_from(["query", "header", "cookie"]),
        "schema": SCHEMAS,
    },
    required=st.booleans(),
    description=TEXTS,
    style=st.just("form"),
    deprecated=st.booleans(),
    example=st.just(1),
)
PARAMETERS = st.lists(
    st.one_of(OWN_PARAMETERS, OWN_PARAMETERS, references("parameters")), max_size=3
)
SECURITY = st.lists(
    st.dictionaries(st.sampled_from(["sigv4", "api_key", "login"]), st.just([]), max_size=2),
    max_size=2,
).flatmap(lambda several: _rarely(st.just(several), st.just(several[:1])))
OPERATIONS = objects(
    {
        "responses": st.dictionaries(
            st.sampled_from(["200", "404", "default", "5XX"]),
            st.one_of(RESPONSES, references("responses")),
            min_size=1,
            max_size=2,
        )
    },
    tags=st.lists(TEXTS, max_size=2),
    summary=TEXTS,
    operationId=st.sampled_from("abcdefghijklmnop"),
    parameters=PARAMETERS,
    requestBody=st.one_of(
        objects({"content": CONTENT}, required=st.booleans()), references("requestBodies")
    ),
    callbacks=st.just({}),
    deprecated=st.booleans(),
    security=SECURITY,
    servers=st.just([{"url": "/v2"}]),
).flatmap(
    lambda operation: st.sampled_from(["body", None, None]).map(
        lambda name: (
            {**operation, "x-amazon-apigateway-request-validator": name} if name else operation
        )
    )
)
SEGMENTS = _rarely(
    st.sampled_from(["{id}.json", "a b", "{id+}"]),
    st.sampled_from(["pets", "orders", "{id}", "{petId}", "#all"]),
)
PATHS = st.lists(SEGMENTS, max_size=3, unique=True).map(lambda segments: "/" + "/".join(segments))


def _item(path: str, operations: dict[str, Any], shared: list[Any]) -> dict[str, Any]:
    names = [part.strip("{}") for part in ("{id}", "{petId}") if part in path]
    declared = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in names
    ]
    return {**operations, "parameters": [*declared, *shared]}


def _items(paths: list[str]) -> Strategy:
    return st.fixed_dictionaries(
        {
            path: st.builds(
                _item,
                st.just(path),
                st.dictionaries(METHODS, OPERATIONS, min_size=1, max_size=2),
                PARAMETERS,
            )
            for path in paths
        }
    )


def _each(kind: Strategy) -> Strategy:
    return st.fixed_dictionaries(dict.fromkeys(_NAMES, kind))


COMPONENTS = objects(
    {
        "securitySchemes": st.just(
            {
                "sigv4": {
                    "type": "apiKey",
                    "name": "Authorization",
                    "in": "header",
                    "x-amazon-apigateway-authtype": "awsSigv4",
                },
                "api_key": {"type": "apiKey", "name": "x-api-key", "in": "header"},
                "login": {"type": "http", "scheme": "bearer"},
            }
        ),
        "schemas": _each(SCHEMAS),
        "parameters": _each(OWN_PARAMETERS),
        "responses": _each(RESPONSES),
        "headers": _each(objects({"schema": SCHEMAS})),
        "requestBodies": _each(objects({"content": CONTENT})),
    },
    examples=st.just({"one": {"value": {"$ref": "#/definitions/data"}}}),
)
DOCUMENTS = st.builds(
    lambda document, extensions: {**document, **extensions},
    objects(
        {
            "openapi": st.sampled_from(["3.0.0", "3.0.3", "3.1.0"]),
            "info": objects({"title": TEXTS, "version": TEXTS}, description=TEXTS),
            "paths": st.lists(PATHS, min_size=1, max_size=3, unique=True).flatmap(_items),
            "components": COMPONENTS,
            "x-amazon-apigateway-request-validators": st.just(
                {"body": {"validateRequestBody": True, "validateRequestParameters": True}}
            ),
        },
        security=SECURITY,
        servers=st.just([{"url": "https://api.example.com/v1"}]),
        tags=st.just([{"name": "pets", "externalDocs": {"url": "https://example.com"}}]),
        externalDocs=st.just({"url": "https://example.com"}),
    ),
    st.sampled_from([{}, {"x-team": 1}]),
)
