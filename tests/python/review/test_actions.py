"""Previews, and what becomes of them when somebody or something comes between."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from orchestration.home import Home, wall_clock
from orchestration.review import actions, decisions, export
from orchestration.review.actions import Action, CaseChanged, Intent, NamedItem, NotPossible
from orchestration.review.decisions import State
from orchestration.review.limits import Limit
from orchestration.review.people import NotPermitted, Permission, Person, Role, is_independent
from tests.python.dashboard import small_company
from tests.python.dashboard.marts_file import publish
from tests.python.review.conftest import ANA, AUDREY, BEN, CARL, VERA, company

APPROVE = Intent(Action.APPROVE_MATCH, case_id="case-1")
REJECT = Intent(Action.REJECT_MATCH, case_id="case-1")
WRITE_OFF = Intent(Action.WRITE_OFF, case_id="case-2", comment="bankrupt")
UNDO = Intent(Action.UNMATCH, match_id="match-live", comment="wrong customer")
LIMIT = "orchestration.review.planning.second.limit_of"
BANK_LINE = NamedItem("bank_transaction", "DE89/E-7")


def _decide(home: Home, person: Person, *intents: Intent) -> list[str]:
    return actions.apply(home, person, actions.preview(home, person, intents))


def limits(alone: int, together: int, alone_day: int = 10**6, both_day: int = 10**6) -> Limit:
    return Limit(Decimal(alone), Decimal(together), Decimal(alone_day), Decimal(both_day))


def _state(home: Home, decision_id: str) -> State:
    return decisions.by_id(home, [decision_id])[decision_id].state


def test_an_approval_says_what_it_closes_and_what_stays(published: Home) -> None:
    shown = actions.preview(published, BEN, APPROVE)
    assert shown.sentences == (
        "Approve: The payment is 0.50 short of invoice 2026-0001.",
        "Invoice INV-1: open 1,000.50 EUR → 0.50 EUR.",
        "Bank line DE89/E-7 of 20 Jun 2026: open 1,000.00 EUR → nothing.",
        "1 of 2 exceptions of the case close.",
        "0.50 EUR of invoice INV-1 stay open.",
        "It happens with the next run.",
    )
    assert not shown.needs_second
    [decision_id] = actions.apply(published, BEN, shown)
    [decision] = decisions.active(published)
    assert (decision.decision_id, decision.state) == (decision_id, State.PENDING)
    assert (decision.feed_action, decision.match_id) == ("approve_match", "match-suggested")
    assert decision.sentences == shown.sentences


def test_an_analyst_proposes_and_another_person_agrees(published: Home) -> None:
    shown = actions.preview(published, ANA, APPROVE)
    assert shown.needs_second
    assert "another person has to agree" in shown.sentences[-1]
    [decision_id] = actions.apply(published, ANA, shown)
    assert _state(published, decision_id) is State.PROPOSED
    with pytest.raises(NotPermitted, match="may not approve"):
        actions.second(published, ANA, decision_id)
    actions.second(published, BEN, decision_id)
    [decision] = decisions.active(published)
    assert (decision.state, decision.second) == (State.PENDING, BEN.subject)
    with pytest.raises(NotPossible, match="Ben has agreed to it already"):
        actions.second(published, CARL, decision_id)


def test_every_write_off_takes_two_and_never_ones_own(published: Home) -> None:
    [decision_id] = _decide(published, CARL, WRITE_OFF)
    assert _state(published, decision_id) is State.PROPOSED
    with pytest.raises(NotPermitted, match="your own proposal"):
        actions.second(published, CARL, decision_id)
    assert _state(published, decision_id) is State.PROPOSED
    actions.second(published, BEN, decision_id)
    assert _state(published, decision_id) is State.PENDING


@pytest.mark.parametrize(
    "spelling", ["Carl@Example.com", "carl@example.com ", "carl\u200b@example.com"]
)
def test_another_spelling_is_not_another_person(published: Home, spelling: str) -> None:
    [decision_id] = _decide(published, CARL, WRITE_OFF)
    with pytest.raises(NotPermitted, match="your own proposal"):
        actions.second(published, Person(spelling, "Carl", CARL.roles), decision_id)


def test_what_a_proposal_would_open_again_is_not_open_yet(published: Home) -> None:
    """It may be declined, and then a write-off of it would be of money that nobody owes."""
    rows = company()
    for allocation in rows["fct_match_allocations"]:
        if (allocation["match_id"], allocation["item_id"]) == ("match-live", "INV-2"):
            allocation["item_id"] = "INV-1"  # paid in part, and 1,000.50 are open
    publish(published.root, "run-00000000000000c1", rows)
    undo = Intent(Action.UNMATCH, match_id="match-live", comment="wrong customer")
    [proposed] = _decide(published, ANA, undo)
    assert _state(published, proposed) is State.PROPOSED
    [plan] = actions.preview(published, CARL, WRITE_OFF).plans
    assert plan.base_amount == Decimal("1000.50")


def test_a_limit_is_not_passed_in_parts(published: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    low = limits(0, 800)
    monkeypatch.setattr(LIMIT, lambda *_: low)

    def part(amount: str) -> Intent:
        item = NamedItem("invoice", "INV-1", Decimal(amount))
        return Intent(Action.WRITE_OFF, case_id="case-2", items=(item,), comment="bankrupt")

    assert actions.preview(published, CARL, part("800.01")).problems
    assert "no amount" in actions.preview(published, CARL, part("Infinity")).problems[0][1]
    at_once = actions.preview(published, CARL, [part("500"), part("400")])
    assert len(at_once.plans) == 1
    assert "above what two persons may decide" in at_once.problems[0][1]
    _decide(published, CARL, part("500"))
    [(_, problem)] = actions.preview(published, CARL, part("400")).problems
    assert "above what two persons may decide" in problem
    assert not actions.preview(published, CARL, part("300")).problems


def test_a_limit_of_an_item_holds_over_runs(
    published: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LIMIT, lambda *_: limits(0, 1200))
    assert not actions.preview(published, CARL, WRITE_OFF).problems
    rows = company()
    written_off = {"match_id": "match-live", "item_id": "INV-1", "adjustment_kind": "write_off",
                   "adjusted_amount": Decimal("250.00")}  # fmt: skip
    rows["fct_match_allocations"].append({**rows["fct_match_allocations"][0], **written_off})
    publish(published.root, "run-00000000000000c2", rows)
    [(_, problem)] = actions.preview(published, CARL, WRITE_OFF).problems
    assert "1,250.50 EUR are above what two persons may decide" in problem


def test_a_limit_of_a_day_is_not_passed_in_many_decisions(
    published: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LIMIT, lambda *_: limits(5000, 5000, alone_day=1200))
    [first] = _decide(published, BEN, APPROVE)
    [plan] = actions.preview(published, BEN, UNDO).plans
    assert plan.second_permission is Permission.APPROVE
    assert "decide alone on one day is above 1,200.00 EUR" in plan.why_second
    # of another person, and without the first one, it is one's first of the day
    assert not actions.preview(published, CARL, UNDO).needs_second
    actions.withdraw(published, BEN, first)
    assert not actions.preview(published, BEN, UNDO).needs_second
    at_once = actions.preview(published, BEN, [APPROVE, UNDO])
    assert [p.second_permission for p in at_once.plans] == [None, Permission.APPROVE]
    monkeypatch.setattr(LIMIT, lambda *_: limits(5000, 5000, both_day=1200))
    _decide(published, BEN, APPROVE)
    [(_, problem)] = actions.preview(published, BEN, UNDO).problems
    assert "decide and propose on one day is above 1,200.00 EUR" in problem


def test_a_clock_that_is_set_back_opens_no_new_day(
    published: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LIMIT, lambda *_: limits(5000, 5000, alone_day=1200))
    _decide(published, BEN, APPROVE)
    yesterday = wall_clock() - timedelta(days=1)
    monkeypatch.setattr("orchestration.review.inbox.wall_clock", lambda: yesterday)
    assert actions.preview(published, BEN, UNDO).needs_second


def test_a_day_is_one_of_the_company(published: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a home that is steered to a moment, what was exported for another day is of that day."""
    monkeypatch.setattr(LIMIT, lambda *_: limits(5000, 5000, alone_day=1200))
    monkeypatch.setenv("TIEOUT_AS_OF", "2026-07-01T06:00:00Z")
    _decide(published, BEN, APPROVE)
    assert actions.preview(published, BEN, UNDO).needs_second
    export.export(published, as_of=datetime(2026, 7, 1, 6))
    assert actions.preview(published, BEN, UNDO).needs_second
    monkeypatch.setenv("TIEOUT_AS_OF", "2026-07-02T06:00:00Z")
    assert not actions.preview(published, BEN, UNDO).needs_second


