"""Which configuration of the policies a rehearsal uses, and where exceptions belong."""

from simulation.pack_config import read_config
from simulation.rehearsal import config_of, exceptions_of
from tests.stacks import ROOT

POLICIES = ROOT / "policies"
STRICTEST = read_config(POLICIES / "config.ci.json")


def test_a_stack_has_its_own_levels_or_the_strictest_ones() -> None:
    assert config_of("prod") == read_config(POLICIES / "config.prod.json")
    assert config_of("somebody") == STRICTEST


def test_exceptions_next_to_a_stack_file_override_the_configuration() -> None:
    assert "integration-tls-verified" not in STRICTEST
    assert config_of("examples/https.yaml") == {
        **STRICTEST,
        "integration-tls-verified": {"exclude": ["api-definition"]},
    }


def test_an_exception_belongs_in_the_stacks_own_configuration_or_next_to_its_file() -> None:
    assert exceptions_of("prod") == POLICIES / "config.prod.json"
    assert exceptions_of("examples/https.yaml") == ROOT / "examples/https.policies.json"
    assert exceptions_of("somebody") == ROOT / "Pulumi.somebody.policies.json"
