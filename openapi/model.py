"""The base of every configuration model."""

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Model(BaseModel):
    """Base of all that is read from configuration: camelCase keys, none unknown, immutable.

    The string below a field is its description in the schema, see `settings.json_schema`.
    """

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="forbid",
        frozen=True,
        strict=True,
    )
