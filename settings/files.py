"""The files that a configuration names, and what is made of them."""

from pathlib import Path
from typing import Any

from openapi import parsing

from . import user_data
from .errors import NAMESPACE, Problem, quoted
from .schema import Api, FleetTarget

SERVICE = Path("service/app.py")
MAX_POLICY_CHARACTERS = 8_192
"""Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html"""


class Files:
    """Reads files under the project's root, and collects what is wrong with them."""

    def __init__(self, root: Path) -> None:
        self.problems: list[Problem] = []
        self._root = root

    def user_data(self, name: str, target: FleetTarget, origin: str | None) -> str:
        """The boot instructions of a fleet: the file it names, or the sample service's."""
        if target.fleet.user_data_file is not None:
            key = f"{NAMESPACE}:targets.{name}.fleet.userDataFile"
            text = self.text(key, target.fleet.user_data_file)
            size = len(text.encode())
            if size > user_data.MAX_BYTES:
                self._refuse(
                    key,
                    f"has {size} bytes, above the {user_data.MAX_BYTES} that AWS takes. "
                    "Bake the program into an image, or fetch it at boot.",
                )
            return text
        environment = {
            "SERVICE_NAME": name,
            "SERVICE_PORT": str(target.port),
            "SERVICE_HEALTH_PATH": target.health_path,
        }
        if origin:
            environment["SERVICE_ALLOW_ORIGIN"] = origin
        key = f"{NAMESPACE}:targets.{name}.fleet"
        source = self.text(key, str(SERVICE))
        try:
            return user_data.render(source, environment, target.server_name)
        except ValueError as error:
            self._refuse(key, f"{quoted(str(SERVICE))} makes {error}.")
            return ""

    def resource_policy(self, api: Api) -> dict[str, Any] | None:
        """The API's resource policy, if there is one."""
        if api.resource_policy_file is None:
            return None
        key, known = f"{NAMESPACE}:api.resourcePolicyFile", len(self.problems)
        text = self.text(key, api.resource_policy_file)
        if len(self.problems) > known:
            return None
        try:
            policy = parsing.parse_json(text)
        except ValueError as error:
            self._refuse(
                key, f"{quoted(api.resource_policy_file)} is no JSON: {error}. Correct it."
            )
            return None
        statements = policy.get("Statement", []) if isinstance(policy, dict) else []
        statements = statements if isinstance(statements, list) else [statements]
        if not any(s.get("Effect") == "Allow" for s in statements if isinstance(s, dict)):
            self._refuse(
                key,
                f"{quoted(api.resource_policy_file)} allows nothing, so it denies everybody. "
                "Add a statement with Effect Allow.",
            )
        if len(text) > MAX_POLICY_CHARACTERS:
            self._refuse(
                key,
                f"has {len(text)} characters, above the {MAX_POLICY_CHARACTERS} that AWS takes. "
                "Shorten it.",
            )
        return policy if isinstance(policy, dict) else None

    def definition(self, api: Api) -> dict[str, Any] | None:
        """The user's own OpenAPI document, if there is one."""
        if api.definition_file is None:
            return None
        key, known = f"{NAMESPACE}:api.definitionFile", len(self.problems)
        text = self.text(key, api.definition_file)
        if len(self.problems) > known:
            return None
        try:
            return parsing.parse(text)
        except ValueError as error:
            self._refuse(
                key,
                f"{quoted(api.definition_file)} is no JSON or YAML that can be imported: {error}. "
                "Correct it.",
            )
            return None

    def text(self, key: str, name: str) -> str:
        """The text of a file under the root; empty, with a problem, if it cannot be had."""
        try:
            path = (self._root / name).resolve()
            if not path.is_relative_to(self._root.resolve()):
                self._refuse(key, f"{quoted(name)} is outside the project. Move the file into it.")
                return ""
            return path.read_text(encoding="utf-8")
        except (OSError, RuntimeError, ValueError) as error:
            # A loop of symbolic links is a RuntimeError before Python 3.13, a NUL a ValueError.
            is_text = not isinstance(error, UnicodeDecodeError)
            reason = getattr(error, "strerror", None) or (
                error if is_text else "it is no UTF-8 text"
            )
            self._refuse(
                key, f"{quoted(name)} cannot be read: {reason}. Name a file under the project."
            )
            return ""

    def _refuse(self, key: str, message: str) -> None:
        self.problems.append(Problem(key, message))
