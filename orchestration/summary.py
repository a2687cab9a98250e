"""The end of a run in the words of a finance person, read from the publication alone."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from orchestration import publish, seeds
from orchestration.alerting import after_run
from orchestration.home import Home
from orchestration.verify import RECOMPUTED_ENTRIES, Verdict, verify_new

QUERIES = Path(__file__).resolve().parent / "queries"
_SHOWN_REASONS = 5
_LONGEST_REASON = 300

Row = dict[str, Any]


def summarize(home: Home) -> str:
    """The summary of the newest run.

    Raises:
        PublishError: when nothing is published yet.
    """
    found = read(home)
    verdict = verify_new(home, RECOMPUTED_ENTRIES)
    return render(home, found, verdict, minor_digits())


def read(home: Home) -> dict[str, list[Row]]:
    """The rows of each file in `queries/` by its name, from the newest publication.

    Raises:
        PublishError: when nothing is published yet.
    """
    with publish.reading(home) as connection:
        return {path.stem: _rows(connection, path) for path in sorted(QUERIES.glob("*.sql"))}


def nothing_was_read(found: dict[str, list[Row]]) -> str | None:
    """Why the newest run could use nothing of what had landed; None where it could."""
    used = sum(int(row["rows_loaded"] + row["rows_redelivered"]) for row in found["landed"])
    refused = sum(int(row["files_rejected"] + row["rows_quarantined"]) for row in found["landed"])
    if used or not refused:
        return None
    files = sum(int(row["files"]) for row in found["landed"])
    return (
        f"Nothing of the {_count(files)} files that landed could be read, so nothing new was "
        "reconciled. Mend them where they come from and land them again:\n"
        + "\n".join(_rejected(found["rejected"])[1:])
    )


def minor_digits() -> dict[str, int]:
    """Digits after the point of each currency, from the seed."""
    return {row["code"]: int(row["minor_digits"]) for row in seeds.rows("currencies")}


def render(
    home: Home, found: dict[str, list[Row]], verdict: Verdict, digits: dict[str, int]
) -> str:
    """The text of a summary. `found` holds the rows of each file in `queries/` by its name."""
    run = found["run"][0]
    lines = [
        "",
        f"Reconciled as of {run['as_of']:%Y-%m-%d %H:%M} UTC ({run['run_id']})",
        "",
        *_landed(found["landed"]),
        *_rejected(found["rejected"]),
        "",
        *_money(found["money"], digits),
        "",
        *_closed(found["closed"]),
        "",
        *_waiting(found["exceptions"]),
        "",
        *_asleep(found["asleep"]),
        *_proof(found["audit"][0], verdict),
        "",
        "Where to look next",
        "  make up        the dashboard and the runs, in a browser",
        "  make verify    recompute the proof",
        f"  {home.serving}",
        "                 the marts, for any program that reads DuckDB",
        *([] if after_run.is_configured(home) else ["", after_run.unconfigured(home)]),
    ]
    return "\n".join(lines) + "\n"


def _landed(rows: list[Row]) -> list[str]:
    if not rows:
        return ["Landed: nothing new"]
    counts = {
        "files": "files",
        "of them rejected": "files_rejected",
        "rows": "rows_read",
        "loaded": "rows_loaded",
        "seen before": "rows_redelivered",
        "rejected": "rows_quarantined",
    }
    table = [["Landed", *counts]]
    for row in rows:
        table.append([f"  {row['feed']}", *(_count(row[column]) for column in counts.values())])
    return _aligned(table)


def _rejected(rows: list[Row]) -> list[str]:
    """What was rejected and nothing has replaced yet: how much, and the most frequent reasons."""
    if not rows:
        return []
    files = sum(int(row["files"]) for row in rows)
    lines = sum(int(row["rows"]) for row in rows)
    told = [
        f"Rejected and not replaced yet: {_count(files)} files, {_count(lines)} rows; each with "
        "its reason on the page On call"
    ]
    for row in rows[:_SHOWN_REASONS]:
        reason = str(row["reason"])
        if len(reason) > _LONGEST_REASON:
            reason = reason[:_LONGEST_REASON] + " ..."
        what = "file" if row["files"] else "row"
        told.append(f"  {_count(row['rejected'])} x {row['feed']}, {what}: {reason}")
    more = sum(int(row["rejected"]) for row in rows[_SHOWN_REASONS:])
    if more:
        told.append(f"  {_count(more)} for other reasons")
    return told


def _money(rows: list[Row], digits: dict[str, int]) -> list[str]:
    if not rows:
        return ["Invoiced: no invoices yet"]
    figures = ("invoiced", "matched", "settled", "adjusted", "open", "overdue")
    table = [["Invoices less credit memos", "documents", *figures]]
    for row in rows:
        places = digits.get(row["currency"], 2)
        table.append(
            [
                f"  {row['currency']}",
                _count(row["documents"]),
                *(amount(row[figure], places) for figure in figures),
            ]
        )
    return [
        *_aligned(table),
        "  invoiced = matched + adjusted + open; settled: of what is matched, all money seen in a "
        "bank;",
        "  adjusted: closed without money (discounts, charges, ...); overdue: open past due",
    ]


def _closed(rows: list[Row]) -> list[str]:
    if not rows:
        return ["Closed by itself in this run: nothing"]
    total = sum(int(row["matches"]) for row in rows)
    table = [[f"Closed by itself in this run: {_count(total)} matches", "matches", "items"]]
    for row in rows:
        table.append(
            [
                f"  {row['reconciliation']} by {row['rule_id']}",
                _count(row["matches"]),
                _count(row["items"]),
            ]
        )
    return _aligned(table)


def _waiting(exceptions: list[Row]) -> list[str]:
    total = sum(int(row["exceptions"]) for row in exceptions)
    table = [[f"For a person: {_count(total)} exceptions", "count", "severe", "amount (base)"]]
    for row in exceptions:
        table.append(
            [
                f"  {row['exception_type']}",
                _count(row["exceptions"]),
                _count(row["severe"]),
                amount(row["base_amount"], 2),
            ]
        )
    return _aligned(table)


def _asleep(rows: list[Row]) -> list[str]:
    """What does not run for want of feeds, and what would wake it; nothing where all runs."""
    if not rows:
        return []
    return ["Not running yet", *(f"  {row['title']}: {row['why']}" for row in rows), ""]


def _proof(audit: Row, verdict: Verdict) -> list[str]:
    lines = [
        f"Proof: {_count(audit['entries'])} decisions in {_count(audit['blocks'])} sealed blocks"
        + (f", head {audit['head']}" if audit["head"] else "")
    ]
    return lines + [f"  {line}" for line in verdict.describe().splitlines()]


def amount(value: Decimal | None, places: int) -> str:
    """A decimal with thousands separators and at least `places` digits; no digit is dropped."""
    if value is None:
        return "-"
    exact = Decimal(value).normalize()
    exponent = exact.as_tuple().exponent
    shown = max(places, -exponent if isinstance(exponent, int) else 0)
    return f"{exact:,.{shown}f}"


def _count(value: Any) -> str:
    return f"{int(value or 0):,}"


def _aligned(table: list[list[str]]) -> list[str]:
    """First column to the left, the others to the right."""
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    return [
        "  ".join(
            [row[0].ljust(widths[0])]
            + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        )
        for row in table
    ]


def _rows(connection: duckdb.DuckDBPyConnection, path: Path) -> list[Row]:
    cursor = connection.execute(path.read_text(encoding="utf-8"))
    columns = [description[0] for description in cursor.description or []]
    return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
