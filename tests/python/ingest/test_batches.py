"""Batches as a whole: conservation, order, re-delivery, versions and a killed ingest."""

from __future__ import annotations

import os
import random
import shutil
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from orchestration.home import Home, TieoutError
from orchestration.ingest import pipeline, store
from tests.python.ingest.landing_home import (
    AS_OF,
    INVOICE,
    PAYOUT,
    Landing,
    csv_text,
    examples,
    json_lines,
)


def versions(landing: Landing) -> list[tuple[str, str]]:
    return sorted((row["payout_id"], str(row["amount"])) for row in landing.raw("gateway_payouts"))


def test_a_redelivery_changes_nothing_whatever_its_notation(landing: Landing) -> None:
    landing.land("gateway_payouts/a.csv", csv_text([PAYOUT]))
    landing.ingest()
    before = landing.raw("gateway_payouts")
    same = PAYOUT | {
        "amount": "100.5000", "currency": "eur", "created_at": "2026-01-02T11:00:00.000+01:00",
        "bank_reference": "",
    }  # fmt: skip
    landing.land("gateway_payouts/b.csv", csv_text([same]))
    landing.land("gateway_payouts/c.jsonl", json_lines([PAYOUT | {"note": 1}]))
    result = landing.ingest()
    assert (result.loaded, result.redelivered) == (0, 2)
    assert landing.raw("gateway_payouts") == before


def test_other_content_is_a_new_version_and_the_old_one_stays(landing: Landing) -> None:
    landing.land("gateway_payouts/a.csv", csv_text([PAYOUT]))
    landing.ingest()
    landing.land("gateway_payouts/b.csv", csv_text([PAYOUT | {"amount": "7"}]))
    result = landing.ingest(AS_OF + timedelta(days=1))
    assert (result.loaded, result.run_sequence) == (1, 2)
    assert [row["_run_sequence"] for row in landing.raw("gateway_payouts")] == [1, 2]
    assert [batch["conflicting_versions"] for batch in landing.batches()] == [0, 0]
    landing.land("gateway_payouts/c.csv", csv_text([PAYOUT | {"amount": "100.50"}]) + "\n")
    assert landing.ingest(AS_OF + timedelta(days=2)).redelivered == 1


@pytest.mark.parametrize(
    ("first", "second", "conflicts"),
    [
        ({}, {"amount": "7"}, 1),
        ({"status": "pending"}, {}, 0),
        ({"status": "pending"}, {"status": "pending", "amount": "7"}, 1),
        ({}, {}, 0),
        ({}, {"payout_id": "other"}, 0),
    ],
)
def test_versions_that_only_a_hash_decides_between_are_counted(
    landing: Landing, first: dict[str, str], second: dict[str, str], conflicts: int
) -> None:
    landing.land("gateway_payouts/a.csv", csv_text([PAYOUT | first]))
    landing.land("gateway_payouts/b.csv", csv_text([PAYOUT | second]))
    landing.ingest()
    assert sum(batch["conflicting_versions"] for batch in landing.batches()) == conflicts


@pytest.mark.parametrize(
    ("first", "second", "conflicts"),
    [
        ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", 0),
        ("2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00", 1),
        ("", "", 1),
    ],
)
def test_updated_at_decides_between_versions(
    landing: Landing, first: str, second: str, conflicts: int
) -> None:
    rows = [INVOICE | {"updated_at": first}, INVOICE | {"updated_at": second, "total_amount": "1"}]
    landing.land("billing_invoices/a.csv", csv_text(rows))
    landing.ingest()
    assert landing.batches()[0]["conflicting_versions"] == conflicts


AMOUNTS = st.sampled_from(["1", "1.0", "2.50", "x", "", "-3", "1,5", "1.234"])
ROWS = st.builds(
    lambda key, amount, status, raw: (
        PAYOUT | {"payout_id": key, "amount": amount, "status": status}
        if raw is None
        else {"raw": raw}
    ),
    st.sampled_from(["a", "b", "c", "d", ""]),
    AMOUNTS,
    st.sampled_from(["paid", "pending", "gone"]),
    st.one_of(
        st.none(),
        st.none(),
        st.none(),
        st.sampled_from(['stripe,"open', "a,b", '"x" y,,,,,', ",,,,,"]),
    ),
)
FILES = st.lists(st.lists(ROWS, max_size=6), min_size=1, max_size=4)


def as_csv(rows: list[dict[str, str]]) -> str:
    lines = [
        row.get("raw") or ",".join(f'"{v}"' if "," in v else v for v in row.values())
        for row in rows
    ]
    return "".join(line + "\n" for line in [",".join(PAYOUT), *lines])


