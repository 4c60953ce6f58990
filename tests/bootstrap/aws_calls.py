"""The requests in `aws_calls.yaml`, as one stack's program makes them in one region."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import tables
from tests.bootstrap.iam import Request, Target

ACCOUNT = "111122223333"
TABLE = tables.read(Path(__file__).with_suffix(".yaml"))


@dataclass(frozen=True)
class Calls:
    """The calls for one resource type."""

    read: tuple[Request, ...]
    write: tuple[Request, ...]


@dataclass(frozen=True)
class Caller:
    """Makes the requests."""

    stack: str = "dev"
    region: str = "us-east-2"
    project: str = "private-api"

    def untagged(self, resource: str, **context: str) -> Target:
        return Target(self._arn(resource), {"aws:RequestedRegion": self.region, **context})

    def created(self, resource: str, **context: str) -> Target:
        return self.untagged(resource, **self._tags("aws:RequestTag"), **context)

    def owned(self, resource: str, **context: str) -> Target:
        return self.untagged(resource, **self._tags("aws:ResourceTag"), **context)

    @property
    def boundary(self) -> dict[str, str]:
        arn = f"arn:aws:iam::{ACCOUNT}:policy/{self.project}-{self.stack}-role-boundary"
        return {"iam:PermissionsBoundary": arn}

    def _arn(self, resource: str) -> str:
        """The ARN of `service:rest`; those of API Gateway and of AWS itself name no account."""
        service, _, rest = resource.partition(":")
        region = "" if service in ("iam", "route53", "s3") else self.region
        public = service in ("apigateway", "route53", "s3", "ssm") or rest.startswith("image/")
        owner = "" if public else "aws" if rest.startswith("prefix-list/") else ACCOUNT
        is_whole = resource == "*" or service == "arn"
        return resource if is_whole else f"arn:aws:{service}:{region}:{owner}:{rest}"

    def _tags(self, key: str) -> dict[str, str]:
        return {f"{key}/project": self.project, f"{key}/stack": self.stack}


def calls(caller: Caller) -> dict[str, Calls]:
    """Every call, by the type that it is made for."""
    return {
        token: Calls(*(tuple(_requests(caller, row[kind], row)) for kind in ("read", "write")))
        for token, row in TABLE["types"].items()
    }


def _requests(
    caller: Caller, items: Iterable[str | Mapping[str, Any]], row: Mapping[str, Any]
) -> Iterator[Request]:
    for item in items:
        entry = {"call": item, "any": "*"} if isinstance(item, str) else item
        repeats = row["of"] if "each" in entry.values() else [None]
        for each in repeats:
            yield from _calls(caller, entry, each)


def _calls(caller: Caller, entry: Mapping[str, Any], each: str | None) -> Iterator[Request]:
    facts = {**vars(caller), "boundary": caller.boundary["iam:PermissionsBoundary"]}
    context = {key: value.format(**facts) for key, value in entry.get("with", {}).items()}

    def resources(key: str) -> list[str]:
        names = entry.get(key, [])
        names = [names] if isinstance(names, str) else names
        known = {**TABLE["resources"], "each": TABLE["resources"].get(each), "*": "*"}
        return [known[name].format(**facts) for name in names]

    service, _, names = entry["call"].partition(":")
    targets = (
        *(caller.created(resource, **context) for resource in resources("new")),
        *(caller.owned(resource, **context) for resource in resources("own")),
        *(caller.untagged(resource, **context) for resource in resources("any")),
    )
    for name in names.split():
        yield Request(f"{service}:{name}", targets)
        if "tag" in entry:
            created = caller.created(resources("new")[0], **{f"{service}:CreateAction": name})
            yield Request(f"{service}:{entry['tag']}", (created,))
