"""The reported situations as others wrote them down, in `../shared/data/reports`.

All folders land in one home: what arrives first, a run, what arrives second, and a run. What each
kind of them means is told anew, and tested in every run of the suite, in `reported_cases.py` and
its neighbours; here the same values are held against the originals. One folder (46, equal amounts
in bulk) brings a program instead of files; its kind is in `reported_cases.py`.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from tieout_process import PROJECT, Tieout

from orchestration.home import Home
from tests.python.reconciliation.two_days import TwoDays, invoice

pytestmark = [pytest.mark.slow, pytest.mark.thorough]

REPORTS = PROJECT.parent / "shared" / "data" / "reports"
BANK = {
    "02": "DE56500105170000002000",
    "07": "DE80500105170000007000",
    "18": "DE94500105170000018000",
    "20": "DE26500105170000020000",
}
BLAMED = {"customer_has_not_paid", "customer_underpaid"}


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> TwoDays:
    if not REPORTS.is_dir():
        pytest.skip("the reported situations (../shared/data/reports) are not here")
    home = Home(tmp_path_factory.mktemp("reports") / "home").create()
    tieout = Tieout(home, settings={"TIEOUT_TIME_ZONES": "gateway_transactions=Europe/Berlin"})
    published: list[Path] = []
    for part, as_of in (("1", "2025-04-30T23:59:59Z"), ("2", "2025-05-01T23:59:59Z")):
        for folder in sorted(REPORTS.glob(f"*/landing/{part}")):
            shutil.copytree(folder, home.landing, dirs_exist_ok=True, copy_function=shutil.copyfile)
        tieout = replace(tieout, as_of=as_of)
        tieout.succeed("run")
        published.append(home.serving.resolve())
    return TwoDays(tieout, published[0])


def money(text: str) -> Decimal:
    return Decimal(text)


def open_of(company: TwoDays, number: str) -> tuple[str, Decimal]:
    """Status and open amount of a document."""
    status, _, _, amount = invoice(company, number)
    return status, amount


def partners(company: TwoDays, entry: str, *decisions: str) -> set[tuple[str, ...]]:
    """For each match of a bank line (by its entry id): the numbers of its documents."""
    wanted = ", ".join(f"'{decision}'" for decision in decisions or ("auto_closed", "approved"))
    return {
        tuple(numbers)
        for (numbers,) in company.rows(
            f"""
            select list_sort(list(invoices.invoice_number))
            from fct_match_allocations as payments
            inner join fct_matches as matches on payments.match_id = matches.match_id
            inner join fct_match_allocations as documents on payments.match_id = documents.match_id
            inner join fct_invoices as invoices on documents.item_id = invoices.invoice_id
            where
                payments.item_id like '%/{entry}'
                and payments.item_type <> 'invoice'
                and matches.reconciliation = 'invoice_to_receipt'
                and matches.decision in ({wanted})
                and documents.side = 'expected'
            group by payments.match_id
            """
        )
    }


def status(company: TwoDays, item_id: str, reconciliation: str = "invoice_to_receipt") -> str:
    return str(
        company.value(
            f"select status from fct_items where item_id = '{item_id}' "
            f"and reconciliation = '{reconciliation}'"
        )
    )


def exceptions(company: TwoDays, item_id: str) -> set[tuple[str, str, Decimal]]:
    """Type, root cause and amount of what is open of an item, but for the ledger's."""
    return set(
        company.rows(
            "select exception_type, root_cause, amount from fct_exceptions "
            f"where item_id like '{item_id}' and status <> 'resolved' "
            "and reconciliation <> 'bank_to_ledger'"
        )
    )


def kinds(company: TwoDays, item_id: str) -> set[str]:
    return {kind for kind, _, _ in exceptions(company, item_id)}


def causes(company: TwoDays, item_id: str) -> set[str]:
    return {cause for _, cause, _ in exceptions(company, item_id)}