def picture(landing: Landing) -> tuple[list[Any], list[Any]]:
    """What raw and the manifest say, without the names of files."""
    raw = sorted(tuple(map(str, row.values())) for row in landing.raw("gateway_payouts"))
    batches = sorted(
        tuple(str(v) for k, v in batch.items() if k not in ("file_name", "landed_at"))
        for batch in landing.batches()
    )
    return raw, batches


def fresh(folder: Path) -> Landing:
    shutil.rmtree(folder, ignore_errors=True)
    return Landing(Home(folder).create())


@settings(
    max_examples=examples(15),
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # Shrinking ingests takes minutes.
)
@given(files=FILES, seed=st.integers(0, 1000))
def test_conservation_and_order(files: list[list[dict[str, str]]], seed: int) -> None:
    contents = [as_csv(rows) for rows in files]
    with tempfile.TemporaryDirectory() as folder:
        first = fresh(Path(folder) / "first")
        for number, content in enumerate(contents):
            first.land(f"gateway_payouts/{number}.csv", content)
        result = first.ingest()
        for batch in first.batches():
            assert batch["rows_read"] == (
                batch["rows_loaded"] + batch["rows_redelivered"] + batch["rows_quarantined"]
            )
        rows = {content: len(rows) for content, rows in zip(contents, files, strict=True)}
        assert result.rows_read == sum(n for n in rows.values())
        assert result.quarantined == len(first.quarantine())
        assert result.loaded == len(first.raw("gateway_payouts"))
        hashes = [row["_row_hash"] for row in first.raw("gateway_payouts")]
        assert len(hashes) == len(set(hashes))

        second = fresh(Path(folder) / "second")
        random.Random(seed).shuffle(contents)
        for number, content in enumerate(contents):
            second.land(f"gateway_payouts/x/{number}.csv", content)
        second.ingest()
        assert picture(first) == picture(second)

        one_by_one = fresh(Path(folder) / "third")
        for number, content in enumerate(contents):
            one_by_one.land(f"gateway_payouts/{number}.csv", content)
            one_by_one.ingest()
        assert versions(one_by_one) == versions(first)


def test_nothing_new_writes_nothing(landing: Landing) -> None:
    landing.land("gateway_payouts/a.csv", csv_text([PAYOUT]))
    landing.ingest()
    stamps = {path: path.stat().st_mtime_ns for path in landing.home.root.rglob("*.parquet")}
    result = landing.ingest(AS_OF + timedelta(days=1))
    assert (result.new_batches, result.rows_read, result.run_sequence) == (0, 0, 1)
    after = {path: path.stat().st_mtime_ns for path in landing.home.root.rglob("*.parquet")}
    assert after == stamps