@pytest.mark.parametrize(
    "action", [Action.MARK_NOT_OURS, Action.MARK_DUPLICATE, Action.NOT_A_DUPLICATE]
)
def test_words_about_an_item_are_held_against_limits(
    published: Home, monkeypatch: pytest.MonkeyPatch, action: Action
) -> None:
    rows = company()
    for exception in rows["fct_exceptions"]:
        if exception["case_id"] == "case-4":
            exception |= {  # type: ignore[operator]
                "item_type": "bank_transaction",
                "item_id": "DE89/E-2",
                "item_count": 40,
                "base_amount": Decimal("90000.00"),
                "exception_type": "suspected_copy",
            }
    publish(published.root, "run-00000000000000c3", rows)
    monkeypatch.setattr(LIMIT, lambda *_: limits(89_999, 100_000))
    shown = actions.preview(published, BEN, Intent(action, case_id="case-4", comment="because"))
    assert not shown.problems
    assert "90,000.00 EUR are above the 89,999.00 EUR" in shown.plans[0].why_second


def test_without_a_rate_a_second_person_looks(published: Home) -> None:
    rows = company()
    for mart in ("fct_items", "fct_match_allocations", "fct_matches"):
        rows[mart] = [{**row, "currency": "KWD"} for row in rows[mart]]
    publish(published.root, "run-00000000000000c4", rows)
    [plan] = actions.preview(published, BEN, APPROVE).plans
    assert "No rate from KWD to EUR is known" in plan.why_second


