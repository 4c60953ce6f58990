"""Every rule on our real stack with one thing changed."""

import pytest

from simulation.engine import Phase, Run
from tests.policies import cases_api, cases_links, cases_network
from tests.policies.scene import Case, changed, verdict, with_secrets

CASES = list(with_secrets([*cases_api.CASES, *cases_links.CASES, *cases_network.CASES]))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_rule_says_what_is_expected(case: Case, runs: dict[tuple[str, Phase], Run]) -> None:
    run = changed(runs["dev", case.phase], *case.steps)
    outcome, text = verdict(case.rule, run, case.config)
    assert outcome is case.outcome, text
    assert case.words in text
