"""Files: every form, what rejects a whole file, and rows that only lose themselves."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from orchestration.ingest import landing as landing_module
from tests.python.ingest.landing_home import (
    AS_OF,
    BANK,
    PAYOUT,
    Landing,
    csv_text,
    json_lines,
)


def parquet(path: Path, query: str) -> bytes:
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"copy ({query}) to '{path}' (format parquet)")
    return path.read_bytes()


ROWS = [PAYOUT, PAYOUT | {"payout_id": "po_2"}]


@pytest.mark.parametrize(
    ("name", "content", "form"),
    [
        ("a.csv", csv_text(ROWS).encode(), "csv"),
        ("deep/er/A.CSV", csv_text(ROWS).encode(), "csv"),
        ("a.csv", b"\xef\xbb\xbf" + csv_text(ROWS, "\r\n").encode(), "csv"),
        ("a.csv.gz", gzip.compress(csv_text(ROWS).encode()), "csv.gz"),
        ("a.jsonl", json_lines(ROWS).encode(), "jsonl"),
        ("a.ndjson", b"\xef\xbb\xbf" + json_lines(ROWS).encode(), "jsonl"),
        ("a.jsonl.gz", gzip.compress(json_lines(ROWS).encode()), "jsonl.gz"),
    ],
)
def test_every_form_gives_the_same_rows(
    landing: Landing, name: str, content: bytes, form: str
) -> None:
    landing.land(f"gateway_payouts/{name}", content)
    landing.ingest()
    (batch,) = landing.batches()
    assert (batch["format"], batch["file_name"]) == (form, name)
    assert [row["payout_id"] for row in landing.raw("gateway_payouts")] == ["po_1", "po_2"]
    hashes = {row["_row_hash"] for row in landing.raw("gateway_payouts")}
    landing.land("gateway_payouts/again.csv", csv_text(list(reversed(ROWS)), "\r\n"))
    landing.ingest()
    assert {row["_row_hash"] for row in landing.raw("gateway_payouts")} == hashes


def test_parquet_types_and_doubles(landing: Landing, tmp_path: Path) -> None:
    query = """
select 'stripe' as gateway, 7 as payout_id, x as amount, 'EUR' as currency,
    timestamptz '2026-01-02 10:00:00+02' as created_at, timestamp '2026-01-05' as arrival_date,
    'paid' as status, [1, 2] as note
from (values (0.1::double), (0.1::double + 0.2::double), (1e22::double), (100.5::float)) as t(x)
"""
    landing.land("gateway_payouts/a.parquet", parquet(tmp_path / "p", query))
    landing.ingest()
    (batch,) = landing.batches()
    assert (batch["format"], batch["double_amounts"]) == ("parquet", 4)
    assert (batch["rows_read"], batch["rows_loaded"], batch["rows_quarantined"]) == (4, 3, 1)
    first = landing.raw("gateway_payouts")[0]
    assert first["amount"] == Decimal("0.1")
    assert str(first["created_at"]) == "2026-01-02 08:00:00"
    assert str(first["arrival_date"]) == "2026-01-05"
    assert (first["payout_id"], first["_extra"]) == ("7", '{"note":"[1,2]"}')
    (reject,) = landing.quarantine()
    assert (reject["line_number"], reject["value"]) == (2, "0.30000000000000004")


def test_parquet_decimals_dates_and_naive_timestamps(landing: Landing, tmp_path: Path) -> None:
    query = """
select 'stripe' as gateway, 'p' as payout_id, 12.34::decimal(18, 4) as amount, 'EUR' as currency,
    timestamp_ns '2026-01-02 10:00:00.5' as created_at, date '2026-01-05' as arrival_date,
    'paid' as status
