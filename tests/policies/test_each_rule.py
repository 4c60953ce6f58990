"""Every rule on our real stack with one thing changed."""

import pytest

from operations.recording import Phase, Recording
from tests.policies import cases_api, cases_links, cases_network
from tests.policies.scene import Case, changed, verdict, with_secrets

CASES = list(with_secrets([*cases_api.CASES, *cases_links.CASES, *cases_network.CASES]))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_rule_says_what_is_expected(
    case: Case, recordings: dict[tuple[str, Phase], Recording]
) -> None:
    recording = changed(recordings["dev", case.phase], *case.steps)
    outcome, text = verdict(case.rule, recording, case.config)
    assert outcome is case.outcome, text
    assert case.words in text
