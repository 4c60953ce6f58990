"""The policy pack, started by the engine."""

import json

import pytest

from .stack import Failed, Stack
from .standin import kinds as k

pytestmark = pytest.mark.engine

PACK = ("--policy-pack", "policies")
SHIPPED = (*PACK, "--policy-pack-config", "policies/config.dev.json")


def test_a_good_stack_passes_and_the_pack_is_shown(dev: Stack) -> None:
    dev.up(*SHIPPED)
    assert "private-api@v0.1.0 (local: policies)" in dev.output
    assert "[mandatory]" not in dev.output
    assert "can't run policy" not in dev.output


def test_a_mandatory_finding_fails_the_preview(dev: Stack) -> None:
    with pytest.raises(Failed, match=r"\[mandatory\].*route-authorization"):
        dev.run("preview", *PACK, "--stack", dev.name)


def test_an_advisory_finding_is_shown_and_no_more(dev: Stack) -> None:
    config = _config(dev, {"route-authorization": "advisory"})
    dev.run("preview", *PACK, "--policy-pack-config", config, "--stack", dev.name)
    assert "route-authorization" in dev.output
    assert "[advisory]" in dev.output


def test_an_update_without_preview_stops_before_the_link(dev: Stack) -> None:
    source = dev.program / "components" / "nlb_target.py"
    right = source.read_text(encoding="utf-8")
    wrong = right.replace(
        "self.load_balancer_arn = balancer.arn\n",
        'self.load_balancer_arn = balancer.arn.apply(lambda a: a.replace("-2:", "-1:"))\n',
    )
    assert wrong != right
    source.write_text(wrong, encoding="utf-8")
    green = {"port": 8080, "healthPath": "/", "fleet": {"instanceType": "t4g.micro"}}
    dev.edit(("targets.green", green))
    with pytest.raises(Failed, match="vpclink-target-location"):
        dev.up(*SHIPPED)
    made = {call.kind for call in dev.aws.calls("create") if not call.error}
    assert k.LOAD_BALANCER in made
    assert k.VPC_LINK not in made


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"route-authorisation": "advisory"}, "did you mean 'route-authorization'"),
        ({"log-retention": {"minDay": 30}}, "did you mean 'minDays'"),
    ],
)
def test_a_misspelt_configuration_is_refused(
    dev: Stack, config: dict[str, object], said: str
) -> None:
    with pytest.raises(Failed, match=said):
        dev.up(*PACK, "--policy-pack-config", _config(dev, config))


def _config(stack: Stack, config: dict[str, object]) -> str:
    path = stack.folder / "config.json"
    path.write_text(json.dumps(config), encoding="utf-8")
    return str(path)
