"""What rules closed, whether they still may, and one match as an account with equal sides."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from orchestration import controls
from orchestration.home import Home, wall_clock
from orchestration.review import operations
from orchestration.review.people import Person, Role
from tests.python.dashboard import audited_company
from tests.python.dashboard.conftest import html_of, open_page
from tests.python.dashboard.marts_file import publish
from tests.python.dashboard.test_dashboard_pages import money_html


@pytest.fixture
def audited(home: Path) -> Path:
    """A home in which the audited company is published."""
    publish(home, "run-audited", audited_company.rows())
    return home


def test_closes_are_told_with_their_worth_in_the_reporting_currency(audited: Path) -> None:
    body = html_of(open_page("matches"))
    assert "<b>3 matches</b> closed by rules alone" in body
    assert money_html("356.00", "EUR") in body  # 300 + 50 EUR and 1,000 JPY at 0.006
    assert "Of 2 judged, <b>1 false</b>" in body


def test_a_missing_rate_makes_the_worth_unknown_and_not_too_small(home: Path) -> None:
    rows = audited_company.rows()
    rows["dim_currencies"] = rows["dim_currencies"][:1]
    publish(home, "run-audited", rows)
    assert "closed by rules alone, worth –." in html_of(open_page("matches"))


@pytest.mark.parametrize(
    ("rule", "word", "why"),
    [
        ("certified", "✓ certified", "by its construction; 0 of 3 judged false"),
        ("lost", "✕ certificate lost", "1 of 24 judged false; 4,742 judged would earn it back"),
        ("earned", "✓ certified", "by audit; 0 of 3,000 judged false"),
        ("unearned", "▲ not certified yet", "0 of 12 judged false; 2,995 judged would"),
        ("asks", "○ asks a person", "by its design it closes nothing alone"),
        ("stopped", "✕ stopped", "until 15 Jul 2026: 3 of 40 closes undone"),
        ("tried", "▲ on canary", "tried on 10"),
        ("old", "○ out of force", "a later version took its place"),
    ],
)
def test_whether_a_rule_may_close_is_said_in_words(
    home: Path, rule: str, word: str, why: str
) -> None:
    rows = audited_company.rows()
    rows["fct_matches"] = [{**match, "rule_id": rule} for match in audited_company.MATCHES]
    publish(home, "run-audited", rows)
    body = html_of(open_page("matches"))
    assert word in body
    assert why in body


def test_a_rule_that_a_person_has_paused_is_not_called_certified(audited: Path) -> None:
    person = Person("cora", "Cora", frozenset({Role.CONTROLLER}))
    until = wall_clock() + timedelta(hours=1)
    operations.record(
        Home(audited), person, operations.Kind.PAUSE, f"{controls.CLOSING}:certified",
        reason="odd closes", ends_at=until,
    )  # fmt: skip
    body = html_of(open_page("matches", match="m-discount"))
    assert "paused: a person has paused it" in body
    assert "paused: a person has paused it" not in html_of(open_page("matches", match="m-lost"))


def test_a_count_leads_to_as_many_matches(audited: Path) -> None:
    body = html_of(open_page("matches", rule="certified", decision="auto_closed"))
    assert "<b>2 matches</b>" in body
    assert money_html("306.00", "EUR") in body
    assert "match=m-discount" in body
    assert "match=m-lost" not in body


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"customer": "C-1"}, {"m-discount", "m-lost"}),
        ({"customer": "C-2"}, set()),
        ({"currency": "JPY"}, {"m-yen"}),
        ({"least": "60", "most": "299.99", "currency": "EUR"}, {"m-undone", "m-waits"}),
        ({"decision": "waiting"}, {"m-waits"}),
        ({"decision": "undone"}, {"m-undone"}),
        ({"from_day": "2026-07-01"}, set()),
        ({"from_day": "2026-06-30", "to_day": "2026-06-30", "rule": "lost"},
         {"m-lost", "m-undone"}),
        ({"least": "a lot"}, set()),
        ({"reconciliation": "invoice_to_receipt", "rule": "asks"}, {"m-waits"}),
    ],
)  # fmt: skip
def test_filters_of_the_address_narrow_the_list(
    audited: Path, filters: dict[str, str], found: set[str]
) -> None:
    body = html_of(open_page("matches", **filters))
    listed = {match["match_id"] for match in audited_company.MATCHES}
    assert {match_id for match_id in listed if f"match={match_id}" in body} == found
    if not found:
        assert "No match fits these filters." in body


def test_an_adjustment_stands_on_the_other_side_and_both_come_to_the_same(audited: Path) -> None:
    body = html_of(open_page("matches", match="m-discount"))
    left, right = body.split("<caption>Actual</caption>")
    left = left.split("<caption>Expected</caption>")[1]
    assert ">2026-0020<" in left
    assert "Early-payment discount" in right
    assert money_html("6.00", "EUR") in right
    total = f"<b>{money_html('300.00', 'EUR')}</b>"
    assert total in left
    assert total in right


def test_what_people_said_of_a_match_is_told_and_escaped(audited: Path) -> None:
    body = html_of(open_page("matches", match="m-undone"))
    assert "Undone by a person" in body
    assert "&lt;i&gt;Wrong&lt;/i&gt; customer" in body
    assert "judged false" in body


def test_a_match_that_is_not_there_is_said_so(audited: Path) -> None:
    assert "is not in this publication" in html_of(open_page("matches", match="m-nowhere"))