def test_a_reason_is_one_that_was_offered(published: Home) -> None:
    """Models read a code, and `resolve` as `not_a_duplicate` would bring an item back alone."""
    for code, told in (
        ("not_a_duplicate", "not_a_duplicate is no reason for resolve: choose"),
        ("known_and_acepted", "choose known_and_accepted, or"),
    ):
        intent = Intent(Action.RESOLVE, case_id="case-3", reason_code=code, comment="x")
        [(_, problem)] = actions.preview(published, BEN, intent).problems
        assert told in problem


@pytest.mark.parametrize(
    ("amount", "told"),
    [
        ("-5", "is below zero, and invoice INV-1 is not"),
        ("0", "Say how much"),
        ("-0", "Say how much"),
        ("NaN", "no amount"),
        ("sNaN", "no amount"),
        ("-Infinity", "no amount"),
        ("1E+400", "more than any amount can be"),
        ("1E-400", "has more digits than EUR has"),
        ("0.001", "has more digits than EUR has"),
        ("1000.51", "more than what is open"),
    ],
)
def test_what_is_no_amount_of_the_item_is_refused(published: Home, amount: str, told: str) -> None:
    item = NamedItem("invoice", "INV-1", Decimal(amount))
    intent = Intent(Action.WRITE_OFF, case_id="case-2", items=(item,), comment="x")
    [(_, problem)] = actions.preview(published, CARL, intent).problems
    assert told in problem


def test_a_currency_without_minor_units_has_none(published: Home) -> None:
    rows = company()
    rows["fct_items"] = [{**row, "currency": "JPY"} for row in rows["fct_items"]]
    publish(published.root, "run-00000000000000c5", rows)
    problems = [
        actions.preview(published, CARL, Intent(
            Action.WRITE_OFF, case_id="case-2", comment="x",
            items=(NamedItem("invoice", "INV-1", Decimal(amount)),),
        )).problems
        for amount in ("5.5", "5.00")
    ]  # fmt: skip
    assert "5.5 has more digits than JPY has" in problems[0][0][1]
    assert problems[1] == ()