def counted(company: TwoDays, account: str) -> list[Decimal]:
    """The amounts of an account's lines that take part in something, each once."""
    return [
        amount
        for (amount,) in company.rows(
            "select distinct on (item_id) amount from fct_items "
            f"where item_id like '{account}/%' "
            "and set_aside_reason is distinct from 'suspected_copy' order by item_id"
        )
    ]


def explanation(company: TwoDays, item_id: str) -> str:
    return str(
        company.value(
            "select string_agg(explanation, ' ') from fct_matches where decision <> 'reversed' "
            "and reconciliation = 'invoice_to_receipt' and match_id in "
            f"(select match_id from fct_match_allocations where item_id = '{item_id}')"
        )
    )


def test_02_leading_zeros_dropped(reports: TwoDays) -> None:
    assert partners(reports, "P02A") == {("EVENT-00005",)}
    assert partners(reports, "P02C") == {("EVENT-00007",)}


def test_04_mt940_dialects(reports: TwoDays) -> None:
    assert open_of(reports, "TK-40251") == open_of(reports, "TK-40318") == ("settled", 0)
    assert ("control_total_mismatch", "feed_incomplete", money("104.12")) in exceptions(
        reports, "DE58500105170000004001/%"
    )
    assert "unidentified_receipt" not in kinds(reports, "DE04500105170000004003/%")
    assert sorted(counted(reports, "DE04500105170000004003")) == [-800, -77, 800]


def test_06_ofx_fitids_tags_and_amounts(reports: TwoDays) -> None:
    for number in ("PS-6101", "PS-6102", "PS-6103"):
        assert open_of(reports, number) == ("settled", 0)
    assert sorted(counted(reports, "B06-CARD-1")) == [-15, -15, money("-0.45")]
    assert counted(reports, "B06-CARD-2") == [money("77.77")]
    assert counted(reports, "B06-XML-1") == [-10]


def test_07_camt_same_entries_new_statement_id(reports: TwoDays) -> None:
    assert sorted(counted(reports, BANK["07"])) == [money("412.36"), money("655.08")]
    assert "duplicate_payment" not in kinds(reports, f"{BANK['07']}/%")
    assert open_of(reports, "KT-2025-71") == open_of(reports, "KT-2025-72") == ("settled", 0)


def test_08_discount_over_two_instalments(reports: TwoDays) -> None:
    assert invoice(reports, "LM-80100") == ("settled", 980, 20, 0)


def test_09_rounded_up_by_a_cent(reports: TwoDays) -> None:
    assert open_of(reports, "JK-90499") == open_of(reports, "JK-91498") == ("settled", 0)
    assert exceptions(reports, "%/P09B") in (
        set(),
        {("overpayment", "customer_overpaid", money("0.02"))},
    )


def test_10_payout_with_hidden_withholding(reports: TwoDays) -> None:
    assert ("payout_mismatch", "gateway_reports_differ", money("-17.27")) in set(
        reports.rows_first(
            "select exception_type, root_cause, amount from fct_exceptions "
            "where item_id = 'novapay/po10'"
        )
    )
    assert status(reports, "novapay/po10", "gateway_to_payout") == "closed"
    assert exceptions(reports, "novapay/po10") == set()
    assert open_of(reports, "WO-1001") == open_of(reports, "WO-1002") == ("settled", 0)


def test_12_foreign_invoice_home_account(reports: TwoDays) -> None:
    assert open_of(reports, "PT-12500") == ("settled", 0)


def test_15_returned_direct_debit_with_fee(reports: TwoDays) -> None:
    for number, invoice_id, amount in (("VM-15100", "I15A", 100), ("VM-15200", "I15B", 200)):
        assert open_of(reports, number) == ("open", amount)
        assert "payment_returned" in kinds(reports, invoice_id) | kinds(
            reports, "DE02500105170000015000/%"
        )
        assert "pays a part" not in explanation(reports, invoice_id)
    # the bank states three of charges for one of the two returns, and only its text for the other
    assert reports.rows(
        "select open_amount, count(*) from fct_items "
        "where item_id like 'DE02500105170000015000/%' and reconciliation = 'invoice_to_receipt' "
        "and amount < 0 group by all order by all"
    ) == [(-3, 1), (0, 1)]


