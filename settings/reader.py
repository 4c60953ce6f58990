"""Reading the parts of a configuration, each for itself, so that all mistakes come to light."""

import json
import re
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from openapi.model import Model
from openapi.routes import Route

from .checks import Draft
from .errors import NAMESPACE, Problem, explain, near, quoted, spell
from .schema import NETWORK_SHAPES, TARGET_SHAPES, Api, Stage

TOP_LEVEL = ("owner", "network", "targets", "api", "stages", "permissionsBoundary")
_LIMIT = 10
_NAMES = {
    "targets": (
        r"[a-z]([a-z0-9-]{0,14}[a-z0-9])?",
        "Use up to 16 lower-case letters, digits and dashes; a letter first, no dash last.",
    ),
    "stages": (
        r"[A-Za-z0-9_-]{1,128}",
        "Use up to 128 letters, digits, dashes and underscores.",
    ),
}
_MISSING = {
    "owner": "Name the team for the tags: pulumi config set owner platform",
    "targets": "Name at least one target, such as blue, with its port, healthPath and fleet.",
    "api": "Give it routes, such as {method: GET, path: /, authorization: none}.",
    "stages": "Name at least one stage, such as dev, with its target.",
}
_M = TypeVar("_M", bound=Model)


class Reader:
    """Parses a configuration as far as it goes, and collects what is wrong with the rest."""

    def __init__(self, config: Mapping[str, str], secret_keys: tuple[str, ...]) -> None:
        self.problems: list[Problem] = []
        self._config = dict(config)
        self._secret = {key for key in secret_keys if key.startswith(f"{NAMESPACE}:")}
        for key in sorted(self._secret):
            self._config.pop(key, None)
            self._refuse(
                key,
                "is a secret, and nothing here may be one: it would show in the API's "
                "definition and the stages. Set it again without --secret.",
            )

    def draft(self) -> Draft:
        """Everything that could be parsed; `problems` says what could not."""
        self._refuse_unknown_keys()
        draft = Draft(region=self._region(), account_ids=self._account_ids())
        draft.owner = self._owner()
        draft.permissions_boundary = self._permissions_boundary()
        raw_network = self._json("network", optional=True)
        if raw_network not in (None, {}):
            draft.has_network = True
            draft.network = self._shaped(NETWORK_SHAPES, raw_network, f"{NAMESPACE}:network")
        targets = self._named("targets")
        draft.target_names = frozenset(targets)
        for name, raw in targets.items():
            key = spell(f"{NAMESPACE}:targets", name)
            target = self._shaped(TARGET_SHAPES, raw, key)
            if target is not None:
                draft.targets[name] = target
        draft.api, draft.routes = self._api()
        for name, raw in self._named("stages").items():
            stage = self._parse(Stage, raw, spell(f"{NAMESPACE}:stages", name))
            if stage is not None:
                draft.stages[name] = stage
        return draft

    def _refuse(self, key: str, message: str) -> None:
        self.problems.append(Problem(key, message))

    def _refuse_unknown_keys(self) -> None:
        for full in self._config:
            namespace, _, key = full.partition(":")
            if namespace == NAMESPACE and key not in TOP_LEVEL:
                self._refuse(
                    full, f"is not a key here; {near(key, TOP_LEVEL)}. Correct or remove it."
                )

    def _region(self) -> str | None:
        region = self._config.get("aws:region")
        if region is None:
            self._refuse("aws:region", "is missing. Set it: pulumi config set aws:region us-east-2")
        elif not re.fullmatch(r"[a-z]{2}(-[a-z]+)+-\d", region):
            self._refuse(
                "aws:region", f"{quoted(region)} is no region. Name one such as us-east-2."
            )
        else:
            return region
        return None

    def _account_ids(self) -> tuple[str, ...]:
        text = self._config.get("aws:allowedAccountIds", "[]")
        try:
            accounts = json.loads(text)
        except ValueError:
            accounts = text
        if not isinstance(accounts, list):
            self._refuse(
                "aws:allowedAccountIds",
                f'{quoted(accounts)} is no list. Write ["{accounts}"], in brackets and quotes.',
            )
            return ()
        for position, account in enumerate(accounts):
            if not isinstance(account, str) or not re.fullmatch(r"\d{12}", account):
                hint = "" if isinstance(account, str) else " It is a number: put it in quotes."
                self._refuse(
                    f"aws:allowedAccountIds[{position}]",
                    f"{quoted(account)} is no account id, which is text of 12 digits.{hint}",
                )
                return ()
        return tuple(accounts)

    def _owner(self) -> str | None:
        owner = self._config.get(f"{NAMESPACE}:owner")
        if owner is None:
            self._missing("owner")
        elif not re.fullmatch(r"[\w .:/=+@-]{1,256}", owner):
            self._refuse(
                f"{NAMESPACE}:owner",
                f"{quoted(owner)} is no tag value. Use up to 256 letters, digits and _.:/=+@-",
            )
        else:
            return owner
        return None

    def _permissions_boundary(self) -> str | None:
        arn = self._config.get(f"{NAMESPACE}:permissionsBoundary") or None
        if arn and not re.fullmatch(r"arn:aws[a-z-]*:iam::(\d{12}|aws):policy/[\w+=,.@/-]+", arn):
            self._refuse(
                f"{NAMESPACE}:permissionsBoundary",
                f"{quoted(arn)} is no ARN of an IAM policy. Give one, such as "
                "arn:aws:iam::111122223333:policy/boundary, or remove it.",
            )
        return arn

    def _api(self) -> tuple[Api | None, dict[int, Route]]:
        """The API, and its routes by position: a bad route hides neither the others nor the API."""
        key = f"{NAMESPACE}:api"
        raw = self._json("api")
        if not isinstance(raw, dict):
            return (None if raw is None else self._parse(Api, raw, key)), {}
        routes = raw.get("routes")
        if not isinstance(routes, list) or not routes:
            if not routes and "definitionFile" not in raw:
                self._refuse(f"{key}.routes", "is missing. Give routes, or a `definitionFile`.")
                raw = {k: v for k, v in raw.items() if k != "routes"}
            return self._parse(Api, raw, key), {}
        parsed = {
            position: self._parse(Route, route, f"{key}.routes[{position}]")
            for position, route in enumerate(routes)
        }
        rest = {k: v for k, v in raw.items() if k != "routes"}
        return self._parse(Api, rest, key), {i: r for i, r in parsed.items() if r is not None}

    def _named(self, part: str) -> dict[str, Any]:
        """A part that maps names to things, without the names that are not allowed."""
        raw = self._json(part)
        if raw is None:
            return {}
        key = f"{NAMESPACE}:{part}"
        if not isinstance(raw, dict) or not raw:
            self._refuse(key, f"{quoted(raw)} should map names to {part}. {_MISSING[part]}")
            return {}
        if len(raw) > _LIMIT:
            self._refuse(
                key, f"{len(raw)} are above the limit of {_LIMIT}. Make another stack for the rest."
            )
        pattern, advice = _NAMES[part]
        for name in [name for name in raw if not re.fullmatch(pattern, name)]:
            self._refuse(spell(key, name), f"{quoted(name)} is no name here. {advice}")
        return raw

    def _json(self, part: str, optional: bool = False) -> Any:
        text = self._config.get(f"{NAMESPACE}:{part}")
        if text is None:
            if not optional:
                self._missing(part)
            return None
        try:
            return json.loads(text)
        except ValueError:
            return text

    def _missing(self, part: str) -> None:
        if f"{NAMESPACE}:{part}" not in self._secret:
            self._refuse(f"{NAMESPACE}:{part}", f"is missing. {_MISSING[part]}")

    def _shaped(self, shapes: Mapping[str, type[_M]], raw: Any, key: str) -> _M | None:
        """Parse by the one key that decides the shape, so that a mistake is reported once."""
        listed = ", ".join(shapes)
        if not isinstance(raw, dict):
            self._refuse(key, f"{quoted(raw)} should be an object with one of {listed}.")
            return None
        deciding = [shape for shape in shapes if shape in raw]
        if len(deciding) != 1:
            found = f"has {' and '.join(deciding)}" if deciding else "has none of the keys"
            self._refuse(key, f"{found} that tell what it is ({listed}). Give exactly one of them.")
            return None
        return self._parse(shapes[deciding[0]], raw, key)

    def _parse(self, model: type[_M], raw: Any, key: str) -> _M | None:
        try:
            return model.model_validate_json(json.dumps(raw))
        except ValidationError as error:
            self.problems += explain(error, model, key)
            return None