@pytest.mark.parametrize("broken", ["\0", "case-2\udcff", "'; drop table decisions; --"])
def test_an_id_that_no_database_keeps_is_none(published: Home, broken: str) -> None:
    for intent in (
        Intent(Action.COMMENT, case_id=broken + "x", comment="x"),
        Intent(Action.UNMATCH, match_id=broken, comment="x"),
        Intent(Action.FORGET_PAYER, learned_key=broken or "x"),
        Intent(Action.WRITE_OFF, case_id="case-2", items=(NamedItem("invoice", broken),)),
    ):
        assert len(actions.preview(published, CARL, intent).problems) == 1


def test_what_is_owed_is_given_up_by_two_whatever_it_is_called(published: Home) -> None:
    """An invoice that nothing suspects of being one too many, called not ours, is a write-off."""
    for action in (Action.MARK_NOT_OURS, Action.MARK_DUPLICATE):
        invoice = NamedItem("invoice", "INV-1")
        intent = Intent(action, case_id="case-2", items=(invoice,), comment="x")
        [plan] = actions.preview(published, CARL, intent).plans
        assert plan.second_permission is Permission.WRITE_OFF
    line = Intent(Action.MARK_NOT_OURS, case_id="case-4", items=(BANK_LINE,), comment="x")
    assert not actions.preview(published, CARL, line).needs_second


def test_a_case_is_not_assigned_to_a_name_that_hides_something(published: Home) -> None:
    intent = Intent(Action.ASSIGN, case_id="case-1", assignee="ben\u202e@example.com")
    [(_, problem)] = actions.preview(published, ANA, intent).problems
    assert "what does not show" in problem


@pytest.mark.parametrize(
    ("intents", "told"),
    [
        ((REJECT, APPROVE), "“Reject the suggestion” and “Approve the suggestion”"),
        ((APPROVE, REJECT), "“Reject the suggestion” and “Approve the suggestion”"),
        ((UNDO, UNDO), "“Undo the match” is asked twice of match match-live"),
        ((REJECT, REJECT), "“Reject the suggestion” is asked twice"),
        (
            (
                Intent(Action.MARK_NOT_OURS, case_id="case-4", comment="x"),
                Intent(Action.WRITE_OFF, case_id="case-4", comment="x"),
            ),
            "“Mark as not ours” and “Write off”",
        ),
        (
            (
                Intent(Action.ASSIGN, case_id="case-3", assignee="ben"),
                Intent(Action.ASSIGN, case_id="case-3", assignee="carl"),
            ),
            "“Assign” is asked twice",
        ),
    ],
)
def test_what_contradicts_itself_is_not_done_at_all(
    published: Home, intents: tuple[Intent, Intent], told: str
) -> None:
    note = Intent(Action.COMMENT, case_id="case-2", comment="beside it")
    shown = actions.preview(published, CARL, [*intents, note])
    assert [plan.intent.action for plan in shown.plans] == [Action.COMMENT]
    assert len(shown.problems) == 2
    first, second = (problem for _, problem in shown.problems)
    names = told.split(" and ")
    assert all(name in first and name in second for name in names), shown.problems


LOCAL = [Person(f"local/{name}", name, frozenset(Role)) for name in ("ann", "bob")]


def test_agreement_in_local_mode_is_marked_and_none_crosses_into_it(published: Home) -> None:
    shown = actions.preview(published, LOCAL[0], WRITE_OFF)
    assert "not independent: local mode cannot tell people apart" in shown.plans[0].why_second
    [decision_id] = actions.apply(published, LOCAL[0], shown)
    with pytest.raises(NotPermitted, match="ann proposed it in local mode"):
        actions.second(published, BEN, decision_id)
    actions.second(published, LOCAL[1], decision_id)
    [decision] = decisions.active(published)
    assert decision.second is not None
    assert not is_independent(decision.actor, decision.second)
    assert is_independent(ANA.subject, BEN.subject)
    [other] = _decide(published, CARL, Intent(Action.WRITE_OFF, case_id="case-4", comment="x"))
    with pytest.raises(NotPermitted, match="Carl proposed it with a login"):
        actions.second(published, LOCAL[1], other)


