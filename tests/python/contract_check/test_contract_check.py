"""New versions of exports held against recorded payloads: each feed's, and what breaks."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestration import cli
from orchestration.contract_check import check
from orchestration.home import Home, TieoutError
from orchestration.ingest.contract import load_contract

CONTRACT = load_contract({})
INVOICES = check.RECORDED / "billing_invoices" / "export.csv"
STRICT = ("money", "quantity", "integer", "date", "timestamp", "currency")
"""Kinds of columns that do not take every text."""


def rows_of(path: Path) -> list[list[str]]:
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def write(path: Path, rows: list[list[str]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
    return path


def edited(target: Path, edit: Callable[[str], str]) -> Path:
    """The recorded invoices, edited as text."""
    target.write_text(edit(INVOICES.read_text(encoding="utf-8")), encoding="utf-8")
    return target


def breaks(verdict: check.Verdict) -> list[str]:
    return [finding.says for finding in verdict.findings if finding.breaks]


def told(verdict: check.Verdict) -> list[str]:
    return [finding.says for finding in verdict.findings if not finding.breaks]


def test_every_feed_has_a_payload_that_fits(home: Home) -> None:
    assert {folder.name for folder in check.RECORDED.iterdir()} == set(CONTRACT.landing_folders)
    verdicts = check.check(home, [check.RECORDED])
    assert [verdict.findings for verdict in verdicts if verdict.findings] == []
    assert [verdict.file for verdict in verdicts if not verdict.loaded] == []
    forms = {verdict.format for verdict in verdicts if verdict.feed == "bank_statements"}
    assert forms == {"camt.053", "mt940", "bai2", "ofx1"}


def strict_column(feed: str) -> str:
    """The first column of the payload's first row that does not take every text."""
    header, row, *_ = rows_of(check.RECORDED / feed / "export.csv")
    kinds = {column.name: column.kind for column in CONTRACT.feeds[feed].columns}
    return next(n for n, value in zip(header, row, strict=True) if value and kinds[n] in STRICT)


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[check.Verdict]]:
    """Of each feed, what is said of a renamed column and of a broken value; checked at once."""
    folder = tmp_path_factory.mktemp("broken")
    for feed in CONTRACT.feeds:
        header, row, *rows = rows_of(check.RECORDED / feed / "export.csv")
        needed = CONTRACT.feeds[feed].required[-1]
        renamed = [f"{name}_v2" if name == needed else name for name in header]
        write(folder / feed / "1.csv", [renamed, row, *rows])
        place = header.index(strict_column(feed))
        write(folder / feed / "2.csv", [header, [*row[:place], "?!", *row[place + 1 :]], *rows])
    found: dict[str, list[check.Verdict]] = {}
    for verdict in check.check(Home(folder / "home"), [folder]):
        found.setdefault(verdict.feed, []).append(verdict)
    return found


@pytest.mark.parametrize("feed", sorted(CONTRACT.feeds))
def test_a_renamed_column_and_a_broken_value_of_each_feed_break(
    broken: dict[str, list[check.Verdict]], feed: str
) -> None:
    first, second = broken[feed]
    needed, rows = CONTRACT.feeds[feed].required[-1], second.read
    assert breaks(first)[0] == (
        f"the column {needed!r} is gone, and it is required; {needed + '_v2'!r}, which is new, is "
        "likely what it is called now"
    )
    assert (first.loaded, second.loaded, second.quarantined) == (0, rows - 1, 1)
    assert breaks(second)[0].startswith(
        f"1 of {rows} rows go into quarantine for {strict_column(feed)!r}, such as line 2:"
    )


def test_what_nothing_reads_is_told_and_breaks_nothing(home: Home, tmp_path: Path) -> None:
    header, *rows = rows_of(INVOICES)
    file = write(tmp_path / "export.csv", [[*header, "channel"], *([*row, "web"] for row in rows)])
    (verdict,) = check.check(home, [file])
    assert verdict.feed == "billing_invoices", "told by its columns"
    assert verdict.fits
    assert told(verdict) == ["new: 'channel'; the feed has no such column, nothing reads it"]


def test_a_column_that_others_call_so_is_told_by_the_vocabulary(home: Home, tmp_path: Path) -> None:
    file = edited(tmp_path / "export.csv", lambda text: text.replace("total_amount", "Betrag", 1))
    (verdict,) = check.check(home, [file])
    assert "'Betrag', which is new, is likely what it is called now" in breaks(verdict)[0]