def test_17_bank_csv_number_formats(reports: TwoDays) -> None:
    assert sorted(counted(reports, "B17-B")) == [-3, money("9.50")]
    refused = reports.rows(
        "select file_name, reason from fct_quarantine where file_name like '%case17%'"
    )
    assert len([reason for name, reason in refused if "comma" in name]) == 5
    assert any("semicolon" in name and "semicolon" in reason for name, reason in refused)


def test_18_camt_charges_and_batches(reports: TwoDays) -> None:
    for number in ("AV-18001", "AV-18002", "DH-18003", "AV-18004", "DH-18005", "AV-18007"):
        assert open_of(reports, number) == ("settled", 0), number
    assert open_of(reports, "AV-18006") == ("partially_matched", money("0.04"))


def test_20_same_day_in_two_formats(reports: TwoDays) -> None:
    assert sorted(counted(reports, BANK["20"])) == [money("64.90"), money("871.25")]
    assert "duplicate_payment" not in kinds(reports, f"{BANK['20']}/%")


def test_21_own_payment_returned(reports: TwoDays) -> None:
    assert exceptions(reports, "DE89500105170000021000/%") == set()
    assert open_of(reports, "AG-21001") == ("open", 1840)


def test_22_negative_payout(reports: TwoDays) -> None:
    assert status(reports, "stripe/po22", "gateway_to_payout") == "closed"
    assert status(reports, "stripe/po22", "payout_to_bank") == "closed"
    assert exceptions(reports, "%/P22") == exceptions(reports, "stripe/ch22A") == set()


def test_23_settlement_currency(reports: TwoDays) -> None:
    assert open_of(reports, "DS-23100")[1] == open_of(reports, "DS-23250")[1] == 0
    assert open_of(reports, "DS-23400")[0] in ("settled", "in_review")


def test_24_refund_fails(reports: TwoDays) -> None:
    first = reports.first_day
    assert invoice(first, "CB-24120") == ("refunded", 0, 0, 120)
    assert not causes(first, "I24A") & BLAMED
    assert "pays a part" not in explanation(first, "stripe/re24")
    assert open_of(reports, "CB-24120") == ("matched", 0)
    assert exceptions(reports, "I24A") == exceptions(reports, "stripe/re24") == set()


def test_25_missing_statement_between(reports: TwoDays) -> None:
    missing = reports.rows(
        "select abs(amount) from fct_exceptions where exception_type = 'statement_missing' "
        "and status <> 'resolved' and item_id like 'DE50500105170000025000%'"
    )
    assert missing == [(money("255.25"),)]


def test_26_void_and_issued_again(reports: TwoDays) -> None:
    assert partners(reports, "P26") == set()
    assert ("KS-26009",) in partners(reports, "P26", "suggested", "pending_approval")


def test_27_shortened_lists_of_numbers(reports: TwoDays) -> None:
    anything = ("auto_closed", "suggested", "pending_approval")
    assert partners(reports, "P27A", *anything) == {("RC-27001", "RC-27002", "RC-27003")}
    assert partners(reports, "P27B", *anything) == {
        ("RC-27004", "RC-27005", "RC-27006", "RC-27007")
    }
    assert "overpayment" not in kinds(reports, "%/P27_")


def test_28_bai2_text_looks_like_a_record(reports: TwoDays) -> None:
    for number in ("HF-28-0016", "HF-28-0017", "HF-28-0018"):
        assert open_of(reports, number) == ("settled", 0)
    assert "control_total_mismatch" not in kinds(reports, "B28-%")


