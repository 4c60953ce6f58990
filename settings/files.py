"""The files that a configuration names, and what is made of them."""

from pathlib import Path
from typing import Any, NamedTuple

from openapi.document import mapping
from openapi.importing import Source, read
from openapi.parsing import parse_json

from . import own_user_data, user_data
from .boot import Boot
from .errors import Problem, quoted
from .reach import Reach
from .schema import NAMESPACE, Api, FleetTarget
from .secrets import reading

SERVICE = Path("service/app.py")
MAX_POLICY_CHARACTERS = 8_192
"""Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html"""


class Surroundings(NamedTuple):
    """What the user data depends on, besides the target."""

    region: str
    origin: str | None
    """Origin of the pages that may call the API."""


class Files:
    """Reads files of the project, and collects what is wrong with them."""

    def __init__(self, root: Path) -> None:
        self.problems: list[Problem] = []
        self.advice: list[str] = []
        """What will probably not work; the program warns of it."""
        self._root = root

    def user_data(self, name: str, target: FleetTarget, stack: Surroundings, reach: Reach) -> str:
        """The user data of a fleet: the file it names, or one that runs the sample service."""
        key, fleet = f"targets.{name}.fleet", target.fleet
        secrets = reading(fleet.secrets, stack.region)
        if file := fleet.user_data_file:
            return self._own_user_data(f"{key}.userDataFile", file, target, secrets, reach)
        environment = {
            "SERVICE_NAME": name,
            "SERVICE_PORT": str(target.port),
            "SERVICE_HEALTH_PATH": target.health_path,
            **fleet.environment,
        }
        if stack.origin:
            environment["SERVICE_ALLOW_ORIGIN"] = stack.origin
        text = self._text(key, str(SERVICE)) or ""
        try:
            return user_data.render(text, environment, target.server_name, secrets)
        except ValueError as error:
            self._report(key, f"{quoted(str(SERVICE))} makes {error}.")
            return ""

    def _own_user_data(
        self, key: str, file: str, target: FleetTarget, secrets: Boot, reach: Reach
    ) -> str:
        text = self._text(key, file, newline="")
        if text is None:
            return ""
        wrong = [*own_user_data.problems(text)]
        environment = target.fleet.environment
        if (environment or secrets.files) and own_user_data.is_multipart(text):
            wrong.append(
                "is MIME with several parts, to which `environment` and `secrets` cannot be added. "
                "Name a file with a single part, or let your parts read them."
            )
        for message in wrong:
            self._report(key, message)
        for line, command in own_user_data.downloads(text, packages=reach.packages):
            is_reached = reach.services if command.startswith("aws ") else reach.internet
            if not is_reached:
                self.advice.append(
                    f"{NAMESPACE}:{key}: line {line} of {quoted(file)} downloads ({command}), but "
                    f"the instances reach {reach.what}. {reach.way_to('')} Or put it into an "
                    "`image`."
                )
        try:
            environment = {"PORT": str(target.port), **environment} if environment else {}
            return user_data.added(text, environment, secrets)
        except ValueError as error:
            self._report(key, f"{quoted(file)} makes {error}.")
            return ""

    def resource_policy(self, api: Api) -> dict[str, Any] | None:
        """The resource policy of the API, if there is one."""
        key, file = "api.resourcePolicyFile", api.resource_policy_file
        if file is None or (text := self._text(key, file)) is None:
            return None
        try:
            policy = parse_json(text)
        except ValueError as error:
            self._report(key, f"{quoted(file)} is not valid JSON: {error}. Correct it.")
            return None
        statements = mapping(policy).get("Statement")
        statements = statements if isinstance(statements, list) else [statements]
        if not any(mapping(s).get("Effect") == "Allow" for s in statements):
            self._report(
                key,
                f"{quoted(file)} allows nothing, so that it denies every request. Add a statement "
                "with Effect Allow.",
            )
        if len(text) > MAX_POLICY_CHARACTERS:
            self._report(
                key,
                f"has {len(text)} characters, above the {MAX_POLICY_CHARACTERS} that AWS allows. "
                "Shorten it.",
            )
        return policy if isinstance(policy, dict) else None

    def definition(self, api: Api) -> Source | None:
        """The user's own OpenAPI document, if there is one."""
        key, file = "api.definitionFile", api.definition_file
        if file is None or (text := self._text(key, file)) is None:
            return None
        try:
            return read(text)
        except ValueError as error:
            self._report(
                key,
                f"{quoted(file)} is not JSON or YAML that can be imported: {error}. Correct it.",
            )
            return None

    def _text(self, key: str, name: str, newline: str | None = None) -> str | None:
        """The text of a file of the project, or None with a problem.

        Line ends become those of Unix; with `newline=""` they stay as they are.
        """
        try:
            path = (self._root / name).resolve()
            if path.is_relative_to(self._root.resolve()):
                with path.open(encoding="utf-8", newline=newline) as file:
                    return file.read()
            self._report(key, f"{quoted(name)} is outside the project. Move the file into it.")
        except UnicodeDecodeError:
            self._report(key, f"{quoted(name)} is not UTF-8 text. Name a text file.")
        except (OSError, RuntimeError, ValueError) as error:
            # A loop of symbolic links is a RuntimeError before Python 3.13, a NUL a ValueError.
            reason = getattr(error, "strerror", None) or error
            self._report(
                key, f"{quoted(name)} cannot be read: {reason}. Name a file of the project."
            )
        return None

    def _report(self, key: str, message: str) -> None:
        self.problems.append(Problem(f"{NAMESPACE}:{key}", message))
