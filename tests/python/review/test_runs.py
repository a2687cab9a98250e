"""Every action, decided in the inbox and executed by the next run as its preview said."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from tieout_process import Tieout

from orchestration.home import Home
from orchestration.review import actions, decisions, export
from orchestration.review.actions import Action, Intent, NamedItem
from orchestration.review.decisions import Decision, State
from orchestration.review.people import Person
from tests.python.review.conftest import ANA, AUDREY, BEN, CARL

pytestmark = pytest.mark.slow


@dataclass
class Acted:
    """The small demo company after a day on which people decided, and the run after it."""

    tieout: Tieout
    ids: dict[str, str] = field(default_factory=dict)
    before: dict[str, Decision] = field(default_factory=dict)
    files_before_run: int = 0

    @property
    def home(self) -> Home:
        return self.tieout.home

    def rows(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        path = str(self.home.serving.resolve())
        with duckdb.connect(path, read_only=True) as connection:
            connection.execute("use marts")
            return connection.execute(sql, list(parameters)).fetchall()

    def case(self, exception_type: str, condition: str = "true", place: int = 0) -> str:
        """A case by what is wrong with its lead, in order of its id."""
        rows = self.rows(
            "select case_id from fct_exceptions where is_case_lead and status <> 'resolved' "
            f"and exception_type = ? and {condition} order by case_id",
            exception_type,
        )
        return str(rows[place][0])

    def decide(
        self, name: str, person: Person, intent: Intent, second: Person | None = None
    ) -> None:
        shown = actions.preview(self.home, person, intent)
        assert shown.problems == ()
        [self.ids[name]] = actions.apply(self.home, person, shown)
        assert shown.needs_second == (second is not None)
        if second is not None:
            actions.second(self.home, second, self.ids[name])

    def state(self, name: str) -> Decision:
        return decisions.by_id(self.home, [self.ids[name]])[self.ids[name]]


def _decide_everything(acted: Acted) -> None:
    small = "abs(amount) between 5 and 4000"
    open_invoice = f"item_type = 'invoice' and {small}"
    acted.decide(
        "approve",
        ANA,
        Intent(Action.APPROVE_MATCH, case_id=acted.case("needs_approval", "item_type = 'charge'")),
        second=BEN,
    )
    acted.decide(
        "reject",
        BEN,
        Intent(
            Action.REJECT_MATCH, case_id=acted.case("needs_approval", "item_type = 'ledger_entry'")
        ),
    )
    ambiguous = acted.case("ambiguous_match", "item_type = 'charge'")
    [(candidates,)] = acted.rows(
        "select candidate_match_ids from fct_exceptions where is_case_lead and case_id = ?",
        ambiguous,
    )
    acted.decide(
        "choose",
        BEN,
        Intent(Action.APPROVE_MATCH, case_id=ambiguous, match_id=json.loads(candidates)[0]),
    )
    acted.decide(
        "write off",
        ANA,
        Intent(
            Action.WRITE_OFF,
            case_id=acted.case("unmatched_past_window", open_invoice),
            comment="bankrupt",
        ),
        second=BEN,
    )
    partly = acted.case("unmatched_past_window", open_invoice, 1)
    [(item_type, item_id)] = acted.rows(
        "select item_type, item_id from fct_exceptions where case_id = ?", partly
    )
    acted.decide(
        "write off a part",
        CARL,
        Intent(
            Action.WRITE_OFF,
            case_id=partly,
            items=(NamedItem(item_type, item_id, Decimal("1.25")),),
        ),
        second=BEN,
    )
    acted.decide(
        "duplicate",
        BEN,
        Intent(Action.MARK_DUPLICATE, case_id=acted.case("unmatched_past_window", open_invoice, 2)),
        # nobody else takes it for one
        second=CARL,
    )
    acted.decide("copy", BEN, Intent(Action.MARK_DUPLICATE, case_id=acted.case("suspected_copy")))
    acted.decide(
        "no duplicate", BEN, Intent(Action.NOT_A_DUPLICATE, case_id=acted.case("duplicate_invoice"))
    )
    acted.decide(
        "not ours",
        BEN,
        Intent(
            Action.MARK_NOT_OURS,
            case_id=acted.case("unexplained_bank_line", small),
            comment="the owner's own money",
        ),
    )
    acted.decide(
        "resolve",
        BEN,
        Intent(Action.RESOLVE, case_id=acted.case("refund_without_credit"), comment="a gift"),
    )
    _decide_by_hand(acted)
    _decide_across_currencies(acted)
    for name, action in (("assign", Action.ASSIGN), ("comment", Action.COMMENT),
                         ("escalate", Action.ESCALATE)):  # fmt: skip
        place = ["assign", "comment", "escalate"].index(name) + 1
        intent = Intent(
            action,
            case_id=acted.case("unexplained_bank_line", small, place),
            comment="who knows this?",
            assignee=CARL.subject if action is Action.ASSIGN else "",
        )
        acted.decide(name, ANA, intent)
    closed = acted.rows(
        "select sample.match_id from fct_audit_sample as sample inner join fct_matches as matches "
        "on sample.match_id = matches.match_id where matches.is_live and matches.amount < 5000 "
        "order by matches.reconciliation desc, sample.match_id limit 2"
    )
    acted.decide("confirm", AUDREY, Intent(Action.CONFIRM_MATCH, match_id=closed[0][0]))
    acted.decide(
        "undo",
        AUDREY,
        Intent(Action.UNMATCH, match_id=closed[1][0], comment="another customer's"),
        second=BEN,
    )


def _decide_by_hand(acted: Acted) -> None:
    """A receipt of somebody unknown, split over two invoices of its currency."""
    [(case_id, currency, item_id)] = acted.rows(
        "select case_id, currency, item_id from fct_exceptions where is_case_lead "
        "and exception_type = 'unidentified_receipt' order by case_id limit 1"
    )
    first, second = acted.rows(
        "select item_id from fct_items where reconciliation = 'invoice_to_receipt' "
        "and item_type = 'invoice' and status = 'open' and currency = ? and open_amount > 20 "
        "and item_id not in (select item_id from fct_exceptions) order by 1 limit 2",
        currency,
    )
    acted.decide(
        "split",
        BEN,
        Intent(
            Action.CREATE_MATCH,
            case_id=case_id,
            items=(
                NamedItem("bank_transaction", item_id),
                NamedItem("invoice", first[0], Decimal("12.50")),
                NamedItem("invoice", second[0], Decimal("7.50")),
            ),
        ),
    )


def _decide_across_currencies(acted: Acted) -> None:
    """Money in another currency, put by hand against a document in the reporting currency."""
    [(item_type, item_id)] = acted.rows(
        "select items.item_type, items.item_id from fct_items as items "
        "inner join fct_fx_rates as rates on items.currency = rates.currency "
        "and items.event_date = rates.rate_date "
        "where items.reconciliation = 'invoice_to_receipt' and items.side = 'actual' "
        "and items.open_amount > 20 and items.status <> 'set_aside' "
        "order by items.item_id limit 1"
    )
    [(invoice,)] = acted.rows(
        "select item_id from fct_items where reconciliation = 'invoice_to_receipt' "
        "and item_type = 'invoice' and status = 'open' and currency = 'EUR' and open_amount > 20 "
        "and item_id not in (select item_id from fct_exceptions) order by item_id desc limit 1"
    )
    acted.decide(
        "across currencies",
        BEN,
        Intent(
            Action.CREATE_MATCH,
            case_id=acted.case("unidentified_receipt", place=1),
            items=(
                NamedItem(item_type, item_id),
                NamedItem("invoice", invoice, Decimal("13.37")),
            ),
        ),
    )


@pytest.fixture(scope="module")
def acted(reconciled: Tieout, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Acted]:
    home = Home(tmp_path_factory.mktemp("acted") / "home")
    shutil.copytree(reconciled.home.root, home.root, symlinks=True)
    acted = Acted(Tieout(home, as_of="2026-07-02T06:00:00Z"))
    _decide_everything(acted)
    waiting = acted.case("unexplained_bank_line", place=8)
    withdrawn = acted.case("unexplained_bank_line", place=9)
    off = {"comment": "small"}
    for name, case_id in (("proposed", waiting), ("withdrawn", withdrawn)):
        shown = actions.preview(home, CARL, Intent(Action.WRITE_OFF, case_id=case_id, **off))  # type: ignore[arg-type]
        [acted.ids[name]] = actions.apply(home, CARL, shown)
    actions.withdraw(home, CARL, acted.ids["withdrawn"])
    acted.before = {name: acted.state(name) for name in acted.ids}
    acted.files_before_run = len(list(home.feed_landing(export.FEED).glob("*")))
    acted.tieout.succeed("run")
    yield acted
    shutil.rmtree(home.root)


def test_what_is_decided_is_pending_until_the_run_has_sealed_it(acted: Acted) -> None:
    for name in acted.ids:
        expected = {
            "proposed": (State.PROPOSED, State.PROPOSED),
            "withdrawn": (State.WITHDRAWN, State.WITHDRAWN),
        }.get(name, (State.PENDING, State.SEALED))
        now = acted.state(name)
        assert (name, acted.before[name].state, now.state) == (name, *expected), now.why
    assert acted.files_before_run == 0
    assert len(list(acted.home.feed_landing(export.FEED).glob("*"))) == 1


def test_open_amounts_are_what_the_previews_said(acted: Acted) -> None:
    told = 0
    for name, decision in acted.before.items():
        if name in ("proposed", "withdrawn"):
            continue
        for change in decision.changes:
            [(open_amount, status)] = acted.rows(
                "select open_amount, status from fct_items "
                "where reconciliation = ? and item_type = ? and item_id = ?",
                *change.item_key,
            )
            found = Decimal(0) if status == "set_aside" else open_amount
            assert (name, change.label, found) == (name, change.label, change.open_after)
            told += change.open_before != change.open_after
    assert told >= 12


def test_cases_that_the_previews_close_are_closed_and_no_others(acted: Acted) -> None:
    for name, decision in acted.before.items():
        if decision.case_id.startswith("match:"):
            continue
        open_ones = acted.rows(
            "select exception_id from fct_exceptions where case_id = ? and status <> 'resolved'",
            decision.case_id,
        )
        closes = "The case closes." in decision.sentences
        is_still_there = bool(open_ones)
        if name in ("proposed", "withdrawn"):
            assert is_still_there, name
        elif closes:
            assert not is_still_there, name
        elif name not in ("no duplicate",):
            assert is_still_there, (name, decision.sentences)


def test_a_bill_that_is_no_duplicate_is_owed_again(acted: Acted) -> None:
    [change] = acted.before["no duplicate"].changes
    assert acted.rows(
        "select count(*) from fct_items where item_id = ? and set_aside_reason = 'duplicate'",
        change.item_id,
    ) == [(0,)]


def test_the_audit_log_names_both_persons(acted: Acted) -> None:
    [(actor, payload)] = acted.rows(
        "select actor, payload from fct_audit_log "
        "where entry_type = 'review_decision' and subject_id = ?",
        acted.ids["write off"],
    )
    assert (actor, json.loads(payload)["approved_by"]) == (ANA.subject, BEN.subject)
    assert acted.rows(
        "select outcome, actor, approved_by from fct_orders where decision_id = ?",
        acted.ids["write off"],
    ) == [("done", ANA.subject, BEN.subject)]


def test_a_write_off_is_posted(acted: Acted) -> None:
    [change] = acted.before["write off"].changes
    assert acted.rows(
        "select sum(lines.debit_amount), sum(lines.credit_amount) "
        "from fct_journal_entries as lines "
        "inner join fct_orders as orders on lines.match_id = orders.match_id "
        "where orders.decision_id = ?",
        acted.ids["write off"],
    ) == [(change.open_before, change.open_before)]


def test_notes_are_seen_on_the_exception(acted: Acted) -> None:
    def seen(name: str) -> tuple[Any, ...]:
        [row] = acted.rows(
            "select status, assigned_to, last_comment from fct_exceptions where exception_id = ?",
            acted.before[name].exception_id,
        )
        return row

    assert seen("assign") == ("assigned", CARL.subject, "who knows this?")
    assert seen("comment") == ("open", None, "who knows this?")
    assert seen("escalate") == ("escalated", None, "who knows this?")


def test_the_auditors_words_are_outcomes_of_the_sample(acted: Acted) -> None:
    """What was confirmed is so; what was undone is reversed, and false."""
    outcomes = dict(
        acted.rows(
            "select match_id, outcome from fct_audit_sample where match_id in (?, ?)",
            acted.before["confirm"].match_id,
            acted.before["undo"].match_id,
        )
    )
    assert outcomes == {
        acted.before["confirm"].match_id: "confirmed",
        acted.before["undo"].match_id: "false",
    }


def test_a_run_without_news_gives_no_second_file_and_changes_nothing(acted: Acted) -> None:
    before = acted.home.serving.resolve()
    acted.tieout.succeed("run")
    assert acted.home.serving.resolve() == before
    assert len(list(acted.home.feed_landing(export.FEED).glob("*"))) == 1


@pytest.mark.thorough
def test_a_decision_alone_is_news_even_at_the_same_moment(acted: Acted) -> None:
    """Nothing new has landed but what somebody has just decided."""
    actions.second(acted.home, BEN, acted.ids["proposed"])
    acted.tieout.succeed("run")
    assert acted.state("proposed").state is State.SEALED
    assert replace(acted.tieout).succeed("verify")
