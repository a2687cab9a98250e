"""What lets a rule close by itself: the bound is recomputed here, and audits are lived through."""

from __future__ import annotations

import csv
from math import exp, lgamma, log, log1p
from typing import Any

import pytest
from tieout_process import PROJECT

from tests.python.reconciliation.landings import Company

AUDITED, TAKEN_BACK = "ir_stated_exact", "pb_text_exact"


def _at_most(errors: int, audited: int, share: float) -> float:
    """Probability of at most `errors` among `audited` closes, each false with chance `share`."""
    return sum(
        exp(
            lgamma(audited + 1)
            - lgamma(found + 1)
            - lgamma(audited - found + 1)
            + found * log(share)
            + (audited - found) * log1p(-share)
        )
        for found in range(errors + 1)
    )


def _sizes() -> list[dict[str, str]]:
    with (PROJECT / "seeds" / "certificate_sizes.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("row", _sizes(), ids=lambda row: row["errors"])
def test_a_certificate_takes_exactly_as_many_audits_as_the_bound_asks(row: dict[str, str]) -> None:
    """One-sided 95 %: so many audits exclude the share, one less does not."""
    errors, audited, share = (
        int(row["errors"]),
        int(row["least_audited"]),
        float(row["false_share"]),
    )
    assert _at_most(errors, audited, share) <= 0.05 < _at_most(errors, audited - 1, share)


def test_the_sizes_are_the_published_ones() -> None:
    sizes = {
        row["errors"]: row["least_audited"] for row in _sizes() if row["false_share"] == "0.001"
    }
    assert (sizes["0"], sizes["1"], sizes["2"]) == ("2995", "4742", "6294")


def test_every_target_of_a_rule_has_its_sizes() -> None:
    with (PROJECT / "seeds" / "rule_controls.csv").open(newline="") as file:
        wanted = {float(row["false_share"]) for row in csv.DictReader(file)}
    assert wanted <= {float(row["false_share"]) for row in _sizes()}


def land(company: Company, day: int) -> None:
    """The day after the first run, people audit two sampled closes."""
    if day == 1:
        confirmed, false = (_sampled(company, rule) for rule in (AUDITED, TAKEN_BACK))
        company.decide(
            {"decision_id": "a-right", "action": "approve_match", "match_id": confirmed},
            {"decision_id": "a-wrong", "action": "unmatch", "match_id": false},
        )


def _sampled(company: Company, rule: str) -> Any:
    return company.row(f"select min(match_id) from fct_audit_sample where rule_id = '{rule}'", 0)[0]


@pytest.mark.slow
def test_a_sampled_close_is_confirmed_or_false_by_what_people_do(story: Company) -> None:
    for rule, outcome in ((AUDITED, "confirmed"), (TAKEN_BACK, "false")):
        match = _sampled(story, rule)
        asked = f"select outcome from fct_audit_sample where match_id = '{match}'"
        assert story.row(asked, 0) == ("open",)
        assert story.row(asked, 1) == story.row(asked, 2) == (outcome,)


@pytest.mark.slow
def test_an_audited_error_costs_the_certificate_and_says_so(story: Company) -> None:
    state = "select is_certified, error_count, least_audited from dim_rules where rule_id ="
    assert story.row(f"{state} '{TAKEN_BACK}'", 0) == (True, 0, 2995)
    assert story.row(f"{state} '{TAKEN_BACK}'", 2) == (False, 1, 4742)
    assert story.row(f"{state} '{AUDITED}'", 2) == (True, 0, 2995)
    assert story.rows(
        "select subject, state from fct_alerts where alert_name = 'rule_certificate_lost'"
    ) == [(f"{TAKEN_BACK} version 1", "firing")]


@pytest.mark.slow
def test_the_false_close_rate_is_measured_on_the_sample(story: Company) -> None:
    rate = (
        "select max(numerator), max(denominator) from fct_sli "
        "where sli = 'false_positive_auto_close_rate'"
    )
    assert story.row(rate, 0) == (0, 0)
    assert story.row(rate, 2) == (1, 2)
