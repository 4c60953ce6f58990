"""The files that a configuration names, and what is made of them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from openapi.document import mapping
from openapi.importing import Source, read
from openapi.parsing import parse_json
from openapi.private_endpoint import added_characters, policy_problems

from . import own_user_data, user_data
from .boot import NOTHING, Boot
from .container import running
from .errors import Problem, quoted
from .logs import group_name, sending
from .reach import Reach
from .schema import NAMESPACE, Api
from .secrets import reading
from .targets import FleetTarget

SERVICE = Path("service/app.py")
MAX_POLICY_CHARACTERS = 8_192
"""Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html"""


class Surroundings(NamedTuple):
    """What the user data depends on, besides the target."""

    title: str
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
        """The user data of a fleet: the file it names, or what runs a container or the sample."""
        key, fleet = f"targets.{name}.fleet", target.fleet
        secrets = reading(fleet.secrets, stack.region)
        logs = sending(group_name(stack.title, name), stack.region) if fleet.logs else NOTHING
        if file := fleet.user_data_file:
            key += ".userDataFile"
            return self._own_user_data(key, file, target, secrets, logs, reach)
        if fleet.container:
            origin = f"{key}.container"
            service = running(fleet.container, target.port, fleet.environment, fleet.secrets)
        else:
            environment = {
                "SERVICE_NAME": name,
                "SERVICE_PORT": str(target.port),
                "SERVICE_HEALTH_PATH": target.health_path,
                **fleet.environment,
            }
            if stack.origin:
                environment["SERVICE_ALLOW_ORIGIN"] = stack.origin
            origin, text = str(SERVICE), self._text(key, str(SERVICE)) or ""
            service = user_data.sample(text, environment, target.server_name, bool(fleet.secrets))
        return self._sized(key, origin, lambda: user_data.whole(service, secrets, logs))

    def _own_user_data(
        self, key: str, file: str, target: FleetTarget, secrets: Boot, logs: Boot, reach: Reach
    ) -> str:
        text = self._text(key, file, newline="")
        if text is None:
            return ""
        wrong = [*own_user_data.problems(text)]
        environment = target.fleet.environment
        is_extended = environment or secrets.files or logs.files
        if is_extended and own_user_data.is_multipart(text):
            wrong.append(
                "is MIME with several parts, to which `environment`, `secrets` and `logs` cannot "
                "be added. Name a file with a single part."
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
        environment = {"PORT": str(target.port), **environment} if environment else {}
        return self._sized(key, file, lambda: user_data.added(text, environment, secrets, logs))

    def _sized(self, key: str, origin: str, make: Callable[[], str]) -> str:
        try:
            return make()
        except ValueError as error:
            self._report(key, f"{quoted(origin)} makes {error}.")
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
        limit, beside = MAX_POLICY_CHARACTERS, ""
        if api.is_private:
            limit -= added_characters(api.endpoint_ids)
            beside = " beside the limit to the VPC endpoints"
            for message in policy_problems(policy):
                self._report(key, f"{quoted(file)} {message}")
        if len(text) > limit:
            self._report(
                key,
                f"has {len(text)} characters, above the {limit} that AWS allows{beside}. Shorten "
                "it.",
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