def test_an_optional_column_that_is_gone_breaks_what_was_ones_own(
    home: Home, tmp_path: Path
) -> None:
    file = edited(tmp_path / "v2.csv", lambda text: text.replace("payment_terms", "conditions", 1))
    (verdict,) = check.check(home, [file])
    assert verdict.fits, "the project's payload fills every column, a company need not"
    own = home.root / "recorded" / "billing_invoices"
    own.mkdir(parents=True)
    shutil.copy(INVOICES, own)
    (verdict,) = check.check(home, [file])
    assert breaks(verdict)[0].startswith("the column 'payment_terms' is gone")


def test_records_that_both_tell_are_compared(home: Home, tmp_path: Path) -> None:
    file = edited(
        tmp_path / "v2.csv",
        lambda text: text.replace("1190.00,190.00", "119000,190.00").replace("C-18", "18"),
    )
    (verdict,) = check.check(home, [file], against=INVOICES)
    assert breaks(verdict) == [
        "2 of 4 records that both tell differ, and would match otherwise: customer_id of 1, "
        "total_amount of 1"
    ]


def test_moments_that_lose_their_offset_and_columns_that_empty_break(
    home: Home, tmp_path: Path
) -> None:
    header, *rows = rows_of(INVOICES)
    place = header.index("source_system")
    file = write(
        tmp_path / "v2.csv",
        [
            header,
            *(
                [value.replace("Z", "") if n != place else "" for n, value in enumerate(row)]
                for row in rows
            ),
        ],
    )
    (verdict,) = check.check(home, [file], against=INVOICES)
    assert breaks(verdict)[0] == "the column 'source_system' is empty; it was filled in 4 of 4 rows"
    assert breaks(verdict)[1] == (
        "8 timestamps have no offset, as recorded ones do: they are read as UTC"
    )


def test_codes_that_were_never_seen_are_told(home: Home, tmp_path: Path) -> None:
    header, row, *_ = rows_of(INVOICES)
    many = [[f"in_{n}", f"R-{n}", *row[2:]] for n in range(check.ENOUGH_ROWS)]
    before = write(tmp_path / "v1.csv", [header, *many])
    system = header.index("source_system")
    after = [[f"new_{n}", *line[1:]] for n, line in enumerate(many)]
    after[0][system] = "billing-2"
    (verdict,) = check.check(home, [write(tmp_path / "v2.csv", [header, *after])], against=before)
    assert verdict.fits
    assert told(verdict) == ["'source_system' says billing-2, as it never did before"]


def test_a_bank_format_is_held_against_the_same_format(home: Home, tmp_path: Path) -> None:
    statement = (check.RECORDED / "bank_statements" / "mt940.sta").read_text(encoding="utf-8")
    for number, (was, now) in enumerate(
        (("C1048,15", "C1048,16"), ("2605250525C", "269925C"), ("", ""))
    ):
        (tmp_path / f"{number}.sta").write_text(statement.replace(was, now), encoding="utf-8")
    unbalanced, undated, same = check.check(home, [tmp_path])
    assert {(verdict.feed, verdict.format) for verdict in (unbalanced, undated, same)} == {
        ("bank_statements", "mt940")
    }
    assert breaks(unbalanced) == [
        "the totals that its statements state do not agree with their lines"
    ]
    assert "value_date" in breaks(undated)[0]
    assert same.fits


def test_what_cannot_be_told_is_asked_for(home: Home, tmp_path: Path) -> None:
    file = tmp_path / "export.csv"
    file.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(TieoutError, match="name it with --feed"):
        check.check(home, [file])
    with pytest.raises(TieoutError, match="'invoices' is no feed"):
        check.check(home, [file], feed="invoices")
    with pytest.raises(TieoutError, match="no file and no folder"):
        check.check(home, [tmp_path / "gone.csv"])
    with pytest.raises(TieoutError, match="nothing to compare"):
        check.check(home, [INVOICES], against=tmp_path / "nothing")


def test_the_exit_status_says_whether_it_fits(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["contract", "check", str(INVOICES)]) == 0
    file = edited(tmp_path / "v2.csv", lambda text: text.replace(",open,", ",paid,", 1))
    assert cli.main(["contract", "check", str(INVOICES), str(file)]) == 1
    said = capsys.readouterr().out
    assert "✗ 1 of 4 rows go into quarantine for 'status'" in said
    assert "`tieout compare`" in said
    assert not any(home.landing.rglob("*.csv")), "nothing has landed"