def test_above_ones_limit_another_person_agrees_above_both_nobody_can(published: Home) -> None:
    rows = company()
    for number, amount in ((1, "100000.01"), (2, "100000000.01")):
        rows["fct_matches"][1] |= {"amount": Decimal(amount)}  # type: ignore[index, operator]
        publish(published.root, f"run-00000000000000b{number}", rows)
        shown = actions.preview(published, BEN, APPROVE)
        if number == 1:
            assert shown.plans[0].second_permission is Permission.APPROVE
            assert "100,000.01 EUR are above the 100,000.00 EUR" in shown.plans[0].why_second
        else:
            assert shown.plans == ()
            assert "above what two persons may decide" in shown.problems[0][1]


def test_what_nobody_declines_or_withdraws_stays_one_case(published: Home) -> None:
    [proposed] = _decide(published, ANA, APPROVE)
    [(_, problem)] = actions.preview(published, BEN, REJECT).problems
    assert problem == (
        "Ana has decided already (approve the suggestion); it waits for a second person."
    )
    with pytest.raises(NotPermitted, match="decision of Ana"):
        actions.withdraw(published, BEN, proposed)
    with pytest.raises(NotPossible, match="Say why"):
        actions.decline(published, BEN, proposed, " ")
    actions.decline(published, BEN, proposed, "wrong customer")
    declined = decisions.by_id(published, [proposed])[proposed]
    assert (declined.state, declined.why) == (
        State.DECLINED,
        "Ben declined it: wrong customer",
    )
    [again] = _decide(published, ANA, REJECT)
    actions.withdraw(published, ANA, again)
    with pytest.raises(NotPossible, match="Ana has withdrawn it"):
        actions.second(published, BEN, again)
    assert decisions.active(published) == []
    assert len(decisions.of_cases(published, ["case-1"])["case-1"]) == 2


def test_the_second_of_two_people_is_told_who_was_first(published: Home) -> None:
    first = actions.preview(published, BEN, APPROVE)
    second = actions.preview(published, CARL, REJECT)
    actions.apply(published, BEN, first)
    with pytest.raises(CaseChanged, match=r"Ben has decided on it at .* \(approve the") as told:
        actions.apply(published, CARL, second)
    assert [case_id for case_id, _ in told.value.changes] == ["case-1"]
    assert [decision.actor for decision in decisions.active(published)] == [BEN.subject]


def test_a_comment_in_between_is_told_and_a_comment_is_never_lost(published: Home) -> None:
    note = Intent(Action.COMMENT, case_id="case-1", comment="wait for the bank")
    shown, other = (
        actions.preview(published, BEN, APPROVE),
        actions.preview(published, CARL, note),
    )
    _decide(published, ANA, note)
    with pytest.raises(CaseChanged, match=r"Ana has decided on it .* \(comment\)"):
        actions.apply(published, BEN, shown)
    actions.apply(published, CARL, other)
    assert [d.actor_name for d in decisions.active(published)] == ["Ana", "Carl"]


def test_a_run_in_between_that_changes_the_case_is_told(published: Home) -> None:
    shown = actions.preview(published, BEN, APPROVE)
    rows = company()
    rows["fct_items"][0] |= {"open_amount": Decimal("900.00")}  # type: ignore[index, operator]
    publish(published.root, "run-00000000000000bb", rows)
    with pytest.raises(CaseChanged, match="A run has changed it"):
        actions.apply(published, BEN, shown)
    assert decisions.active(published) == []


def test_a_run_in_between_that_changes_nothing_of_the_case_does_not_matter(
    published: Home,
) -> None:
    shown = actions.preview(published, BEN, APPROVE)
    rows = company()
    rows["fct_items"][3] |= {"open_amount": Decimal("7")}  # type: ignore[index, operator]
    publish(published.root, "run-00000000000000bb", rows)
    assert len(actions.apply(published, BEN, shown)) == 1


def test_a_proposal_on_a_case_that_has_changed_is_not_seconded(published: Home) -> None:
    [proposed] = _decide(published, ANA, APPROVE)
    rows = company()
    rows["fct_items"][0] |= {"open_amount": Decimal("900.00")}  # type: ignore[index, operator]
    publish(published.root, "run-00000000000000bb", rows)
    with pytest.raises(CaseChanged, match="A run has changed it"):
        actions.second(published, BEN, proposed)
    actions.decline(published, BEN, proposed, "see the last run")


