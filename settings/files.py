"""The files that a configuration names, and what is made of them."""

from pathlib import Path
from typing import Any

from openapi.document import mapping
from openapi.importing import Source, read
from openapi.parsing import parse_json

from . import user_data
from .errors import Problem, quoted
from .schema import NAMESPACE, Api, FleetTarget

SERVICE = Path("service/app.py")
MAX_POLICY_CHARACTERS = 8_192
"""Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html"""


class Files:
    """Reads files of the project, and collects what is wrong with them."""

    def __init__(self, root: Path) -> None:
        self.problems: list[Problem] = []
        self._root = root

    def user_data(self, name: str, target: FleetTarget, origin: str | None) -> str:
        """The user data of a fleet: the file it names, or one that runs the sample service."""
        file = target.fleet.user_data_file
        key = f"targets.{name}.fleet" + (".userDataFile" if file else "")
        text = self._text(key, file or str(SERVICE)) or ""
        if file:
            if (size := len(text.encode())) > user_data.MAX_BYTES:
                self._report(
                    key,
                    f"has {size} bytes, above the {user_data.MAX_BYTES} that AWS allows. Add the "
                    "program to an image, or download it at boot.",
                )
            return text
        environment = {
            "SERVICE_NAME": name,
            "SERVICE_PORT": str(target.port),
            "SERVICE_HEALTH_PATH": target.health_path,
        }
        if origin:
            environment["SERVICE_ALLOW_ORIGIN"] = origin
        try:
            return user_data.render(text, environment, target.server_name)
        except ValueError as error:
            self._report(key, f"{quoted(str(SERVICE))} makes {error}.")
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

    def _text(self, key: str, name: str) -> str | None:
        """The text of a file of the project, or None with a problem."""
        try:
            path = (self._root / name).resolve()
            if path.is_relative_to(self._root.resolve()):
                return path.read_text(encoding="utf-8")
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