"""
    landing.land("gateway_payouts/a.parquet", parquet(tmp_path / "p", query))
    landing.ingest()
    (row,) = landing.raw("gateway_payouts")
    assert row["amount"] == Decimal("12.34")
    assert str(row["created_at"]) == "2026-01-02 10:00:00.500000"
    (batch,) = landing.batches()
    assert (batch["naive_timestamps"], batch["double_amounts"]) == (1, 0)


def test_column_order_is_free_and_extra_columns_are_kept(landing: Landing) -> None:
    row = {"note": '"a ""b"", c"', "Amount": "x", "": "y"} | dict(reversed(PAYOUT.items()))
    landing.land("gateway_payouts/a.csv", csv_text([row]))
    landing.ingest()
    (loaded,) = landing.raw("gateway_payouts")
    assert loaded["amount"] == Decimal("100.50")
    assert loaded["_extra"] == '{"note":"a \\"b\\", c","Amount":"x","column_3":"y"}'


def test_quoted_line_breaks_and_blank_lines_keep_line_numbers(landing: Landing) -> None:
    head = ",".join(PAYOUT) + ",bank_reference\r\n"
    good = ",".join(PAYOUT.values())
    text = (
        head
        + "\r\n"
        + good + ',"one\n\ntwo, ""three"""\r\n'
        + good.replace("po_1", "po_2").replace("100.50", "x") + ",\r\n"
    )  # fmt: skip
    landing.land("gateway_payouts/a.csv", text)
    landing.ingest()
    (row,) = landing.raw("gateway_payouts")
    assert (row["_row_number"], row["bank_reference"]) == (3, 'one\n\ntwo, "three"')
    assert landing.quarantine()[0]["line_number"] == 6


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("stripe,po_9,5", "the record has 3 fields and the header 6"),
        ("stripe,po_9,5,EUR,2026-01-02,paid,,", "the record has 8 fields"),
        ('stripe,po_9,5,EUR,2026-01-02,"paid" x', "the quotes do not pair"),
        ('stripe,po_9,5,EUR,2026-01-02,5" pipe', "the quotes do not pair"),
        ('stripe,po_9,5,EUR,2026-01-02,"paid', "the quotes do not pair"),
    ],
)
def test_a_malformed_record_is_a_row_and_spares_the_others(
    landing: Landing, line: str, words: str
) -> None:
    good = ",".join(PAYOUT.values())
    landing.land("gateway_payouts/a.csv", f"{','.join(PAYOUT)}\n{line}\n{good}\n")
    landing.ingest()
    (reject,) = landing.quarantine()
    assert words in reject["reason"]
    assert (reject["line_number"], reject["row_key"], reject["value"]) == (2, "stripe/po_9", line)
    assert len(landing.raw("gateway_payouts")) == 1


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "is not valid JSON"),
        ("[1]", "is not a JSON object"),
        ("null", "is not a JSON object"),
        (json_lines([PAYOUT]).strip()[:-1] + ', "amount": 5}', "has a name twice"),
    ],
)
def test_a_malformed_line_is_a_row_and_spares_the_others(
    landing: Landing, line: str, words: str
) -> None:
    landing.land("gateway_payouts/a.jsonl", json_lines([PAYOUT]) + "\n" + line + "\n")
    landing.ingest()
    (reject,) = landing.quarantine()
    assert words in reject["reason"]
    assert reject["line_number"] == 3
    assert len(landing.raw("gateway_payouts")) == 1


def test_a_required_name_that_one_json_row_lacks_rejects_that_row(landing: Landing) -> None:
    row = {name: value for name, value in PAYOUT.items() if name != "amount"}
    landing.land("gateway_payouts/a.jsonl", json_lines([PAYOUT, row | {"payout_id": "po_2"}]))
    landing.ingest()
    assert landing.quarantine()[0]["reason"] == "amount is empty and is required; fill it in"


