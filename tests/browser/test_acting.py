"""What people do with cases beside clearing them, on a real company, on a laptop and on a phone."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import duckdb
import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg

from dashboard import format as fmt
from orchestration.home import Home
from orchestration.review import decisions
from tests.browser.conftest import NO_PLAYWRIGHT, PHONE, fits, settled
from tests.browser.desk import SitDown, office

if TYPE_CHECKING:
    from playwright.sync_api import Browser, WebSocketRoute

    from tests.python.tieout_process import Tieout

expect = pytest.importorskip("playwright.sync_api", reason=NO_PLAYWRIGHT).expect

pytestmark = pytest.mark.browser
expect.set_options(timeout=20_000)


@pytest.fixture(scope="module")
def home(reconciled: Tieout, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A copy of the reconciled company that people work on; no run follows."""
    root = tmp_path_factory.mktemp("acting") / "home"
    shutil.copytree(reconciled.home.root, root, symlinks=True)
    yield Home(root)
    shutil.rmtree(root)


@pytest.fixture(scope="module")
def desks(browser: Browser, home: Home) -> Iterator[SitDown]:
    """`desks(name, roles)`: that person at the pages of the company."""
    with office(browser, home.root, home.root.parent / "dashboard.log") as sit_down:
        yield sit_down


def receipt_and_invoice(home: Home) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """A receipt of an unknown payer (exception, amount, bank text) and an invoice that nobody has
    paid (exception, number, customer's name), as published."""
    with duckdb.connect(str(home.serving.resolve()), read_only=True) as marts:
        receipt = marts.execute(
            """
            select ex.exception_id, items.amount, items.currency, items.document_number
            from marts.fct_exceptions as ex
            inner join marts.fct_items as items using (reconciliation, item_type, item_id)
            where ex.exception_type = 'unidentified_receipt' and ex.currency = 'EUR'
            order by items.amount limit 1
            """
        ).fetchone()
        invoice = marts.execute(
            """
            select ex.exception_id, items.document_number, customers.legal_name
            from marts.fct_exceptions as ex
            inner join marts.fct_items as items using (reconciliation, item_type, item_id)
            inner join marts.dim_customers as customers
                on ex.customer_id = customers.customer_id
            where
                ex.exception_type = 'unmatched_past_window'
                and ex.root_cause = 'customer_has_not_paid' and ex.currency = 'EUR'
            order by items.amount desc limit 1
            """
        ).fetchone()
    assert receipt is not None
    assert invoice is not None
    return (receipt[0], fmt.number(receipt[1], receipt[2]), receipt[3]), invoice


