"""Acting on cases through the page: previewed, applied as shown, refused where it must be."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import case_actions, case_forms, deciding
from dashboard.case_view import Case
from orchestration.home import Home
from orchestration.review import actions, decisions
from orchestration.review.actions import Action, Intent
from orchestration.review.decisions import Decision, State
from orchestration.review.people import Person, Role
from tests.python.dashboard import small_company
from tests.python.dashboard.conftest import html_of, open_page
from tests.python.dashboard.marts_file import publish

APPROVE, WRITE_OFF, BY_HAND = "approve_match", "write_off", "create_match"
BOB = Person("local/bob", "bob", frozenset({Role.APPROVER}))


@pytest.fixture
def ann(published: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """The home of the small company, looked at by an analyst."""
    act_as(monkeypatch, "ann", "analyst")
    return Home(published)


def act_as(monkeypatch: pytest.MonkeyPatch, user: str, roles: str) -> None:
    """Who looks at the pages from now on."""
    monkeypatch.setenv("TIEOUT_LOCAL_USER", user)
    monkeypatch.setenv("TIEOUT_LOCAL_ROLES", roles)


def open_case(exception: str, **more: str) -> AppTest:
    """The page with a case open."""
    return open_page("exceptions", exception=exception, **more)


def history_of(exception: str) -> str:
    """The history of a case."""
    app = open_case(exception)
    app.session_state["x_tab"] = "History"
    return html_of(app.run())


def press(app: AppTest, key: str) -> AppTest:
    """Press a button; fails when the page raises."""
    app.button(key=key).click().run()
    assert not app.exception, app.exception[0].message
    return app


def keys_of(app: AppTest) -> set[str]:
    """The keys of the buttons on the page."""
    return {str(button.key) for button in app.button}


def only(home: Home) -> Decision:
    """The one decision that no run has sealed."""
    [decision] = decisions.active(home)
    return decision


def notice_of(app: AppTest) -> str:
    """What the page says came of the last action."""
    return "".join(e.proto.body for e in app.html if 'class="t-alarm x-told' in e.proto.body)


def test_a_suggestion_is_approved_as_previewed_and_the_next_case_opens(
    ann: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    act_as(monkeypatch, "ann", "approver")
    app = press(open_case("exc-1"), f"x-do-{APPROVE}")
    assert 'id="table-preview"' in html_of(app)
    assert not decisions.active(ann)
    app.text_input(key="x_in_comment").set_value("seen the advice").run()
    press(app, "x-apply")
    decision = only(ann)
    assert (decision.feed_action, decision.match_id) == (APPROVE, "match-suggested")
    assert (decision.actor, decision.comment) == ("local/ann", "seen the advice")
    assert decision.state is State.PENDING
    assert app.query_params["exception"] in ("exc-2", ["exc-2"])
    assert "becomes final with the next run" in notice_of(app)
    assert "decision pending" in html_of(app)
    assert "1 decided, pending" in html_of(app)


def test_what_was_decided_can_be_taken_back_at_once_or_in_the_case(
    ann: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    act_as(monkeypatch, "ann", "approver")
    app = press(press(open_case("exc-1"), f"x-do-{APPROVE}"), "x-apply")
    press(app, "x-undo")
    assert not decisions.active(ann)
    app = press(press(open_case("exc-1"), f"x-do-{APPROVE}"), "x-apply")
    app = open_case("exc-1")
    assert "Pending: becomes final with the next run" in html_of(app)
    assert f"x-do-{APPROVE}" not in keys_of(app)
    press(app, f"x-withdraw-{only(ann).decision_id}")
    assert not decisions.active(ann)
    assert f"x-do-{APPROVE}" in keys_of(open_case("exc-1"))


def test_a_case_that_changed_meanwhile_is_not_touched_and_says_who_changed_it(ann: Home) -> None:
    app = press(open_case("exc-1"), f"x-do-{APPROVE}")
    reject = Intent(Action.REJECT_MATCH, case_id="case-1", match_id="match-suggested")
    actions.apply(ann, BOB, actions.preview(ann, BOB, reject))
    press(app, "x-apply")
    assert "bob has decided" in notice_of(app)
    assert only(ann).actor == "local/bob"


def test_a_write_off_is_proposed_and_another_person_agrees(
    ann: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = press(open_case("exc-2"), f"x-do-{WRITE_OFF}")
    app.text_input(key="x_in_amount").set_value("100,50").run()
    app.selectbox(key="x_in_reason").set_value("goodwill").run()
    assert "a second person has to agree" in html_of(app)
    press(app, "x-apply")
    decision = only(ann)
    assert decision.state is State.PROPOSED
    assert decision.reason_code == "goodwill"
    assert decision.items[0]["amount"] == "100.5"
    own = open_case("exc-2")
    assert f"x-agree-{decision.decision_id}" not in keys_of(own)  # never one's own

    act_as(monkeypatch, "bob", "approver")
    app = open_page("exceptions", waiting="mine")
    assert "<b>1 case</b>" in html_of(app)
    assert "1 waiting for your approval" in html_of(app)
    app = press(open_case("exc-2"), f"x-agree-{decision.decision_id}")
    assert only(ann).state is State.PENDING
    assert only(ann).second == "local/bob"


def test_declining_takes_a_reason(ann: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    press(press(open_case("exc-2"), f"x-do-{WRITE_OFF}"), "x-apply")
    decision = only(ann)
    act_as(monkeypatch, "bob", "approver")
    app = press(open_case("exc-2"), f"x-decline-{decision.decision_id}")
    assert "Say why you decline" in notice_of(app)
    assert only(ann).state is State.PROPOSED
    app.text_input(key=f"x_in_vote_{decision.decision_id}").set_value("too much").run()
    press(app, f"x-decline-{decision.decision_id}")
    assert not decisions.active(ann)
    assert "too much" in history_of("exc-2")


def test_who_may_not_approve_alone_proposes(ann: Home) -> None:
    app = press(open_case("exc-1"), f"x-do-{APPROVE}")
    assert app.button(key="x-apply").label == "Propose: approve"
    press(app, "x-apply")
    assert "Proposed (approve); waits for a second person." in notice_of(app)
    assert only(ann).state is State.PROPOSED


def test_an_amount_above_what_is_open_cannot_be_written_off(ann: Home) -> None:
    app = press(open_case("exc-2"), f"x-do-{WRITE_OFF}")
    app.text_input(key="x_in_amount").set_value("1000.51").run()
    assert "more than what is open" in html_of(app)
    assert app.button(key="x-apply").disabled
    app.text_input(key="x_in_amount").set_value("a lot").run()
    assert "is no amount" in html_of(app)
    assert "x-apply" not in keys_of(app)


def test_a_split_by_hand_shows_what_is_left_and_cannot_exceed(ann: Home) -> None:
    app = press(open_case("exc-1"), f"x-do-{BY_HAND}")
    take, much = "x_in_take_invoice:INV-1", "x_in_much_invoice:INV-1"
    app.checkbox(key=take).check().run()
    assert "nothing left" in html_of(app)
    app.text_input(key=much).set_value("400,50").run()
    assert "EUR 599.50 left" in html_of(app)
    app.text_input(key=much).set_value("1000.01").run()
    assert "EUR 0.01 too much" in html_of(app)
    assert "x-apply" not in keys_of(app)
    app.text_input(key=much).set_value("400.50").run()
    press(app, "x-apply")
    decision = only(ann)
    assert {item["item_id"]: item["amount"] for item in decision.items} == {
        "DE89/E-7": "400.5",
        "INV-1": "400.5",
    }


def test_an_item_can_be_found_that_nobody_proposed(ann: Home) -> None:
    app = press(open_case("exc-2"), f"x-do-{BY_HAND}")
    app.text_input(key="x_in_find").set_value("soehne").run()
    assert app.checkbox(key="x_in_take_bank_transaction:DE89/E-7") is not None


def test_a_reason_is_asked_for_where_one_is_needed(ann: Home) -> None:
    app = press(press(open_case("exc-1"), "x-do-escalate"), "x-apply")
    assert "Say why" in notice_of(app)
    assert not decisions.active(ann)
    app.text_input(key="x_in_comment").set_value("the customer is angry").run()
    press(app, "x-apply")
    assert only(ann).comment == "the customer is angry"


def test_a_case_is_assigned_to_oneself_or_to_a_name(ann: Home) -> None:
    press(press(open_case("exc-1"), "x-do-assign"), "x-apply")
    assert only(ann).items[0]["item_id"] == "local/ann"
    assert f"x-do-{APPROVE}" in keys_of(open_case("exc-1"))  # a note does not decide the case


def test_a_viewer_sees_no_action_and_cannot_reach_one(
    published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    act_as(monkeypatch, "eve", "viewer")
    for app in (
        open_case("exc-1"),
        open_case("exc-1", bulk="1"),
        open_page("exceptions", bulk="1"),
    ):
        acting = {key for key in keys_of(app) if key.startswith(("x-do-", "x-apply", "x-several"))}
        assert acting == set()
    app = AppTest.from_file(str(case_page()), default_timeout=60)
    app.query_params["exception"] = "exc-1"
    app.session_state["x_act"] = {"case": "case-1", "action": APPROVE, "match_id": ""}
    app.switch_page("views/exceptions.py").run()
    assert "x-apply" not in keys_of(app)
    assert not decisions.active(Home(published))


def case_page() -> Path:
    """The app."""
    return Path(case_actions.__file__).parent / "app.py"


def test_a_role_that_is_lost_between_preview_and_button_decides_nothing(
    ann: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = press(open_case("exc-1"), f"x-do-{APPROVE}")
    act_as(monkeypatch, "ann", "viewer")
    press(app, "x-apply")
    assert "may not" in notice_of(app)
    assert not decisions.active(ann)


def test_a_viewer_does_not_read_what_people_wrote(
    ann: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = press(open_case("exc-1"), "x-do-comment")
    app.text_input(key="x_in_comment").set_value("Mrs Muster called").run()
    press(app, "x-apply")
    assert "Mrs Muster called" in history_of("exc-1")
    act_as(monkeypatch, "eve", "viewer")
    seen = history_of("exc-1")
    assert "Commented" in seen
    assert "Mrs Muster called" not in seen


def test_several_cases_are_decided_together_and_changed_ones_are_named(ann: Home) -> None:
    app = open_page("exceptions", bulk="1", type="unmatched_past_window")
    assert "<b>3 cases</b>: what happens to each" in html_of(app)
    app.selectbox(key="x_bulk_unmatched_past_window").set_value(Action.ESCALATE).run()
    app.text_input(key="x_in_comment").set_value("old").run()
    assign = Intent(Action.ASSIGN, case_id="case-3")
    actions.apply(ann, BOB, actions.preview(ann, BOB, assign))
    press(app, "x-apply")
    assert "2 cases" in notice_of(app)
    assert "bob has decided" in notice_of(app)
    escalated = {d.case_id for d in decisions.active(ann) if d.action == "escalate"}
    assert escalated == {"case-2", "case-4"}


def test_several_cases_can_be_left_undecided(ann: Home) -> None:
    app = press(open_page("exceptions", bulk="1"), "x-cancel")
    assert "bulk" not in app.query_params
    assert 'id="table-causes"' in html_of(app)
    assert not decisions.active(ann)


def test_a_standing_match_is_undone_from_the_case(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = small_company.rows()
    rows["fct_exceptions"] = [
        {**row, "status": "open", "resolved_at": None} if row["exception_id"] == "exc-5" else row
        for row in rows["fct_exceptions"]
    ]
    line = next(row for row in rows["fct_items"] if row["item_id"] == "DE89/E-7")
    paid = {"item_id": "DE89/E-2", "amount": Decimal("250.00"), "open_amount": Decimal(0)}
    rows["fct_items"] = [*rows["fct_items"], {**line, **paid, "status": "closed"}]
    rows["fct_matches"] = [
        {**row, "is_live": row["decision"] == "auto_closed"} for row in rows["fct_matches"]
    ]
    publish(home, small_company.RUN_ID, rows)
    act_as(monkeypatch, "ann", "approver")
    app = press(open_case("exc-5"), "x-do-unmatch")
    assert app.radio(key="x_in_match").options == [
        "The bank credit of EUR 250.00 quotes invoice 2026-0002."
    ]
    app.text_input(key="x_in_comment").set_value("it was for another").run()
    press(app, "x-apply")
    decision = only(Home(home))
    assert (decision.feed_action, decision.match_id) == ("unmatch", "match-live")
    assert decision.case_id == "case-5"  # so that the case shows that it is decided
    assert "Pending" in html_of(open_case("exc-5"))


def test_a_view_of_the_queue_is_saved_and_opened(ann: Home) -> None:
    app = open_page("exceptions", severity="critical")
    app.text_input(key="x_view_name").set_value("Urgent").run()
    press(app, "x-save-view")
    app = open_page("exceptions")
    [button] = [button for button in app.button if button.label == "Urgent"]
    button.click().run()
    assert "<b>1 case</b>" in html_of(app)
    assert "Severity: ◆ Critical ✕" in [button.label for button in app.button]


def _item(side: str, open_amount: str) -> dict[str, Any]:
    return {"side": side, "open_amount": Decimal(open_amount)}


@pytest.mark.parametrize(
    ("text", "currency", "amount"),
    [
        ("199.600", "BHD", "199.600"),  # as the page writes it
        ("1,234", "BHD", "1234"),
        ("1.234", "EUR", "1234"),  # three digits are no cents
        ("12,5", "EUR", "12.5"),
        ("1.5", "JPY", None),
        ("12.345,678", "EUR", None),
    ],
)
def test_an_amount_that_is_typed_has_the_digits_of_its_currency(
    text: str, currency: str, amount: str | None
) -> None:
    assert case_forms.typed_amount(text, currency) == (amount and Decimal(amount))


def test_what_is_left_of_a_split() -> None:
    line = _item("actual", "100.00")
    paid, memo = _item("expected", "80.00"), _item("expected", "-10.00")
    placed = case_forms.remaining(line, [(paid, None)], False)
    assert (placed.placed, placed.left) == (Decimal("80.00"), Decimal("20.00"))
    placed = case_forms.remaining(line, [(paid, Decimal("70")), (paid, None)], False)
    assert [part for _, part in placed.parts] == [Decimal("70"), Decimal("30")]
    # a credit memo helps to pay: there is more to place
    placed = case_forms.remaining(line, [(memo, None), (paid, Decimal("80"))], False)
    assert placed.left == Decimal("30.00")


def test_what_people_write_is_not_shown_to_a_viewer(
    ann: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Comments and the reasons of a decline may name anybody."""
    asker = Person("local/ann", "ann", frozenset({Role.ANALYST}))
    intent = Intent(Action.APPROVE_MATCH, case_id="case-1", comment="asked Erika Mustermann")
    [decision_id] = actions.apply(ann, asker, actions.preview(ann, asker, intent))
    [waiting] = decisions.active(ann)
    actions.decline(ann, BOB, decision_id, "not of Erika Mustermann")
    declined = decisions.by_id(ann, [decision_id])[decision_id]
    case = cast(Case, SimpleNamespace(case_id="case-1"))
    viewer = Person("local/vic", "vic", frozenset({Role.VIEWER}))
    shown = {
        person.name: repr(case_actions.told(case, person)).count("Mustermann")
        for person in (asker, viewer)
    }
    assert shown == {"ann": 2, "vic": 0}
    for user, roles, times in (("ann", "analyst", 1), ("vic", "viewer", 0)):
        act_as(monkeypatch, user, roles)
        assert deciding.line(waiting).count("Mustermann") == times
        assert ("Mustermann" in deciding.line(declined)) == bool(times)