BAD_FILES: dict[str, tuple[str, bytes, str]] = {
    "missing column": ("a.csv", b"gateway,payout_id\ns,p\n", "required columns amount, currency"),
    "missing json column": ("a.jsonl", b'{"gateway": "s"}\n', "required columns payout_id"),
    "semicolons": ("a.csv", b"gateway;payout_id\ns;p\n", "separated by semicolons"),
    "tabs": ("a.csv", b"gateway\tpayout_id\ns\tp\n", "separated by tabs"),
    "empty": ("a.csv", b"", "the file is empty"),
    "blank": ("a.csv", b"\n\r\n", "the file is empty"),
    "empty json": ("a.jsonl", b"\n", "the file is empty"),
    "json list": ("a.jsonl", b"[\n{}\n]\n", "is a JSON list"),
    "latin-1": ("a.csv", csv_text([PAYOUT | {"note": "\xe9"}]).encode("latin-1"), "not UTF-8"),
    "doubled header": ("a.csv", csv_text([PAYOUT]).replace("status", "amount").encode(),
                       "names amount more than once"),
    "broken header": ("a.csv", b'"gateway\nx\n', "header cannot be read"),
    "extension": ("a.xlsx", b"PK", "in no form that gateway_payouts takes"),
    "gzipped parquet": ("a.parquet.gz", b"\x1f\x8b", "in no form"),
    "not parquet": ("a.parquet", b"PAR1 not really", "not readable Parquet"),
    "not gzip": ("a.csv.gz", b"gateway,payout_id\n", "not complete gzip data"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "content", "words"), BAD_FILES.values(), ids=BAD_FILES.keys())
def test_a_file_that_cannot_be_taken_is_quarantined(
    landing: Landing, name: str, content: bytes, words: str
) -> None:
    landing.land(f"gateway_payouts/{name}", content)
    landing.land("gateway_payouts/good.csv", csv_text([PAYOUT]))
    landing.ingest()
    (reject,) = landing.quarantine()
    assert words in reject["reason"]
    assert (reject["is_file"], reject["file_name"]) == (True, name)
    rejected = {batch["file_name"]: batch["is_rejected"] for batch in landing.batches()}
    assert rejected == {name: True, "good.csv": False}
    assert len(landing.raw("gateway_payouts")) == 1


def test_a_header_alone_is_a_batch_without_rows(landing: Landing) -> None:
    landing.land("gateway_payouts/a.csv", ",".join(PAYOUT) + "\n")
    landing.ingest()
    (batch,) = landing.batches()
    assert (batch["rows_read"], batch["is_rejected"]) == (0, False)
    assert landing.ingest().new_batches == 0


def test_files_outside_of_a_feed_are_quarantined(landing: Landing) -> None:
    landing.land("loose.csv", "x\n")
    landing.land("typo/a.csv", "x\n")
    landing.ingest()
    assert [(q["feed"], q["is_file"]) for q in landing.quarantine()] == [
        ("typo", True), ("unknown", True),
    ]  # fmt: skip
    assert all("move the file into" in q["reason"] for q in landing.quarantine())


def test_hidden_and_unfinished_files_have_not_landed(landing: Landing) -> None:
    for name in (".DS_Store", "a.csv.part", "b.tmp", ".hidden/a.csv"):
        landing.land(f"gateway_payouts/{name}", "x\n")
    assert landing.ingest().new_batches == 0


def test_the_same_bytes_under_another_name_change_nothing(landing: Landing) -> None:
    landing.land("gateway_payouts/b.csv", csv_text([PAYOUT]))
    assert landing.ingest().new_batches == 1
    landing.land("gateway_payouts/a.csv", csv_text([PAYOUT]))
    landing.land("gateway_payouts/sub/c.csv", csv_text([PAYOUT]))
    result = landing.ingest()
    assert (result.new_batches, result.run_sequence, len(result.all_batch_ids)) == (0, 1, 1)
    assert [batch["file_name"] for batch in landing.batches()] == ["b.csv"]
    assert len(list(landing.home.manifest.iterdir())) == 2


def test_the_same_bytes_in_two_feeds_are_two_batches(landing: Landing) -> None:
    landing.land("gateway_payouts/a.csv", "")
    landing.land("fx_rates/a.csv", "")
    landing.land("typo/a.csv", "")
    assert landing.ingest().new_batches == 3
    assert len(landing.quarantine()) == 3


