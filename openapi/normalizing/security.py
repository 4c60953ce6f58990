"""Security: what API Gateway checks itself, and what it leaves to the service.

API Gateway checks signatures, its own API keys, and what authorizers check. Tokens and passwords of
other schemes are headers or query parameters that a proxy integration passes on unchanged.
"""

from collections.abc import Mapping
from typing import Any

from openapi.compiler import INTEGRATION
from openapi.document import (
    AUTHORIZER,
    AUTHTYPE,
    Document,
    Operation,
    is_api_key,
    mapping,
)
from openapi.findings import Findings
from openapi.hints import listed, nearest
from openapi.normalizing import fields
from openapi.paths import Steps, at

_SCHEMES: Steps = ("components", "securitySchemes")
_OURS = ("sigv4", "api_key")
"""Names that examples for API Gateway give to what it checks itself."""


class Security:
    """The security schemes of one document, and what its operations require of them."""

    def __init__(self, document: Document, findings: Findings) -> None:
        self._document, self._findings = document, findings
        self._schemes = {
            name: mapping(document.resolve((*_SCHEMES, name), scheme))
            for name, scheme in document.components("securitySchemes").items()
        }
        self._checked = {name for name, scheme in self._schemes.items() if _is_checked(scheme)}
        self._unchecked_scopes: dict[str, list[str]] = {}
        self.left_to_the_service: dict[str, list[str]] = {}
        """JSON paths of operations by the names of the schemes that the service has to check."""

    def schemes(self) -> dict[str, Any]:
        """The schemes that API Gateway checks, in its form."""
        made = {}
        for name, scheme in self._schemes.items():
            kept = fields.kept(self._findings, (*_SCHEMES, name), scheme, fields.SECURITY_SCHEME)
            if name in self._checked:
                made[name] = {**kept, "name": "x-api-key"} if is_api_key(scheme) else kept
            elif any(key.startswith("x-amazon-") for key in scheme):
                self._refuse_scheme((*_SCHEMES, name), scheme)
            else:
                self._findings.leave_out("security schemes of the service", (*_SCHEMES, name))
        return made

    def _refuse_scheme(self, steps: Steps, scheme: Mapping[str, Any]) -> None:
        """Refuse a scheme that was meant for API Gateway, and would admit everyone."""
        if not _is_placed(scheme):
            text = "is not checked by API Gateway. Write type: apiKey, in: header, and its name."
            self._findings.refuse(steps, text)
            return
        meant = nearest(str(scheme.get(AUTHTYPE)), ("awsSigv4",))
        hint = f" Did you mean {meant}?" if meant else ""
        self._findings.refuse(
            (*steps, AUTHTYPE) if AUTHTYPE in scheme else steps,
            "is neither IAM nor an authorizer, so API Gateway would admit everyone. Write "
            f"{AUTHTYPE}: awsSigv4, or add {AUTHORIZER}.{hint}",
        )

    def of(self, operation: Operation) -> list[dict[str, Any]] | None:
        """What API Gateway checks of an operation's requirements; None without any."""
        if operation.security is None:
            return None
        own = "security" in operation.spec
        steps: Steps = (*operation.steps, "security") if own else ("security",)
        requirements = operation.security
        if not isinstance(requirements, list) or any(
            not isinstance(requirement, Mapping) for requirement in requirements
        ):
            self._findings.refuse(steps, "is not a list of requirements. Correct it.")
            return []
        self._check_names(steps, requirements)
        checked = [
            {
                name: self._checked_scopes(operation, name, scopes)
                for name, scopes in requirement.items()
                if name in self._checked
            }
            for requirement in requirements
        ]
        alternatives = {str(sorted(requirement.items())) for requirement in checked}
        if any(checked) and len(alternatives) > 1:
            self._findings.refuse(
                steps,
                "has alternatives, and API Gateway cannot choose. Require one of them, or all in "
                "one item, such as {sigv4: [], api_key: []}.",
            )
            return []
        authorizers = [n for n in mapping(checked[:1] and checked[0]) if not self._is_key(n)]
        if len(authorizers) > 1:
            several = " and ".join(authorizers)
            text = f"{several} are too many for one method. Keep one of them."
            self._findings.refuse((*steps, 0), text)
        self._leave_to_the_service(operation, steps, requirements)
        return [checked[0]] if checked and checked[0] else []

    def _checked_scopes(self, operation: Operation, name: str, scopes: Any) -> Any:
        """The scopes, unless a function has to check them: API Gateway does so with user pools."""
        spec = mapping(self._schemes[name].get(AUTHORIZER))
        if not scopes or str(spec.get("type")).lower() not in ("token", "request"):
            return scopes
        self._unchecked_scopes.setdefault(name, []).append(operation.json_path)
        return []

    def _is_key(self, name: str) -> bool:
        return is_api_key(self._schemes[name])

    def _check_names(self, steps: Steps, requirements: list[Any]) -> None:
        for position, requirement in enumerate(requirements):
            for name, scopes in requirement.items():
                # Without any schemes, the names can only mean something to the service.
                if name not in self._schemes and (self._schemes or name in _OURS):
                    known = f"components.securitySchemes ({listed(self._schemes)})"
                    text = f"is not in {known}. Define it there."
                    self._findings.refuse((*steps, position, name), text)
                elif not isinstance(scopes, list) or any(not isinstance(s, str) for s in scopes):
                    text = f"{scopes!r:.80} is not a list of scopes. Write []."
                    self._findings.refuse((*steps, position, name), text)

    def _leave_to_the_service(
        self, operation: Operation, steps: Steps, requirements: list[Any]
    ) -> None:
        names = sorted({name for requirement in requirements for name in requirement})
        names = [name for name in names if name not in self._checked]
        if not names:
            return
        integration = mapping(operation.spec.get(INTEGRATION))
        passed = [str(v) for v in mapping(integration.get("requestParameters")).values()]
        kind = str(integration.get("type", "http_proxy")).lower()
        for name in names:
            spot = _spot(self._schemes.get(name, {}))
            if kind == "http_proxy" or (kind == "http" and spot in passed):
                self.left_to_the_service.setdefault(name, []).append(operation.json_path)
            else:
                self._findings.refuse(
                    steps,
                    f"requires {name!r}, which API Gateway does not check, and the integration "
                    f"does not pass it to the service. Map {spot}, or use an authorizer.",
                )

    def advise(self) -> None:
        """Say which requirements only the service checks, or the function of an authorizer."""
        for name, operations in self._unchecked_scopes.items():
            self._findings.advise(
                at("", *_SCHEMES, name),
                f"has scopes in {len(operations)} operations, such as {operations[0]}, which API "
                "Gateway checks for user pools only: the function of the authorizer has to check "
                "them.",
            )
        for name, operations in self.left_to_the_service.items():
            kind = self._schemes.get(name, {}).get("type", "not defined in the file")
            place = (
                at("", *_SCHEMES, name) if name in self._schemes else f"{operations[0]}.security"
            )
            self._findings.advise(
                place,
                f"{name!r} ({kind}) is not checked by API Gateway, which passes it on: the service "
                f"has to check it in {len(operations)} operations, such as {operations[0]}.",
            )


def _is_checked(scheme: Mapping[str, Any]) -> bool:
    """Whether API Gateway checks a scheme, which then is of type apiKey."""
    signed = str(scheme.get(AUTHTYPE, "")).lower() == "awssigv4"
    meant = signed or isinstance(scheme.get(AUTHORIZER), Mapping)
    return is_api_key(scheme) or (meant and _is_placed(scheme))


def _is_placed(scheme: Mapping[str, Any]) -> bool:
    name, place = scheme.get("name"), scheme.get("in")
    return scheme.get("type") == "apiKey" and isinstance(name, str) and place in ("header", "query")


def _spot(scheme: Mapping[str, Any]) -> str:
    """Where the credentials of a scheme are, as a mapping names it."""
    if scheme.get("type") != "apiKey":
        return "method.request.header.Authorization"
    location = {"query": "querystring", "cookie": "header"}.get(str(scheme.get("in")), "header")
    name = "Cookie" if scheme.get("in") == "cookie" else scheme.get("name")
    return f"method.request.{location}.{name}"
