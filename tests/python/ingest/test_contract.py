"""The contract file: consistent in itself, and saying what the published page says."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
import yaml

from orchestration.home import PROJECT_DIR, TieoutError
from orchestration.ingest.contract import (
    CONTRACT_FILE,
    CURRENCIES_FILE,
    Contract,
    load_contract,
    read_contract,
)

PAGE = Path(__file__).resolve().parents[3].parent / "shared" / "contracts" / "feeds.md"

# What bank parsers add to the columns of the page (a minor version: optional columns).
BANK_EXTRAS = {
    "entry_reference", "entry_amount", "entry_source", "entry_status", "structured_reference",
    "charges_amount", "is_reversal", "return_reason", "bank_reference",
    "is_booking_date_assumed",
}  # fmt: skip


@pytest.fixture(scope="module")
def contract() -> Contract:
    return load_contract({})


def page_columns(cell: str) -> list[tuple[str, bool, bool, list[str]]]:
    """Name, whether key, whether required, and domain of the columns in a table cell."""
    plain = re.sub(r"\(([^()]*)\)", lambda m: "(" + m[1].replace(",", "\x00") + ")", cell)
    columns = []
    for part in plain.split(","):
        found = re.match(r"\s*(\*\*)?([a-z_]+)(\*\*)?(\*)?", part)
        assert found, part
        note = part[found.end() :].replace("\x00", ",")
        values = re.findall(r"`([a-z_]+)`", note)
        is_domain = re.fullmatch(r"\s*\((`[a-z_]+`(, )?)+\)\s*", note.split("(gross")[0])
        columns.append((found[2], bool(found[1]), "*" in part[: found.end()].replace("**", ""),
                        values if is_domain else []))  # fmt: skip
    return columns


@pytest.mark.skipif(not PAGE.is_file(), reason="the published page is not beside us")
def test_the_contract_says_what_the_page_says(contract: Contract) -> None:
    rows = re.findall(r"^\| `([a-z_]+)` \| (.*) \|$", PAGE.read_text(), re.MULTILINE)
    assert {name for name, _ in rows} == set(contract.feeds)
    for name, cell in rows:
        feed = contract.feeds[name]
        columns = page_columns(cell)
        own = [c for c in feed.columns if c.name not in (BANK_EXTRAS if "bank_t" in name else ())]
        assert [c.name for c in own] == [column[0] for column in columns], name
        assert feed.key == tuple(column[0] for column in columns if column[1]), name
        assert feed.required == [column[0] for column in columns if column[2]], name
        for column, (_, _, _, domain) in zip(own, columns, strict=True):
            assert list(column.domain) == domain, (name, column.name)


def test_every_feed_has_a_key_that_is_required(contract: Contract) -> None:
    assert len(contract.feeds) == 22
    for feed in contract.feeds.values():
        assert feed.key
        assert set(feed.key) <= set(feed.required)


def test_money_has_a_currency(contract: Contract) -> None:
    for feed in contract.feeds.values():
        for column in feed.columns:
            assert (column.currency is not None) == (column.kind == "money"), column
            if column.currency:
                assert feed.column(column.currency).kind == "currency"


def test_minor_digits(contract: Contract) -> None:
    wanted = {"EUR": 2, "USD": 2, "JPY": 0, "KRW": 0, "BHD": 3, "KWD": 3, "CLF": 4, "XXX": 10}
    assert {code: contract.currencies[code] for code in wanted} == wanted


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("key: [gateway, payout_id]", "key: [payout_id]", "has the key"),
        ("data_type: decimal(38,10)", "data_type: double", "is not the type of kind"),
        ("time_zone: UTC", "time_zone: Mars/Base", "is no IANA name"),
        ("event_column: rate_date", "event_column: day", "does not have"),
    ],
)
def test_a_contract_that_contradicts_itself_is_refused(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    text = CONTRACT_FILE.read_text()
    assert old in text
    path = tmp_path / CONTRACT_FILE.name
    path.write_text(text.replace(old, new))
    with pytest.raises(TieoutError, match=words):
        read_contract(path, CURRENCIES_FILE)


def test_every_column_is_described() -> None:
    (source,) = yaml.safe_load(CONTRACT_FILE.read_text())["sources"]
    for table in source["tables"]:
        assert table["description"].startswith("One row per ")
        assert all(column["description"] for column in table["columns"])


def test_every_feed_that_a_built_reconciliation_waits_for_says_when_it_is_late() -> None:
    """Without a freshness nobody would be told that it went silent (int_feeds__expected)."""
    [source] = yaml.safe_load(CONTRACT_FILE.read_text(encoding="utf-8"))["sources"]
    late = {
        table["name"]
        for table in source["tables"]
        if table.get("config", {}).get("freshness", {}).get("error_after", {}).get("count")
    }
    with open(PROJECT_DIR / "seeds" / "reconciliations.csv", encoding="utf-8", newline="") as file:
        waited_for = {
            feed
            for row in csv.DictReader(file)
            if row["is_built"] == "true"
            for feed in f"{row['expected_feeds']};{row['actual_feeds']}".split(";")
        }
    assert len(waited_for) >= 5
    assert waited_for <= late
