"""Every real bank file beside the checkout: expected readings, balances, and reasons of refusal."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from orchestration.ingest.bank import BankFileError
from orchestration.ingest.bank.values import exact_sum
from tests.python.bank.conftest import REAL_FILES, Reading, read_path
from tests.python.bank.expected_mt940 import expected_transactions


def paths(*patterns: str) -> list:
    """The real files of these patterns as parameters; one skipping parameter when absent."""
    found = sorted(path for pattern in patterns for path in REAL_FILES.glob(pattern))
    found = [p for p in found if p.is_file() and "LICENSE" not in p.name]
    return [pytest.param(path, id=str(path.relative_to(REAL_FILES))) for path in found] or [None]


@pytest.fixture
def path(request: pytest.FixtureRequest, real_files: Path) -> Path:
    return request.param


def over(*patterns: str):
    return pytest.mark.parametrize("path", paths(*patterns), indirect=True)


# Files that are no statement, with what the reason must say.
REFUSED = {
    "bai2/errors/sample-parseError.txt": "starts with a file header of type 01",
    "camt/genkgo/camt053.v2.wrong.xml": "no statement",
    "camt/viafintech/053/valid_namespace.xml": "no statement",
    "camt/viafintech/general/invalid_namespace.xml": "no statement",
    "ofx/account_listing_aggregation.ofx": "no statement",
    "ofx/bank_small.ofx": "no statement",
    "ofx/error_message.ofx": "General Server Error",
    "ofx/signon_fail.ofx": "password was incorrect",
    "ofx/signon_success.ofx": "no statement",
    "ofx/signon_success_no_message.ofx": "no statement",
}
# Single fields cut out of a statement.
FRAGMENTS = {
    f"mt940/wolph/{name}.sta"
    for name in (
        "betterplace/amount_formats",
        "betterplace/currency_in_25",
        "betterplace/empty_86",
        "betterplace/empty_line",
        "betterplace/missing_crlf_at_end",
        "cmxl/account_balance_credit",
        "cmxl/account_balance_debit",
        "cmxl/account_identification_iban",
        "cmxl/account_identification_legacy",
        "cmxl/available_balance",
        "cmxl/closing_balance",
        "cmxl/reference",
        "cmxl/statement_number",
    )
}
# Files with entries that cannot be items: the columns of the rejects.
REJECTED = {
    "mt940/wolph/betterplace/empty_entry_date.sta": ["account_id"],
    "mt940/wolph/cmxl/statement_details.sta": ["account_id"],
    "mt940/wolph/cmxl/statement_line.sta": ["account_id"],
    "ofx/fail_nice/date_missing.ofx": ["booking_date"] * 3,
    "ofx/fail_nice/decimal_error.ofx": ["booking_date"],
    "ofx/fail_nice/empty_balance.ofx": ["closing_balance"],
}
# Statements whose balances do not agree with their entries: anonymized, shortened or made up.
UNBALANCED = {
    "bai2/citi_example.bai2",
    "bai2/moov_sample4-continuations-newline-delimited.txt",
    "camt/genkgo/camt053.v2.all-balance-types.xml",
    "camt/genkgo/camt053.v2.five.decimals.xml",
    "camt/genkgo/camt053.v2.minimal.ultimate.xml",
    "camt/genkgo/camt053.v2.minimal.xml",
    "camt/genkgo/camt053.v2.with-party-ids.xml",
    "camt/genkgo/camt053.v3.xml",
    "camt/genkgo/camt053.v4.xml",
    "camt/genkgo/camt053.v8.xml",
    "camt/viafintech/053/valid_example_v8.xml",
    "camt/viafintech/053/valid_example_with_debit.xml",
    "camt/viafintech/053/valid_example_with_instdamt.xml",
    "mt940/jejik/abnamro.txt",
    "mt940/jejik/bug-core-5401.txt",
    "mt940/jejik/commerzbank.txt",
    "mt940/jejik/deutschebank.txt",
    "mt940/jejik/ing-dos.txt",
    "mt940/jejik/ing-unix.txt",
    "mt940/jejik/knab.txt",
    "mt940/jejik/oldenburgischelandesbank.txt",
    "mt940/jejik/oldenburgischelandesbankmitbindestrich.txt",
    "mt940/jejik/postfinance.txt",
    "mt940/jejik/rabobank.txt",
    "mt940/jejik/sparkasse2.txt",
    "mt940/jejik/sparkasse3.txt",
    "mt940/jejik/triodos.txt",
    "mt940/wolph/betterplace/sepa_snippet.sta",
    "mt940/wolph/betterplace/sepa_snippet_broken.sta",
    "mt940/wolph/jejik/abnamro.sta",
    "mt940/wolph/jejik/ing.sta",
    "mt940/wolph/jejik/knab.sta",
    "mt940/wolph/jejik/postfinance.sta",
    "mt940/wolph/jejik/rabobank.sta",
    "mt940/wolph/jejik/triodos.sta",
    "mt940/wolph/mBank/with_newline_in_tnr.sta",
}


def name_of(path: Path) -> str:
    return path.relative_to(REAL_FILES).as_posix()


def is_refused(name: str) -> bool:
    return name in REFUSED or name in FRAGMENTS or "052" in name


@over("**/*.xml", "**/*.sta", "mt940/jejik/*.txt", "bai2/**/*.*", "**/*.ofx")
def test_every_file_is_read_or_refused_with_its_reason(path):
    name = name_of(path)
    if is_refused(name):
        expected = REFUSED.get(name) or ("fragments" if name in FRAGMENTS else "camt.052")
        with pytest.raises(BankFileError) as refused:
            read_path(path)
        assert expected in refused.value.reason
        return
    reading = read_path(path)
    assert [reject.column for reject in reading.rejects] == REJECTED.get(name, [])
    assert (False in [s.ok for s in reading.statements]) == (name in UNBALANCED)
    for row in reading.rows:
        assert row.account_id
        assert isinstance(row.amount, Decimal)
        assert len(row.currency) == 3
    for statement in reading.statements:
        if statement.opening_balance is not None and statement.closing_balance is not None:
            assert statement.ok is not None


@over("camt/retail_bank/053/*.xml")
def test_every_statement_of_the_retail_bank_balances(path):
    """The sign of every movement is its CdtDbtInd: 24 real statements agree to the cent."""
    statements = read_path(path).statements
    assert len(statements) == 2
    assert [statement.ok for statement in statements] == [True, True]


def test_the_statements_of_the_retail_bank_follow_each_other(real_files):
    closing: dict[str, Decimal] = {}
    for path in sorted((real_files / "camt/retail_bank/053").glob("*.xml")):
        for statement in read_path(path).statements:
            assert statement.closing_balance is not None
            before = closing.get(statement.account_id, statement.opening_balance)
            assert statement.opening_balance == before
            closing[statement.account_id] = statement.closing_balance


@over("camt/retail_bank/054/*.xml")
def test_the_details_of_every_notification_sum_to_their_entry(path):
    reading = read_path(path)
    assert len(reading.rows) > 1
    by_entry = Counter(row.entry_reference for row in reading.rows)
    assert None not in by_entry
    for reference in by_entry:
        rows = [row for row in reading.rows if row.entry_reference == reference]
        assert exact_sum(row.amount for row in rows) == rows[0].entry_amount
    assert {row.entry_status for row in reading.rows} == {"INFO"}
    assert {row.entry_source for row in reading.rows} == {"notification"}


def test_notifications_share_no_entry_with_the_statements(real_files):
    """These notifications are of another account and carry neither reference nor booking date, and
    none has its amount among the statements' entries: nothing links them, they stay information."""
    folder = real_files / "camt/retail_bank"

    def entries(kind: str) -> list[tuple[str, Decimal | None]]:
        rows = [r for p in sorted((folder / kind).glob("*.xml")) for r in read_path(p).rows]
        return sorted({(r.account_id, r.entry_amount) for r in rows})

    statements, notifications = entries("053"), entries("054")
    assert len(notifications) == 12
    assert not {account for account, _ in statements} & {account for account, _ in notifications}
    assert not {amount for _, amount in statements} & {amount for _, amount in notifications}


