"""Every rule on our own stack with a few changes."""

import pytest

from simulation.engine import Phase, Run
from tests.policies.case import Case, outcome_of
from tests.policies.cases import CASES
from tests.policies.changes import changed


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_rule_has_the_expected_outcome(case: Case, runs: dict[tuple[str, Phase], Run]) -> None:
    run = changed(runs["dev", case.phase], *case.changes)
    outcome, text = outcome_of(case.rule, run, case.config)
    assert outcome is case.outcome, text
    assert case.message in text
