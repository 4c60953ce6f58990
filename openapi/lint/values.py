"""The keys and types inside of API Gateway's extensions, as pydantic models.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html
"""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from openapi.hints import nearest
from openapi.model import Model
from openapi.paths import Problems, at


def _status(value: Any) -> Any:
    if isinstance(value, bool) or not re.fullmatch(r"[1-5]\d\d", str(value)):
        raise PydanticCustomError("status", "a status should be a number such as 404")
    return value


Status = Annotated[Any, AfterValidator(_status)]
"""An import takes numbers and text, as recorded in test_import_with_integer_http_status_code."""
ContentHandling = Literal["CONVERT_TO_TEXT", "CONVERT_TO_BINARY"]


class _Extension(Model):
    model_config = ConfigDict(extra="forbid", strict=True)


class IntegrationResponse(_Extension):
    """One response of an integration."""

    status_code: Status
    response_parameters: dict[str, Any] = {}
    response_templates: dict[str, str] = {}
    content_handling: ContentHandling | None = None


class TlsConfig(_Extension):
    """How the certificate of the service is verified."""

    insecure_skip_verification: bool = False


class Integration(_Extension):
    """An integration; its own checks are in `integrations`."""

    type: str
    uri: str | None = None
    http_method: str | None = None
    connection_type: str | None = None
    connection_id: str | None = None
    credentials: str | None = None
    request_parameters: dict[str, Any] = {}
    request_templates: dict[str, str] = {}
    passthrough_behavior: str | None = None
    content_handling: ContentHandling | None = None
    timeout_in_millis: Any = None
    cache_namespace: str | None = None
    cache_key_parameters: list[str] = []
    responses: dict[str, IntegrationResponse] = {}
    tls_config: TlsConfig | None = None
    payload_format_version: Any = None
    response_transfer_mode: Literal["BUFFERED", "STREAM"] | None = None


class Authorizer(_Extension):
    """An authorizer; its own checks are in `authorizers`."""

    type: str
    authorizer_uri: str | None = None
    authorizer_credentials: str | None = None
    authorizer_result_ttl_in_seconds: Annotated[int, Field(ge=0, le=3600)] | None = None
    identity_source: str | None = None
    identity_validation_expression: str | None = None
    provider_arns: Annotated[list[str], Field(alias="providerARNs")] = []


class RequestValidator(_Extension):
    """What a validator checks."""

    validate_request_body: bool
    validate_request_parameters: bool


class GatewayResponse(_Extension):
    """A response of API Gateway itself."""

    status_code: Status | None = None
    response_parameters: dict[str, Any] = {}
    response_templates: dict[str, str] = {}


BinaryMediaTypes = list[str]
CompressionSize = Annotated[int, Field(ge=0, le=10_485_760)]


def value_problems(path: str, kind: Any, value: Any) -> Problems:
    """What is wrong with the keys and types of a value, which should be of a kind."""
    try:
        TypeAdapter(kind).validate_python(value, strict=True)
    except ValidationError as error:
        for details in error.errors(include_url=False):
            yield at(path, *details["loc"]), _message(kind, details)


def _message(kind: Any, details: Any) -> str:
    last = str(details["loc"][-1]) if details["loc"] else ""
    if details["type"] == "missing":
        return "is missing. Add it."
    if details["type"] == "extra_forbidden":
        known = [field.alias or name for name, field in _fields(kind).items()]
        near = nearest(last, known)
        hint = f"; did you mean {near}?" if near else "."
        return f"is not a key of API Gateway here{hint} Correct or remove it."
    reason = details["msg"].partition(" should ")[2] or details["msg"]
    return f"{details['input']!r:.80} should {reason}. Correct it."


def _fields(kind: Any) -> dict[str, Any]:
    return getattr(kind, "model_fields", {})
