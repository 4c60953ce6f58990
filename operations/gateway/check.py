"""Calls everything that a configuration promises, and everything that has to be refused."""

from collections.abc import Iterator
from dataclasses import replace

from operations.gateway.definition import operations
from operations.gateway.expectations import mismatches
from operations.gateway.local_api import LocalApi
from operations.gateway.printer import Printer
from operations.gateway.request_plan import (
    PlannedRequest,
    Release,
    RequestPlan,
    plan_extras,
    plan_requests,
)


def check(api: LocalApi, printer: Printer) -> bool:
    """Compare a published API with what its configuration promises, and print what is wrong.

    True if something was called, nothing is missing, and every expectation was met. The API has to
    be strict, see `LocalApi`.
    """
    missing = list(_missing(api))
    plans: list[RequestPlan] = []
    failed = 0
    for stage, release, plan in _plans(api):
        plans.append(plan)
        for planned in plan.requests:
            found = _mismatches(api, stage, planned)
            for mismatch in found:
                why = f" {planned.why}" if planned.why else ""
                printer.problem(f"  {release.name}, {planned.route}{why}: {mismatch}")
            failed += bool(found)
    return printer.verdict(plans, failed, missing)


def _mismatches(api: LocalApi, stage: str, planned: PlannedRequest) -> list[str]:
    request = planned.request
    sent = replace(request, target=f"/{stage}{request.target}")
    exchange = api.send(sent, planned.behavior, planned.why)
    return mismatches(request, planned.expectation, exchange.deliveries, exchange.response)


def _plans(api: LocalApi) -> Iterator[tuple[str, Release, RequestPlan]]:
    """The plan of every release; the first one has everything."""
    published = api.state.published
    promised, whole = published.promise.document, True
    for stage in (stage for stage in published.promise.releases if stage in published.stages):
        for release in api.releases(stage):
            plan = plan_requests(promised, release, whole=whole)
            if whole:
                extras = plan_extras(published.document, promised)
                plan = replace(plan, requests=(*plan.requests, *extras))
            yield stage, release, plan
            whole = False


def _missing(api: LocalApi) -> Iterator[str]:
    """What is promised and not there, and the releases that are there and not promised."""
    published = api.state.published
    there = {operation.route for operation in operations(published.document)}
    promised = {operation.route for operation in operations(published.promise.document)}
    for route in sorted(promised - there):
        yield f"{route} is configured, but missing from the definition."
    releases = {name for promised in published.promise.releases.values() for name in promised}
    published_releases = {name for stage in published.stages for name in published.releases(stage)}
    for name in sorted(releases - published_releases):
        yield f"{name} is configured, but not published."
    for name in sorted(published_releases - releases):
        yield f"{name} is published, but not configured."