def test_a_case_is_found_by_what_is_known_of_it_and_a_view_is_kept(
    desks: SitDown, home: Home
) -> None:
    receipt, invoice = receipt_and_invoice(home)
    ann = desks("ann", "analyst")
    page = ann.open()
    everything = page.locator("#queue-count").inner_text()
    for exception, sought in (
        (receipt[0], receipt[1]),  # an amount, as pages write it
        (receipt[0], receipt[2].lower()),  # what the bank says of the payer
        (invoice[0], invoice[2]),  # a name
        (invoice[0], invoice[1]),  # a number
    ):
        box = page.get_by_role("textbox", name="Find")
        box.fill(sought)
        box.press("Enter")
        expect(page.get_by_role("button", name=f"Find: {sought} ✕")).to_be_visible()
        expect(page.locator(f"a.x-case[href*='{exception}']")).to_be_visible()
        assert page.locator("#queue-count").inner_text() != everything
    page.get_by_role("button", name="More").click()
    page.get_by_label("Keep what is chosen now as").fill("That one")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Save the view").click()
    expect(page.get_by_role("button", name="That one", exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name=f"Find: {invoice[1]} ✕").click()
    expect(page.locator("#queue-count")).to_have_text(everything)
    page.set_viewport_size(PHONE)
    page.get_by_role("button", name="More").click()
    page.get_by_role("button", name="That one", exact=True).click()
    expect(page.locator("#queue-count")).to_contain_text("1 case")
    page.wait_for_url(f"**search={invoice[1]}")
    fits(page)
    page.get_by_role("button", name="delete icon").click()
    expect(page.get_by_role("button", name="That one", exact=True)).to_have_count(0)
    page.context.close()


def test_what_is_proposed_is_seconded_declined_or_taken_back(desks: SitDown, home: Home) -> None:
    receipt, invoice = receipt_and_invoice(home)
    ann, bob = desks("ann", "analyst"), desks("bob", "approver")

    ann.open(exception=receipt[0])  # split by hand, with what is left while it is written
    ann.press("Match by hand")
    ann.say("Find another item", "inv-")
    ann.page.locator(".st-key-x-form").get_by_test_id("stCheckbox").first.click()
    left = ann.page.locator("#remaining")
    expect(left).to_contain_text("placed")
    part = ann.page.get_by_label(re.compile("^Amount of")).first
    part.fill("999999")
    part.press("Tab")
    expect(left).to_contain_text("too much")
    expect(ann.page.locator(".st-key-x-apply")).to_have_count(0)
    part.fill("10.00")
    part.press("Tab")
    expect(left).to_contain_text("EUR 10.00 of EUR")
    expect(left).to_contain_text("left")
    assert "waits for a second person" in ann.apply()

    ann.open(exception=invoice[0])  # write off: never more than is open, never alone
    ann.press("Write off")
    amount = ann.page.get_by_label(re.compile("^How much of"))
    amount.fill("1,000,000")
    amount.press("Tab")
    expect(ann.page.locator(".st-key-x-form")).to_contain_text("more than what is open")
    expect(ann.page.locator(".st-key-x-apply button")).to_be_disabled()
    amount.fill("5,00")
    amount.press("Tab")
    expect(ann.page.locator("#table-preview")).to_be_visible()
    ann.page.get_by_role("combobox", name="Reason").click()
    ann.page.get_by_role("option", name="Goodwill").click()
    settled(ann.page)
    assert "waits for a second person" in ann.apply()

    bob.open(exception=invoice[0])
    bob.press("Decline")
    expect(bob.page.locator(".x-told")).to_contain_text("Say why you decline")
    bob.page.get_by_label("Comment (to decline: why)").fill("they will pay")
    bob.page.set_viewport_size(PHONE)
    bob.press("Decline")
    expect(bob.page.locator(".x-told")).to_contain_text("You declined it")
    bob.page.get_by_role("tab", name="History").click()
    expect(bob.page.locator(".x-timeline")).to_contain_text("they will pay")
    fits(bob.page)

    ann.open(exception=receipt[0])
    expect(ann.page.locator(".x-pending")).to_contain_text("by you")
    ann.press("Take it back")
    expect(ann.page.locator(".x-told")).to_contain_text("Taken back")
    assert not decisions.active(home)
    for desk in (ann, bob):
        desk.page.context.close()


def test_notes_and_marks_of_one_case_after_another(desks: SitDown, home: Home) -> None:
    ann = desks("ann", "analyst")
    ann.first(type="missing_in_ledger")
    ann.press_folded("Comment")
    ann.say("Why", "asked the bank")
    assert "Commented" in ann.apply()
    ann.page.go_back()
    expect(ann.page.locator(".x-head")).to_contain_text("case")
    ann.page.get_by_role("tab", name="History").click()
    expect(ann.page.locator(".x-timeline")).to_contain_text("asked the bank")

    ann.first(type="suspected_copy")
    ann.press("Not a duplicate")
    ann.apply()
    [decided] = [each for each in decisions.active(home) if each.action == "not_a_duplicate"]
    ann.press("Take it back")
    expect(ann.page.locator(".x-told")).to_contain_text("Taken back")
    assert decided.decision_id not in {each.decision_id for each in decisions.active(home)}

    ann.first(type="control_total_mismatch")  # of a line that is closed: nothing has to stay open
    ann.press_folded("Resolve")
    expect(ann.page.locator(".st-key-x-apply button")).to_be_disabled()  # it needs a reason
    ann.page.get_by_role("combobox", name="Reason").click()
    ann.page.get_by_role("option", name="Corrected at its source").click()
    assert "Proposed (resolve)" in ann.apply()

    ann.first(type="control_total_mismatch")
    ann.press("Undo a match")
    expect(ann.page.locator("#table-preview")).to_be_visible()
    ann.say("Why", "it was for another")
    assert "waits for a second person" in ann.apply()
    ann.page.context.close()


def test_several_cases_are_decided_as_previewed_and_one_that_changed_is_left_out(
    desks: SitDown, home: Home
) -> None:
    ann, bob = desks("ann", "analyst"), desks("bob", "approver")
    page = ann.open(type="unexplained_bank_line")
    count = int(page.locator("a.x-case").count())
    page.get_by_role("button", name="More").click()
    page.get_by_role("button", name="Decide several").click()
    expect(page.locator("#bulk-lead")).to_contain_text(f"{count} cases")
    expect(page.locator("#table-bulk tbody tr")).to_have_count(count)
    ann.say("Why", "all of the bank's")
    changed = bob.first(type="unexplained_bank_line")
    bob.press("Not ours")
    bob.say("Why", "payroll")
    bob.apply()
    words = ann.apply()
    assert f"{count - 1} cases" in words
    assert "Left out, because they changed meanwhile" in words
    assert "bob has decided" in words
    marks = [each for each in decisions.active(home) if each.action == "mark_not_ours"]
    assert len(marks) == count
    bob.open(exception=changed)
    expect(bob.page.locator(".x-pending")).to_contain_text("by you")
    for desk in (ann, bob):
        desk.page.context.close()


def test_two_people_on_one_case_and_what_an_approver_sends_does_nothing_for_a_viewer(
    desks: SitDown, home: Home
) -> None:
    carl, bob = desks("carl", "controller"), desks("bob", "approver")
    sent: list[bytes] = []
    bob.page.on(
        "websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame))
    )
    case = ""
    for desk in (carl, bob):
        case = desk.first(type="needs_approval", item_type="charge")
        desk.page.keyboard.press("a")
        expect(desk.page.locator("#table-preview")).to_be_visible()
    assert "becomes final with the next run" in bob.apply()
    assert "bob has decided" in carl.apply()
    expect(carl.page.locator(".x-pending")).to_contain_text("Approved by bob")
    bob.open(exception=case)
    bob.press("Take it back")
    expect(bob.page.locator(".x-told")).to_contain_text("Taken back")

    # the presses, as bob's browser told them: the first opens the preview, the second applies it
    pressed = [message for message in sent if _presses(message)][:2]
    assert len(pressed) == 2

    def replayed_by(name: str, roles: str) -> None:
        desk = desks(name, roles)
        servers: list[WebSocketRoute] = []
        desk.page.route_web_socket(
            re.compile("_stcore/stream"), lambda socket: servers.append(socket.connect_to_server())
        )
        desk.open(exception=case)
        for message in pressed:
            servers[-1].send(message)
            desk.page.wait_for_timeout(300)
            settled(desk.page)
        desk.page.context.close()

    def approvals() -> list[str]:
        active = decisions.active(home)
        return [each.actor for each in active if each.action == "approve_match"]

    replayed_by("vic", "viewer")
    assert approvals() == []
    replayed_by("dora", "approver")  # the same messages decide where they may
    assert approvals() == ["dora"]
    for desk in (carl, bob):
        desk.page.context.close()


def _presses(message: bytes | str) -> bool:
    """Whether a message to the server says that a button was pressed."""
    told = BackMsg()
    told.ParseFromString(message if isinstance(message, bytes) else message.encode())
    return any(state.trigger_value for state in told.rerun_script.widget_states.widgets)