def test_an_item_of_another_case_is_taken_once(published: Home) -> None:
    """The bank line is asked for by two cases; the later of the two decisions is told."""
    by_hand = Intent(
        Action.CREATE_MATCH, case_id="case-2", items=(NamedItem("invoice", "INV-1"), BANK_LINE)
    )
    shown = actions.preview(published, BEN, APPROVE)
    _decide(published, CARL, by_hand)
    with pytest.raises(CaseChanged, match=r"Carl has decided already \(match by hand\)"):
        actions.apply(published, BEN, shown)


def test_a_split_by_hand_states_every_part(published: Home) -> None:
    split = Intent(
        Action.CREATE_MATCH,
        case_id="case-1",
        items=(BANK_LINE, NamedItem("invoice", "INV-1", Decimal("700.25"))),
    )
    shown = actions.preview(published, BEN, split)
    assert shown.problems == ()
    [made] = shown.plans
    assert made.sentences[:3] == (
        "Match bank line DE89/E-7 of 20 Jun 2026 and invoice INV-1 by hand, over 700.25 EUR.",
        "Bank line DE89/E-7 of 20 Jun 2026: open 1,000.00 EUR → 299.75 EUR.",
        "Invoice INV-1: open 1,000.50 EUR → 300.25 EUR.",
    )
    assert made.items == tuple(
        {
            "item_type": item_type,
            "item_id": item_id,
            "amount": "700.25",
            "reconciliation": "invoice_to_receipt",
        }
        for item_type, item_id in (("bank_transaction", "DE89/E-7"), ("invoice", "INV-1"))
    )


@pytest.mark.parametrize(
    ("items", "problem"),
    [
        ((BANK_LINE,), "at least two items"),
        ((BANK_LINE, NamedItem("invoice", "nowhere")), "nothing of that id has landed"),
        (
            (BANK_LINE, NamedItem("invoice", "INV-1", Decimal("1000.51"))),
            "more than what is open of invoice INV-1: 1,000.50 EUR",
        ),
        ((BANK_LINE, NamedItem("invoice", "INV-1", Decimal("0"))), "Say how much"),
        ((BANK_LINE, NamedItem("invoice", "INV-1", Decimal("1.005"))), "more digits than EUR"),
        ((BANK_LINE, NamedItem("invoice", "INV-2")), "Nothing is open of invoice INV-2"),
        ((BANK_LINE, NamedItem("invoice", "INV-4")), "is in EUR, the match would be in JPY"),
        ((BANK_LINE, BANK_LINE), "named twice"),
        # a credit memo stands on the side of money that comes in
        ((BANK_LINE, NamedItem("credit_memo", "INV-3")), "do not stand against each other"),
        (
            (
                BANK_LINE,
                NamedItem("credit_memo", "INV-3"),
                NamedItem("invoice", "INV-1", Decimal(80)),
            ),
            "not needed",
        ),
    ],
)
def test_what_cannot_be_matched_by_hand_says_why(
    published: Home, items: tuple[NamedItem, ...], problem: str
) -> None:
    intent = Intent(Action.CREATE_MATCH, case_id="case-1", items=items)
    shown = actions.preview(published, BEN, intent)
    assert problem in shown.problems[0][1]
    with pytest.raises(NotPossible):
        actions.apply(published, BEN, shown)


def test_in_bulk_all_or_nothing_is_decided_and_what_cannot_be_is_left_out(
    published: Home,
) -> None:
    cases = ["case-1", "case-2", "case-3", "case-4", "gone"]
    shown = actions.preview(
        published, BEN, [Intent(Action.ASSIGN, case_id=case_id) for case_id in cases]
    )
    assert [case_id for case_id, _ in shown.problems] == ["gone"]
    assert len(shown.plans) == 4
    _decide(published, ANA, Intent(Action.ASSIGN, case_id="case-3"))
    with pytest.raises(CaseChanged) as told:
        actions.apply(published, BEN, shown)
    assert [case_id for case_id, _ in told.value.changes] == ["case-3"]
    assert [decision.actor for decision in decisions.active(published)] == [ANA.subject]


