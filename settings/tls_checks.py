"""The checks of what API Gateway calls targets with, and of the certificates that they show."""

from collections.abc import Callable

from openapi.paths import Problems, at

from .errors import quoted
from .listener import CERTIFICATE_ARN
from .reader import Draft
from .stage_checks import uses
from .targets import NewTarget


def _targets_share_a_scheme(draft: Draft) -> Problems:
    # The scheme is literal in the one definition; only the host can be a stage variable.
    for whose, names in _sharing(draft).items():
        name, *others = names
        first = draft.targets[name]
        advice = "Use the same, or move this target to another stack."
        for other in others:
            target = draft.targets[other]
            if target.scheme != first.scheme:
                key = "listener" if target.protocol == first.protocol else "protocol"
                differs = (
                    f"makes the scheme {target.scheme}, that of target {name} is {first.scheme}"
                    if key == "listener"
                    else f"differs from that of target {name}"
                )
                yield at("targets", other, key), f"{differs}, and {whose} share one. {advice}"
            if target.tls != first.tls:
                yield (
                    at("targets", other, "tls"),
                    f"differs from that of target {name}, and {whose} share one. {advice}",
                )


def _sharing(draft: Draft) -> dict[str, list[str]]:
    """Targets that are called in one way: those of a service, or else all."""
    if not any(stage.services for stage in draft.stages.values()):
        return {"all targets of an API": [*draft.targets]} if draft.targets else {}
    groups: dict[str, dict[str, None]] = {}
    for use in uses(draft):
        if use.target in draft.targets:
            of = f"of service {use.service}" if use.service else "of requests without a service"
            groups.setdefault(f"all targets {of}", {})[use.target] = None
    return {whose: [*names] for whose, names in groups.items()}


def _tls_needs_https(draft: Draft) -> Problems:
    for name, target in draft.targets.items():
        given = draft.given["targets"][name]
        if target.scheme == "http":
            for key in ("tls", "serverName"):
                if given.get(key) is not None:
                    text = f"{quoted(given[key])} has no effect with http"
                    yield at("targets", name, key), f"{text}. Set `protocol: https`, or remove it."
        elif isinstance(target, NewTarget):
            yield from _names_of_a_target_with_tls(name, target)


def _names_of_a_target_with_tls(name: str, target: NewTarget) -> Problems:
    if not target.server_name:
        holder = "load balancer" if target.listener else "service"
        yield (
            at("targets", name, "serverName"),
            f"is missing with https. Set it to the name on the certificate of the {holder}: it is "
            "verified, and the name of the load balancer never matches.",
        )
    if target.host_header:
        yield (
            at("targets", name, "hostHeader"),
            f"{quoted(target.host_header)} has no effect with https, where `serverName` is the "
            "host. Remove it.",
        )


def _tls_ends_once(draft: Draft) -> Problems:
    for name, target in draft.targets.items():
        if isinstance(target, NewTarget) and target.listener and target.protocol == "https":
            yield (
                at("targets", name, "listener"),
                "ends TLS at the load balancer, and the service has `protocol: https`. Set "
                "`protocol: http`, or remove the listener: TLS then passes through to the service.",
            )


def _certificates_are_in_the_account_and_region(draft: Draft) -> Problems:
    for name, target in draft.targets.items():
        if not isinstance(target, NewTarget) or not target.listener:
            continue
        key = at("targets", name, "listener", "tls", "certificateArn")
        parts = CERTIFICATE_ARN.match(target.listener.tls.certificate_arn)
        if parts and draft.region and parts["region"] != draft.region:
            yield (
                key,
                f"is in {parts['region']}, not in aws:region {draft.region}. A load balancer and "
                "its certificate share a region: use a certificate in this one.",
            )
        if parts and draft.account_ids and parts["account"] not in draft.account_ids:
            yield (
                key,
                f"belongs to account {parts['account']}, not to aws:allowedAccountIds "
                f"{', '.join(draft.account_ids)}. A load balancer and its certificate share an "
                "account: use a certificate in this one.",
            )


TLS_CHECKS: tuple[Callable[[Draft], Problems], ...] = (
    _targets_share_a_scheme,
    _tls_needs_https,
    _tls_ends_once,
    _certificates_are_in_the_account_and_region,
)
