"""Whether policy documents allow a request, as AWS decides it for allowing statements only.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Context = Mapping[str, str]


@dataclass(frozen=True)
class Target:
    """One resource that a request touches, with what AWS knows of both."""

    resource: str
    context: Context


@dataclass(frozen=True)
class Request:
    """One call; AWS allows it when the action is allowed on everything it touches."""

    action: str
    targets: tuple[Target, ...]


def allowed(documents: Iterable[Mapping[str, Any]], request: Request) -> bool:
    statements = [statement for document in documents for statement in document["Statement"]]
    return all(
        any(covers(statement, request.action, target) for statement in statements)
        for target in request.targets
    )


def covers(statement: Mapping[str, Any], action: str, target: Target) -> bool:
    assert statement["Effect"] == "Allow", "a denial would need another evaluation"
    return (
        any(_like(pattern, action) for pattern in _list(statement["Action"]))
        and any(_like(pattern, target.resource) for pattern in _list(statement["Resource"]))
        and all(
            _holds(operator, key, _list(values), target.context)
            for operator, by_key in statement.get("Condition", {}).items()
            for key, values in by_key.items()
        )
    )


def _holds(operator: str, key: str, values: list[str], context: Context) -> bool:
    if operator == "Null":
        return [str(key not in context).lower()] == values
    assert operator in ("StringEquals", "ArnEquals", "Bool"), operator
    return context.get(key) in values


def _like(pattern: str, text: str) -> bool:
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, text) is not None


def _list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