def test_two_decisions_of_one_preview_share_no_item(published: Home) -> None:
    half = NamedItem("invoice", "INV-1", Decimal("600"))
    shown = actions.preview(
        published,
        BEN,
        [Intent(Action.CREATE_MATCH, case_id=case, items=(BANK_LINE, half)) for case in
         ("case-1", "case-2")],
    )  # fmt: skip
    assert len(shown.plans) == 1
    assert "400.00 EUR" in shown.problems[0][1] or "400.50 EUR" in shown.problems[0][1]


def test_a_viewer_may_not_and_an_auditor_only_audits(published: Home) -> None:
    for person, intent in (
        (VERA, Intent(Action.COMMENT, case_id="case-1", comment="hello")),
        (AUDREY, APPROVE),
        (BEN, Intent(Action.CONFIRM_MATCH, match_id="match-live")),
        (VERA, Intent(Action.UNMATCH, match_id="match-live", comment="wrong")),
    ):
        with pytest.raises(NotPermitted):
            actions.preview(published, person, intent)
    # a preview made by somebody who may is of no use to somebody who may not
    shown = actions.preview(published, BEN, APPROVE)
    with pytest.raises(NotPermitted):
        actions.apply(published, VERA, shown)
    demoted = Person(BEN.subject, BEN.name, frozenset({Role.VIEWER}))
    with pytest.raises(NotPermitted):
        actions.apply(published, demoted, shown)
    assert decisions.active(published) == []


def test_who_lost_a_role_since_the_preview_is_shown_what_that_changes(published: Home) -> None:
    shown = actions.preview(published, BEN, APPROVE)
    demoted = Person(BEN.subject, BEN.name, frozenset({Role.ANALYST}))
    with pytest.raises(CaseChanged, match="no longer what was shown"):
        actions.apply(published, demoted, shown)


def test_the_auditor_confirms_alone_and_calls_false_together(published: Home) -> None:
    [confirmed] = _decide(published, AUDREY, Intent(Action.CONFIRM_MATCH, match_id="match-live"))
    assert _state(published, confirmed) is State.PENDING
    actions.withdraw(published, AUDREY, confirmed)
    undo = Intent(Action.UNMATCH, match_id="match-live", comment="another customer")
    shown = actions.preview(published, AUDREY, undo)
    assert shown.plans[0].sentences[1:4] == (
        "Invoice INV-2: open nothing → 250.00 EUR.",
        "Bank line DE89/E-2 of 2 Jun 2026: open nothing → 250.00 EUR.",
        "What it posted is reversed, and it is not made again.",
    )
    assert shown.needs_second


def test_reasons_are_asked_for(published: Home) -> None:
    for intent in (
        Intent(Action.ESCALATE, case_id="case-1"),
        Intent(Action.COMMENT, case_id="case-1", comment="  "),
        Intent(Action.MARK_NOT_OURS, case_id="case-1"),
    ):
        [(_, problem)] = actions.preview(published, BEN, intent).problems
        assert problem.startswith("Say why")


def test_an_item_that_is_open_past_its_window_cannot_be_resolved_away(published: Home) -> None:
    intent = Intent(Action.RESOLVE, case_id="case-2", comment="never mind")
    [(_, problem)] = actions.preview(published, BEN, intent).problems
    assert "1,000.50 EUR of invoice INV-1 are still open past the time to wait" in problem


def test_a_case_that_is_closed_is_not_acted_on(published: Home) -> None:
    [(_, problem)] = actions.preview(
        published, BEN, Intent(Action.WRITE_OFF, case_id="case-5")
    ).problems
    assert "no longer open" in problem


def test_texts_of_people_are_kept_as_they_are(published: Home) -> None:
    said = "'; drop table decisions; -- <b>€ 漢字</b>\nsecond line"
    [decision_id] = _decide(published, BEN, Intent(Action.COMMENT, case_id="case-1", comment=said))
    assert decisions.by_id(published, [decision_id])[decision_id].comment == said


def test_small_company_has_the_cases_that_the_tests_name() -> None:
    assert {row["case_id"] for row in small_company.rows()["fct_exceptions"]} >= {
        "case-1", "case-2", "case-3", "case-4", "case-5",
    }  # fmt: skip