def test_an_unchanged_file_is_hashed_once(
    landing: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = landing.land("gateway_payouts/a.csv", csv_text([PAYOUT]))
    landing.ingest()
    hashed: list[Path] = []
    real: Callable[[Path], str] = landing_module.file_sha256
    monkeypatch.setattr(
        landing_module, "file_sha256", lambda path: (hashed.append(path), real(path))[1]
    )
    landing.ingest()
    assert hashed == []
    path.write_text(csv_text([PAYOUT | {"amount": "1"}]))
    landing.ingest()
    assert hashed == [path]
    (landing.home.root / "cache" / "landing.json").write_text("damaged")
    assert landing.ingest().new_batches == 0


def test_a_file_that_changes_while_it_is_read_waits_for_the_next_run(
    landing: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    landing.land("gateway_payouts/a.csv", csv_text([PAYOUT]))
    with monkeypatch.context() as patch:
        patch.setattr(landing_module.LandedFile, "is_unchanged", lambda self: False)
        assert landing.ingest().new_batches == 0
    assert landing.raw("gateway_payouts") == []
    assert landing.batches() == []
    assert landing.ingest().loaded == 1


def test_bookkeeping_of_a_batch(landing: Landing) -> None:
    second = BANK | {"entry_id": "e_2", "booking_date": "2026-02-03", "amount": "x"}
    third = BANK | {"entry_id": "e_3", "booking_date": "2026-03-04"}
    landing.land("bank_transactions/x/a.csv", csv_text([BANK, second, third, third]))
    result = landing.ingest()
    (batch,) = landing.batches()
    assert (result.rows_read, result.loaded, result.redelivered, result.quarantined) == (4, 2, 1, 1)
    assert (batch["feed"], batch["file_name"]) == ("bank_transactions", "x/a.csv")
    assert batch["ingested_at"] == AS_OF
    assert batch["landed_at"] <= AS_OF
    assert str(batch["min_event_at"]) == "2026-01-02 00:00:00"
    assert str(batch["max_event_at"]) == "2026-03-04 00:00:00"
    assert batch["control_total"] is None
    assert batch["control_total_ok"] is None
    assert result.all_batch_ids == [batch["batch_id"]]


def test_a_table_landed_among_bank_files_too_is_read_once_and_rejected_once(
    landing: Landing,
) -> None:
    content = csv_text([BANK, BANK | {"entry_id": "e_2", "amount": "1.2345"}])
    landing.land("bank_statements/a.csv", content)
    landing.land("bank_transactions/a.csv", content)
    landing.ingest()
    found = {
        b["feed"]: (b["rows_read"], b["rows_loaded"], b["rows_quarantined"], b["is_rejected"])
        for b in landing.batches()
    }
    assert found == {
        "bank_statements": (0, 0, 0, True),
        "bank_transactions": (2, 1, 1, False),
    }
    assert [(q["feed"], q["is_file"], q["row_key"]) for q in landing.quarantine()] == [
        ("bank_statements", True, None),
        ("bank_transactions", False, "DE1/e_2"),
    ]


def test_a_correction_of_a_bank_counts_no_money_twice_and_can_be_made_good(
    landing: Landing,
) -> None:
    head = (
        "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\n\n<OFX><STMTRS><CURDEF>EUR"
        "<BANKACCTFROM><ACCTID>DE1</BANKACCTFROM><BANKTRANLIST>"
    )
    booked = "<STMTTRN><TRNTYPE>DEBIT<DTPOSTED>20260102<TRNAMT>{}<FITID>{}{}</STMTTRN>"
    correction = booked.format("-13.50", "F9", "<CORRECTFITID>F1<CORRECTACTION>REPLACE")
    landing.land("bank_statements/1.ofx", head + booked.format("-12.50", "F1", "") + "</OFX>")
    landing.ingest()
    landing.land("bank_statements/2.ofx", head + correction + "</OFX>")
    landing.ingest()
    assert [(r["entry_id"], r["amount"]) for r in landing.raw("bank_transactions")] == [
        ("F1", Decimal("-12.50"))
    ]
    (reject,) = landing.quarantine()
    assert (reject["column_name"], reject["value"], reject["row_key"]) == (
        "entry_id",
        "F1",
        "DE1/F9",
    )
    # What the reason asks for is a new version of the same record.
    landing.land(
        "bank_transactions/f1.csv", csv_text([BANK | {"entry_id": "F1", "amount": "-13.50"}])
    )
    landing.ingest()
    assert [(r["entry_id"], r["amount"]) for r in landing.raw("bank_transactions")] == [
        ("F1", Decimal("-12.50")),
        ("F1", Decimal("-13.50")),
    ]