def test_29_charges_not_included(reports: TwoDays) -> None:
    assert invoice(reports, "SE-29001") == ("partially_matched", 485, 0, 15)
    assert invoice(reports, "SE-29002") == ("settled", 600, 0, 0)


def test_30_timestamps_of_warehouse_exports(reports: TwoDays) -> None:
    found = {number for (number,) in reports.rows(
        "select invoice_number from fct_invoices where customer_id = 'B30'"
    )}  # fmt: skip
    assert found == {"TS-30002", "TS-30003", "TS-30004", "TS-30005"}
    refused = reports.rows("select reason from fct_quarantine where file_name like '%case30%'")
    assert len(refused) == 3 and all("write it as" in reason for (reason,) in refused)


def test_34_paid_in_full_then_credit_then_refund(reports: TwoDays) -> None:
    """The payment keeps its reason: the number in its text."""
    assert partners(reports, "P34A") == partners(reports, "P34B") == {("CN-34001", "WM-34001")}
    assert open_of(reports, "WM-34001")[1] == open_of(reports, "CN-34001")[1] == 0
    assert "WM34001" in explanation(reports, "DE35500105170000034000/P34A")


def test_35_void_after_match(reports: TwoDays) -> None:
    assert partners(reports, "P35A") == set()
    assert exceptions(reports, "%/P35A") == {
        ("unapplied_credit", "missing_reference", money("360"))
    }


def test_36_total_corrected_after_match(reports: TwoDays) -> None:
    assert open_of(reports, "GB-36001") == ("settled", 0)
    assert open_of(reports, "GB-36002") == ("partially_matched", 77)
    assert (
        reports.value(
            "select open_amount from fct_items where item_id like '%/P36A' "
            "and reconciliation = 'invoice_to_receipt'"
        )
        == 50
    )


def test_37_partial_and_larger_dispute(reports: TwoDays) -> None:
    assert invoice(reports, "CC-37001") == ("disputed", 60, 0, 40)
    assert invoice(reports, "CC-37002") == ("disputed", 0, 0, 200)
    assert open_of(reports, "CC-37003")[1] == 0
    assert not (causes(reports, "I37A") | causes(reports, "I37B")) & BLAMED


def test_38_two_refunds_one_credit_memo(reports: TwoDays) -> None:
    assert open_of(reports, "TR-38001")[1] == open_of(reports, "CN-38001")[1] == 0
    for item in ("ch38", "re38a", "re38b"):
        assert status(reports, f"stripe/{item}") == "closed"


def test_42_mt940_pages_of_one_statement(reports: TwoDays) -> None:
    assert open_of(reports, "PR-42001") == open_of(reports, "PR-42002") == ("settled", 0)
    assert not {"control_total_mismatch", "statement_missing"} & kinds(
        reports, "DE54500105170000042000%"
    )


def test_47_freed_payment_names_its_invoice(reports: TwoDays) -> None:
    """As when all lands at once: nobody is closed against the other invoice by itself."""
    for entry, other in (("P47A", "HL-47002"), ("P47B", "MD-47002")):
        assert (other,) not in partners(reports, entry)
        assert open_of(reports, other)[1] == (500 if entry == "P47A" else 610)
        assert status(reports, f"DE78500105170000047000/{entry}") == "in_review"


def test_52_payout_corrected_after_match(reports: TwoDays) -> None:
    assert status(reports, "stripe/po52A", "payout_to_bank") == "in_review"
    assert status(reports, "stripe/po52B", "payout_to_bank") == "open"
    assert "payout_missing_in_bank" in kinds(reports, "stripe/po52B")


def test_53_ofx_new_fitids_each_download(reports: TwoDays) -> None:
    assert counted(reports, "B53-CHK") == [money("531.35")]
    assert "duplicate_payment" not in kinds(reports, "B53-CHK/%")
    assert open_of(reports, "OD-53001") == ("settled", 0)
