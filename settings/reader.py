"""The configuration that the CLI hands over: decoded, validated, and the valid parts of it."""

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from openapi.authorizers import security_scheme
from openapi.document import mapping, sequence
from openapi.importing import Imported, Options, Source
from openapi.routes import SCHEME_PORTS, Route

from .errors import Problem, explain
from .network import ExistingNetwork, Network, NewNetwork
from .schema import NAMESPACE, AccountIds, Api, Region, StackConfig
from .stages import Stage
from .targets import Target

Raw = dict[str, dict[str, Any]]
"""Values by namespace and key, as they are given."""
_OPTIONAL = ("accountLogging", "cors", "domain", "resourcePolicyFile", "revision", "webAcl")
"""Keys of the API that nothing else needs: a wrong one does not hide what is wrong beside it."""
_TEXT = ("aws:region", f"{NAMESPACE}:owner", f"{NAMESPACE}:permissionsBoundary")


@dataclass
class Draft:
    """The valid parts of a configuration, for the checks between them."""

    given: Mapping[str, Any]
    """The project's keys as they are given, valid or not."""
    region: str | None
    account_ids: tuple[str, ...]
    network: NewNetwork | ExistingNetwork | None
    targets: dict[str, Target]
    api: Api | None
    """The API, without its routes."""
    routes: dict[int, Route]
    """Routes by position."""
    stages: dict[str, Stage]
    source: Source | None = None
    """Content of `definitionFile`, if it is readable."""

    @property
    def imported(self) -> Imported | None:
        """What comes of `definitionFile` in this stack."""
        if self.source is None or self.api is None:
            return None
        targets = list(self.targets.values())
        schemes: dict[str, str] = {}
        for stage in self.stages.values():
            for service, name in stage.targets.items():
                if name in self.targets:
                    schemes.setdefault(service, self.targets[name].scheme)
        if targets:
            schemes.setdefault("", targets[0].scheme)
        options = Options(
            schemes=tuple(sorted(schemes.items())),
            endpoint_type=self.api.endpoint_type,
            prepend_base_path=self.api.base_path == "prepend",
            authorizers=tuple(
                (name, json.dumps(security_scheme(one)))
                for name, one in self.api.authorizers.items()
            ),
            closed=self.api.endpoint.disabled,
            host_has_port=any(t.open_port != SCHEME_PORTS[t.scheme] for t in targets),
        )
        return self.source.imported(options)

    @property
    def document(self) -> Mapping[str, Any]:
        """The normalized document of `definitionFile`; empty without one."""
        return self.imported.document if self.imported else {}

    @classmethod
    def of(cls, raw: Raw) -> "Draft":
        """Everything that is valid by itself."""
        aws, given = raw["aws"], raw[NAMESPACE]
        api = mapping(given.get("api"))
        return cls(
            given=given,
            region=_valid(Region, aws.get("region")),
            account_ids=_valid(AccountIds, aws.get("allowedAccountIds")) or (),
            network=_valid(Network, given.get("network")),
            targets=_valid_values(Target, mapping(given.get("targets"))),
            api=_valid_api(api),
            routes=_valid_values(Route, dict(enumerate(sequence(api.get("routes"))))),
            stages=_valid_values(Stage, mapping(given.get("stages"))),
        )


def decoded(config: Mapping[str, str]) -> Raw:
    """Values of the strings that the CLI hands over, where objects are JSON."""
    raw: Raw = {"aws": {}, NAMESPACE: {}}
    for full, text in config.items():
        namespace, _, key = full.partition(":")
        if namespace in raw:
            raw[namespace][key] = text if full in _TEXT else _parsed(text)
    if raw[NAMESPACE].get("network") == {}:  # the default in Pulumi.yaml
        del raw[NAMESPACE]["network"]
    return raw


def validated(raw: Raw) -> tuple[StackConfig | None, list[Problem]]:
    """The whole configuration if it is valid, or else what is wrong with it."""
    try:
        return StackConfig.model_validate_json(_json(raw)), []
    except ValidationError as error:
        return None, list(explain(error))


def _parsed(text: str) -> Any:
    try:
        return from_json(text)
    except ValueError:
        return text


def _json(value: Any) -> bytes:
    # Half of a surrogate pair is not valid JSON, and would hide all other problems.
    return json.dumps(value, ensure_ascii=False).encode(errors="replace")


_adapter = functools.cache(TypeAdapter[Any])  # slow to make


def _valid(kind: Any, value: Any) -> Any:
    try:
        return _adapter(kind).validate_json(_json(value))
    except ValidationError:
        return None


def _valid_api(given: Mapping[str, Any]) -> Api | None:
    """The API without its routes, and without what is wrong and can be left out."""
    kept = {key: value for key, value in given.items() if key != "routes"}
    for key in _OPTIONAL:
        if key in kept and _valid(Api, {key: kept[key]}) is None:
            del kept[key]
    authorizers = kept.get("authorizers")
    if isinstance(authorizers, dict) and "definitionFile" not in kept:
        kept["authorizers"] = {
            name: one
            for name, one in authorizers.items()
            if _valid(Api, {"authorizers": {name: one}}) is not None
        }
    return cast(Api | None, _valid(Api, kept))


def _valid_values(kind: Any, values: Mapping[Any, Any]) -> dict[Any, Any]:
    valid = {key: _valid(kind, value) for key, value in values.items()}
    return {key: value for key, value in valid.items() if value is not None}
