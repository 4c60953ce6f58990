"""What `serve` prints."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from rich.console import Console

from openapi.variables import Pair
from operations.gateway.authorizers import DENIED, StubAuthorizer
from operations.gateway.definition import operations
from operations.gateway.local_api import Exchange, LocalApi
from operations.gateway.published import PublishedApi
from operations.gateway.request_plan import RequestPlan

NOT_TESTED = (
    "Not tested here: the VPC link's connection and, with V2, the load balancer that it leads to; "
    "throttling, caches, web ACLs, resource policies, domain names with their client certificates, "
    "and whether a signature or a token is right."
)


class Printer:
    """Prints to a console; its methods may be called by many threads."""

    def __init__(self, console: Console) -> None:
        self.console = console

    def line(self, text: str, style: str | None = None) -> None:
        """Print text as it is."""
        self.console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)

    def problem(self, text: str) -> None:
        """Print text in red."""
        self.line(text, style="red")

    def stages(self, api: LocalApi) -> None:
        """Print the URL and the targets of every stage, and the key if a route requires one."""
        published = api.state.published
        for name, stage in published.stages.items():
            production, *canary = map(published.reached, published.releases(name).values())
            others = {k: t for one in canary for k, t in one.items() if t != production.get(k)}
            share = f", {stage.canary.percent:g} % to {_named(others)}" if stage.canary else ""
            urls = [url for url, own in published.promise.urls.items() if own == name]
            on_aws = f"  on AWS: {', '.join(urls)}" if urls else ""
            line = f"{name}  {api.url(name)}  -> {_named(production)}{share}{on_aws}"
            self.line(line, style="bold")
        if any(o.authorization == "apiKey" for o in operations(published.document)):
            self.line(
                f"Routes that require an API key: send x-api-key: {api.state.imported.api_key}"
            )

        stubs = (StubAuthorizer.of(operation) for operation in operations(published.document))
        for described in sorted({stub.described for stub in stubs if stub}):
            self.line(f"Routes for {described}: everything is accepted but {DENIED}.")

    def services(self, published: PublishedApi) -> None:
        """Print what runs behind the targets."""
        for target in published.hosts:
            own = published.services.get(target)
            self.line(f"{target} is {own or 'service/app.py'}, on this machine.")

    def service(self, target: str, line: str) -> None:
        """Print a line of a service, or about it."""
        self.line(f"{target} | {line}", style="dim")

    def exchange(self, exchange: Exchange) -> None:
        """Print one line for a request that has just been answered."""
        request = exchange.request
        _, stage, *rest = request.path.split("/")
        targets = ", ".join(delivery.target for delivery in exchange.deliveries)
        refusal = exchange.refusal
        mark = f"  {refusal.response.status} on AWS: {refusal.reason}" if refusal else ""
        mark += f"  {exchange.note}" if exchange.note else ""
        self.line(
            f"{datetime.now():%H:%M:%S}  {stage:8} {request.method:7} /{'/'.join(rest)}  "
            f"{exchange.response.status}  {exchange.milliseconds:.0f} ms  "
            f"{targets or 'the gateway itself'}{mark}",
            style="yellow" if refusal else None,
        )

    def verdict(self, plans: Sequence[RequestPlan], failed: int, missing: Sequence[str]) -> bool:
        """Print what was left out, what is not tested, and the result, which is returned."""
        skipped = {route: reason for plan in plans for route, reason in plan.skipped.items()}
        for route, reason in skipped.items():
            self.line(f"Skipped {route}: {reason}.", style="yellow")
        for line in missing:
            self.problem(line)
        self.line(NOT_TESTED)
        requests = [planned for plan in plans for planned in plan.requests]
        called = sum(planned.expectation.delivery is not None for planned in requests)
        if called and not failed and not missing:
            self.line(
                f"All {len(requests)} requests matched their expectations; "
                f"{len(requests) - called} of them the gateway had to answer itself.",
                style="green",
            )
            return True
        mismatched = f"{failed} of {len(requests)} requests did not match their expectations."
        self.problem(mismatched if called else "No route could be called.")
        return False


def _named(reached: Mapping[Pair, str]) -> str:
    """Targets, after the names of their services if they have any."""
    return ", ".join(
        f"{pair.service}: {target}" if pair.service else target for pair, target in reached.items()
    )