@pytest.mark.parametrize("moment", ["_stage", "_load", "_commit", "make_durable", "rename"])
def test_a_killed_ingest_leaves_nothing_behind(
    landing: Landing, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    class Killed(BaseException):
        """Like SIGKILL: nothing may be tidied up on the way out."""

    def die(*_: Any, **__: Any) -> None:
        raise Killed

    landing.land("gateway_payouts/a.csv", csv_text([PAYOUT, PAYOUT | {"amount": "x"}]))
    with monkeypatch.context() as patch:
        patch.setattr(store, "remove_scratch", lambda home: None)
        if moment == "make_durable":
            patch.setattr(store, "make_durable", die)
        elif moment == "rename":
            real = os.replace
            patch.setattr(os, "replace", lambda a, b: die() if "000001" in str(b) else real(a, b))
        else:
            patch.setattr(pipeline, moment, die)
        with pytest.raises(Killed):
            landing.ingest()
    assert landing.batches() == []

    result = landing.ingest()
    assert (result.run_sequence, result.loaded, result.quarantined) == (1, 1, 1)
    assert len(landing.raw("gateway_payouts")) == 1
    assert len(landing.quarantine()) == 1
    names = {path.name for path in landing.home.feed_raw("gateway_payouts").iterdir()}
    assert names == {"_empty.parquet", "000001.parquet"}
    assert list(store.scratch_folder(landing.home).glob("*.parquet")) == []


def test_orphans_of_a_killed_ingest_are_deleted(landing: Landing) -> None:
    landing.land("gateway_payouts/a.csv", csv_text([PAYOUT, PAYOUT | {"amount": "x"}]))
    landing.ingest()
    kept = sorted(landing.home.root.rglob("*.parquet"))
    for folder in (landing.home.feed_raw("gateway_payouts"), landing.home.quarantine,
                   landing.home.statements, landing.home.redelivered):  # fmt: skip
        (folder / "000002.parquet").write_bytes(b"half")
    (landing.home.manifest / "000002.parquet.tmp").write_bytes(b"half")
    landing.ingest()
    assert sorted(landing.home.root.rglob("*.parquet")) == kept
    assert not list(landing.home.manifest.glob("*.tmp"))


def test_every_family_has_its_empty_file(landing: Landing) -> None:
    landing.ingest()
    for feed in pipeline.load_contract({}).feeds.values():
        assert landing.raw(feed.name) == []
    assert landing.batches() == landing.quarantine() == landing.statements() == []
    assert landing.redelivered() == []


def test_an_empty_file_of_an_older_contract_is_renewed(landing: Landing) -> None:
    landing.ingest()
    (landing.home.root / "cache" / "schemas.sha256").write_text("of another contract")
    path = landing.home.feed_raw("gateway_payouts") / "_empty.parquet"
    landing.query(f"copy (select 1 as gateway where false) to '{path}' (format parquet)")
    landing.ingest()
    names = landing.query(f"describe select * from read_parquet('{path}')")
    assert [row["column_name"] for row in names][:2] == ["gateway", "payout_id"]


@pytest.mark.parametrize("value", ["gateway_payouts", "nope=UTC", "gateway_payouts=Mars/Base"])
def test_a_wrong_time_zone_setting_is_refused(landing: Landing, value: str) -> None:
    with pytest.raises(TieoutError, match="zone"):
        landing.ingest(TIEOUT_TIME_ZONES=value)


def test_a_small_memory_limit_suffices(landing: Landing) -> None:
    rows = [PAYOUT | {"payout_id": f"po_{number}"} for number in range(50_000)]
    landing.land("gateway_payouts/a.csv", csv_text(rows))
    assert landing.ingest(TIEOUT_MEMORY_LIMIT="200MB").loaded == 50_000


def test_the_run_sequence_can_be_given(landing: Landing) -> None:
    landing.land("gateway_payouts/a.csv", csv_text([PAYOUT]))
    result = pipeline.ingest(landing.home, AS_OF, 7, environment={})
    assert result.run_sequence == 7
    assert [path.name for path in landing.home.manifest.glob("0*")] == ["000007.parquet"]


MANY_SMALL_FILES: dict[str, str | bytes] = {
    "gateway_payouts/plain_1.csv": csv_text([PAYOUT]),
    "gateway_payouts/plain_2.csv": csv_text(
        [PAYOUT | {"payout_id": "po_2"}, PAYOUT, PAYOUT | {"payout_id": "po_3", "amount": "x"}]
    ),
    "gateway_payouts/plain_3.csv": csv_text([PAYOUT | {"payout_id": 'po "3", too'}]),
    "gateway_payouts/blank_lines.csv": csv_text([PAYOUT | {"payout_id": "po_4"}], end="\n\n"),
    "gateway_payouts/other_order.csv": csv_text(
        [dict(reversed((PAYOUT | {"payout_id": "po_5"}).items()))]
    ),
    "gateway_payouts/one_more.csv": csv_text([PAYOUT | {"payout_id": "po_6", "note": "n"}]),
    "gateway_payouts/header_alone.csv": ",".join(PAYOUT) + "\n",
    "gateway_payouts/lines_1.jsonl": json_lines([PAYOUT | {"payout_id": "po_7"}]),
    "gateway_payouts/lines_2.jsonl": json_lines(
        [PAYOUT | {"payout_id": "po_8"}, PAYOUT | {"payout_id": "po_9", "amount": "x"}]
    ),
    "gateway_payouts/lines_3.jsonl": json_lines([PAYOUT | {"payout_id": "po_10", "note": 1}]),
    "billing_invoices/a.csv": csv_text([INVOICE]),
    "billing_invoices/b.csv": csv_text([INVOICE | {"invoice_id": "in_2"}]),
}
HARMFUL: dict[str, str | bytes] = {
    "gateway_payouts/latin.csv": csv_text([PAYOUT | {"payout_id": "po_é"}]).encode("latin-1"),
    "gateway_payouts/no_amount.csv": csv_text([{k: v for k, v in PAYOUT.items() if k != "amount"}]),
    "gateway_payouts/empty.csv": "",
    "gateway_payouts/list.jsonl": "[]\n",
    "gateway_payouts/torn.jsonl": '{"payout_id": \n',
    "gateway_payouts/letter.csv": "one letter to whom it may concern\n",
}


@pytest.mark.parametrize("contents", [MANY_SMALL_FILES, MANY_SMALL_FILES | HARMFUL])
def test_small_files_read_together_are_read_as_each_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, contents: dict[str, str | bytes]
) -> None:
    homes = [Landing(Home(tmp_path / name).create()) for name in ("together", "alone")]
    for landing in homes:
        for place, content in contents.items():
            os.utime(landing.land(place, content), (1_700_000_000, 1_700_000_000))
    staged = []
    real = pipeline.tabular.stage
    monkeypatch.setattr(
        pipeline.tabular, "stage", lambda *a: (staged.append(len(a[3])), real(*a))[1]
    )
    homes[0].ingest()
    assert max(staged) > 1
    monkeypatch.setattr(pipeline.tabular, "SMALL_BYTES", -1)
    staged.clear()
    homes[1].ingest()
    assert set(staged) == {1}

    together, alone = homes
    assert together.batches() == alone.batches()
    assert together.quarantine() == alone.quarantine()
    for feed in ("gateway_payouts", "billing_invoices"):
        assert together.raw(feed) == alone.raw(feed)
    assert sum(batch["rows_loaded"] for batch in alone.batches()) == 10


