"""Faults in a definition, put there one by one, and whether the check over HTTP shows them."""

import copy
import dataclasses
import io
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from rich.console import Console

from operations.gateway import GatewayError
from operations.gateway.check import check
from operations.gateway.local_api import LocalApi
from operations.gateway.printer import Printer
from operations.gateway.published import Canary, PublishedApi, PublishedStage, load
from operations.gateway.request_plan import RequestPlan, plan_requests
from tests import tables
from tests.gateway.apis import BLUE, GREEN, TWO_SERVICES, of, published
from tests.stacks import ROOT, run_stack

TABLE: Mapping[str, Any] = tables.read(ROOT / "tests" / "gateway" / "faults.yaml")
FAULTS: Mapping[str, Mapping[str, Any]] = TABLE["faults"]
SHOWN = {name: fault for name, fault in FAULTS.items() if "shows" in fault}
HIDDEN = {name: fault for name, fault in FAULTS.items() if "hidden" in fault}
MORE: Mapping[str, Mapping[str, Any]] = {
    "cors": {"cors": True},
    "authorized": {"cors": True},
    "https": {"scheme": "https"},
    "canary": {"stages": {"dev": PublishedStage(BLUE, Canary(25, GREEN))}},
    "services": {"stages": {"dev": PublishedStage(TWO_SERVICES, Canary(25, of("orders", GREEN)))}},
    "plain": {"stages": {"dev": PublishedStage({**BLUE, "otherHost": GREEN["backendHost"]})}},
}


class Shown(Exception):  # noqa: N818 - it is what is waited for
    """The fault is shown: nothing more has to be called."""


class Watching(Printer):
    """Stops at a certain finding, and keeps all."""

    def __init__(self, expected: str | None) -> None:
        super().__init__(Console(file=io.StringIO()))
        self.found: list[str] = []
        self.expected = expected

    def problem(self, text: str) -> None:
        self.found.append(re.sub("[0-9a-f]{8}", "NONCE", text))
        if self.expected and self.expected in self.found[-1]:
            raise Shown


def right(name: str) -> PublishedApi:
    if isinstance(stack := TABLE["apis"][name], str):
        return load(stack, run=run_stack(stack=stack))
    return published(*TABLE["apis"][name], **MORE.get(name, {}))


def faulty(fault: Mapping[str, Any]) -> PublishedApi:
    """The API with the fault; what is promised stays."""
    api = right(fault["api"])
    whole: dict[str, Any] = {
        **copy.deepcopy(api.document),
        "stages": {name: dict(stage.variables) for name, stage in api.stages.items()},
        "canary": {k: dict(s.canary.overrides) for k, s in api.stages.items() if s.canary},
    }
    whole["canary"] = whole["canary"].get("dev")
    before = copy.deepcopy(whole)
    holder, key = found(whole, fault["at"])
    if "rename" in fault:
        holder[fault["rename"]] = holder.pop(key)
    elif "set" in fault:
        value = fault["set"]
        if str(value).startswith("copy of "):
            inner, last = found(whole, value.removeprefix("copy of "))
            value = copy.deepcopy(inner[last])
        if isinstance(holder, list) and key == len(holder):
            holder.append(value)
        else:
            holder[key] = value
    else:
        del holder[key]
    assert whole != before
    stages, overrides = whole.pop("stages"), whole.pop("canary", None)
    canary = Canary(25, overrides) if overrides else None
    made = {name: PublishedStage(variables, canary) for name, variables in stages.items()}
    return dataclasses.replace(api, definition=json.dumps(whole), stages=made)


def found(whole: Any, at: str) -> tuple[Any, Any]:
    """The object or list with the value that a path leads to, and its key there."""
    *steps, last = [
        "x-amazon-apigateway-integration" if step == "integration" else step
        for step in at.split(" > ")
    ]
    for step in steps:
        whole = whole[int(step)] if isinstance(whole, list) else whole[step]
    return whole, int(last) if isinstance(whole, list) else last


def findings(api: LocalApi, new: PublishedApi, expected: str | None = None) -> list[str]:
    """What the check prints, up to what is expected."""
    printer = Watching(expected)
    try:
        api.publish(new)
        passed = check(api, printer)
    except Shown:
        return printer.found
    except GatewayError as error:
        return [str(error)]
    assert passed is not bool(printer.found)
    return printer.found


@pytest.mark.gateway
@pytest.mark.parametrize(
    "name", sorted(set(TABLE["apis"]) - {"file"})
)  # that is one of the examples
def test_without_a_fault_nothing_is_shown(name: str, strict_api: LocalApi) -> None:
    assert findings(strict_api, right(name)) == []


def likely_first(expected: str) -> Callable[..., RequestPlan]:
    """Plans whose first requests are those that the expected finding names: it saves most calls."""

    def plan(*args: Any, **options: Any) -> RequestPlan:
        made = plan_requests(*args, **options)
        ordered = sorted(
            made.requests,
            key=lambda p: (f"{p.route} {p.why}" if p.why else f"{p.route}:") not in expected,
        )
        return dataclasses.replace(made, requests=tuple(ordered))

    return plan


@pytest.mark.gateway
@pytest.mark.parametrize("name", SHOWN)
def test_it_is_shown_that(name: str, strict_api: LocalApi, monkeypatch: pytest.MonkeyPatch) -> None:
    fault = SHOWN[name]
    monkeypatch.setattr("operations.gateway.check.plan_requests", likely_first(fault["shows"]))
    shown = findings(strict_api, faulty(fault), fault["shows"])
    assert shown
    assert fault["shows"] in shown[-1], shown


@pytest.mark.gateway
@pytest.mark.parametrize("name", HIDDEN)
def test_it_is_not_shown_that(name: str, strict_api: LocalApi) -> None:
    assert findings(strict_api, faulty(HIDDEN[name])) == []


def test_what_is_not_shown_is_in_the_guide_with_its_reason() -> None:
    guide = " ".join((ROOT / "docs" / "serving.md").read_text().split())
    for name, fault in HIDDEN.items():
        assert f"| {name} | {fault['hidden']} |" in guide
    assert f"{len(SHOWN)} of {len(FAULTS)} faults" in guide