@over("mt940/wolph/*/*.yml")
def test_mt940_agrees_with_the_expected_reading(path):
    name = name_of(path).replace(".yml", ".sta")
    expected = expected_transactions(path)
    if is_refused(name):
        # The expected reading makes an empty transaction out of a lone field.
        assert all("amount" not in transaction for transaction in expected)
        return
    reading = read_path(path.with_suffix(".sta"))
    expected = [transaction for transaction in expected if "amount" in transaction]
    assert len(expected) == len(reading.rows) + len(reading.rejects)
    if reading.rejects:
        return
    for row, transaction in zip(reading.rows, expected, strict=True):
        sign = -1 if transaction["status"] == "RC" else 1  # it leaves a reversed credit positive
        assert row.amount == transaction["amount"]["amount"] * sign
        assert row.currency == transaction["amount"]["currency"]
        assert row.value_date == transaction["date"]
        assert row.booking_date == (transaction.get("guessed_entry_date") or transaction["date"])
        assert (row.bank_reference or "") == reference_of(transaction)
        assert (row.bank_transaction_code or "").startswith((transaction["id"] or "").strip())


def reference_of(transaction: dict) -> str:
    """What the contract takes from an expected transaction: bank's reference, else customer's."""
    for text in (transaction["bank_reference"], transaction["customer_reference"]):
        reference = " ".join((text or "").split())
        if reference not in ("", "NONREF"):
            return reference
    return ""


def items(reading: Reading) -> list[tuple]:
    return [(row.account_id, row.amount, row.booking_date) for row in reading.rows]


@pytest.mark.parametrize("bank", ["abnamro", "knab", "postfinance", "rabobank", "sns", "triodos"])
def test_the_same_statement_with_and_without_envelope_reads_the_same(real_files, bank):
    with_envelope = read_path(real_files / f"mt940/jejik/{bank}.txt")
    without = read_path(real_files / f"mt940/wolph/jejik/{bank}.sta")
    assert items(with_envelope) == items(without)