def test_one_ingest_adds_one_file_to_a_feed(landing: Landing) -> None:
    for place, content in MANY_SMALL_FILES.items():
        landing.land(place, content)
    landing.ingest()
    assert sorted(
        path.relative_to(landing.home.root).as_posix()
        for path in landing.home.root.rglob("0*.parquet")
    ) == [
        "quarantine/000001.parquet",
        "raw/_manifest/000001.parquet",
        "raw/billing_invoices/000001.parquet",
        "raw/gateway_payouts/000001.parquet",
    ]


def test_the_files_of_many_ingests_become_one(
    landing: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "COMPACTED", 3)
    folder = landing.home.feed_raw("gateway_payouts")

    def land(number: int) -> None:
        rows = [PAYOUT | {"payout_id": f"po_{number}"}, PAYOUT | {"amount": f"x{number}"}]
        landing.land(f"gateway_payouts/{number}.csv", csv_text(rows))
        landing.ingest()

    for number in range(1, 8):
        land(number)
    assert sorted(path.name for path in folder.iterdir()) == [
        "000001-000003.parquet", "000004-000006.parquet", "000007.parquet", "_empty.parquet",
    ]  # fmt: skip
    assert sorted(path.name for path in landing.home.manifest.iterdir()) == [
        "000001-000003.parquet", "000004-000006.parquet", "000007.parquet", "_empty.parquet",
    ]  # fmt: skip
    rows = landing.raw("gateway_payouts")
    assert [row["payout_id"] for row in rows] == [f"po_{number}" for number in range(1, 8)]
    assert [row["_run_sequence"] for row in rows] == list(range(1, 8))
    assert [row["value"] for row in landing.quarantine()] == [f"x{n}" for n in range(1, 8)]

    # what is known is known from there, too
    landing.land("gateway_payouts/again.csv", csv_text([PAYOUT | {"payout_id": "po_2"}]))
    assert landing.ingest().redelivered == 1
    assert landing.raw("gateway_payouts") == rows


@pytest.mark.parametrize("doubled", ["raw", "manifest"])
def test_a_killed_compaction_doubles_nothing(
    landing: Landing, monkeypatch: pytest.MonkeyPatch, doubled: str
) -> None:
    monkeypatch.setattr(store, "COMPACTED", 3)
    for number in range(1, 3):
        landing.land(
            f"gateway_payouts/{number}.csv", csv_text([PAYOUT | {"payout_id": f"{number}"}])
        )
        landing.ingest()

    class Killed(BaseException):
        """Like SIGKILL: nothing may be tidied up on the way out."""

    real = store.copy_to_parquet

    def die_after(connection: Any, query: str, path: Path) -> None:
        real(connection, query, path)
        if (path.parent == landing.home.manifest) == (doubled == "manifest"):
            raise Killed

    landing.land("gateway_payouts/3.csv", csv_text([PAYOUT | {"payout_id": "3"}]))
    with monkeypatch.context() as patch:
        patch.setattr(store, "copy_to_parquet", die_after)
        with pytest.raises(Killed):
            landing.ingest()
    seen = (len(landing.raw("gateway_payouts")), len(landing.batches()))
    assert seen == ((6, 3) if doubled == "raw" else (3, 6))
    assert landing.ingest().new_batches == 0
    assert [row["payout_id"] for row in landing.raw("gateway_payouts")] == ["1", "2", "3"]
    assert [row["run_sequence"] for row in landing.batches()] == [1, 2, 3]