def test_what_was_learned_of_a_payer_is_taken_back(published: Home) -> None:
    rows = company()
    learned = {
        "learned_key": "account/DE77",
        "key_kind": "account",
        "key_value": "DE77",
        "customer_id": "C-1",
        "match_count": 3,
    }
    rows["dim_learned_payers"] = [
        {**learned, "status": "active"},
        {**learned, "learned_key": "name/X", "status": "removed", "removed_by": "Ben"},
    ]
    publish(published.root, "run-00000000000000bb", rows)
    forget = Intent(Action.FORGET_PAYER, learned_key="account/DE77")
    shown = actions.preview(published, BEN, forget)
    assert shown.sentences[0] == (
        "The account DE77 no longer stands for customer C-1; what was learned from 3 matches "
        "stays removed."
    )
    [decision_id] = actions.apply(published, BEN, shown)
    decision = decisions.by_id(published, [decision_id])[decision_id]
    assert decision.feed_action == "unmatch"
    assert decision.items == ({"item_type": "learned_payer", "item_id": "account/DE77"},)
    for key, problem in (
        ("account/DE77", "decided to remove it already"),
        ("name/X", "Ben has removed it already"),
        ("name/nobody", "Nothing of that key was learned"),
    ):
        again = actions.preview(published, CARL, Intent(Action.FORGET_PAYER, learned_key=key))
        assert problem in again.problems[0][1]


def test_another_spelling_of_oneself_is_oneself(published: Home) -> None:
    [proposed] = _decide(published, CARL, WRITE_OFF)
    other = Person(CARL.subject.upper(), "Carl", CARL.roles)
    with pytest.raises(NotPermitted, match="your own proposal"):
        actions.second(published, other, proposed)


def test_nobody_approves_their_own_order(published: Home) -> None:
    rows = company()
    rows["fct_orders"] = [
        {"decision_id": "o-1", "match_id": "match-suggested", "actor": BEN.subject.upper()}
    ]
    publish(published.root, "run-00000000000000bb", rows)
    [(_, problem)] = actions.preview(published, BEN, APPROVE).problems
    assert problem == "It is your own order: another person has to agree to it."
    assert actions.preview(published, CARL, APPROVE).problems == ()


@pytest.mark.usefixtures("database")
def test_a_comment_that_no_database_keeps_is_kept_without_it(published: Home) -> None:
    note = Intent(Action.COMMENT, case_id="case-1", comment="a\0b\ud800c")
    [decision_id] = _decide(published, ANA, note)
    assert decisions.by_id(published, [decision_id])[decision_id].comment == "abc"
    long = Intent(Action.COMMENT, case_id="case-1", comment="x" * 4001)
    assert "longer than 4000" in actions.preview(published, ANA, long).problems[0][1]


def test_by_hand_a_payment_in_another_currency_counts_at_the_rate_of_its_day(
    published: Home,
) -> None:
    """700.25 EUR at 1.07 are 654.439..., which is not paid in whole cents without rounding."""
    rows = company()
    in_dollars = {**rows["fct_items"][-2], "item_id": "DE89/USD", "currency": "USD"}
    rows["fct_items"].append(in_dollars)
    publish(published.root, "run-00000000000000bb", rows)
    split = Intent(
        Action.CREATE_MATCH,
        case_id="case-1",
        items=(
            NamedItem("bank_transaction", "DE89/USD"),
            NamedItem("invoice", "INV-1", Decimal("700.25")),
        ),
    )
    [(_, problem)] = actions.preview(published, BEN, split).problems
    assert problem == "No exchange rate is known for bank line DE89/USD of 20 Jun 2026."
    rows["fct_fx_rates"] = [
        {
            "rate_date": in_dollars["event_date"],
            "currency": "USD",
            "reporting_currency": "EUR",
            "rate": Decimal("1.07"),
        }
    ]
    publish(published.root, "run-00000000000000bc", rows)
    [made] = actions.preview(published, BEN, split).plans
    assert made.sentences[1:4] == (
        "1 USD of 20 Jun 2026 counts as 1.07 EUR.",
        "Bank line DE89/USD of 20 Jun 2026: open 1,000.00 USD → 345.56 USD.",
        "Invoice INV-1: open 1,000.50 EUR → 300.25 EUR.",
    )
    assert made.items is not None
    assert [item["amount"] for item in made.items] == ["654.44", "700.25"]
    assert made.base_amount == Decimal("700.25")
