"""How `tieout benchmark world` counts: a few pairs by hand, in a publication made for it."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from orchestration.benchmarks import world
from orchestration.benchmarks.world import CaseClass, Difference, Result, Score
from orchestration.cli import main
from orchestration.home import PROJECT_DIR, TieoutError

EVALUATION = PROJECT_DIR.parent / "shared" / "evaluation"

# name, case class, what a clerk makes of it, document, payment
EDGES = [
    ("plain", "auto", "inv-plain", "pay-plain"),
    ("lump", "auto", "inv-lump-1", "pay-lump"),
    ("lump", "auto", "inv-lump-2", "pay-lump"),
    ("lump", "auto", "inv-lump-3", "pay-lump-short"),
    ("lump", "auto", "inv-lump-4", "pay-lump-short"),
    ("lost", "auto", "inv-lost", "pay-lost"),
    ("swapped", "auto", "inv-swapped", "pay-swapped"),
    ("renamed", "auto", "inv-renamed", "acc/first"),
    ("asked", "review", "inv-asked", "pay-asked"),
    ("asked", "review", "inv-asked-other", "pay-asked-other"),
    ("asked", "review", "inv-unseen", "pay-unseen"),
    ("maybe", "optional", "inv-maybe", "pay-maybe"),
    ("twice", "auto", "inv-twice", "pay-twice"),
]
ALONE = ["pay-swapped-again", "pay-twice-again", "pay-stranger", "pay-quiet"]
TWINS = [("pay-swapped", "pay-swapped-again"), ("pay-twice", "pay-twice-again")]
# match -> decision, documents, payments
MATCHES = {
    "plain": ("auto_closed", ["inv-plain"], ["pay-plain"]),
    "lump": ("approved", ["inv-lump-1", "inv-lump-2"], ["pay-lump"]),
    "lump, one of two": ("auto_closed", ["inv-lump-3"], ["pay-lump-short"]),
    "another's": ("auto_closed", ["inv-lump-4"], ["pay-lost"]),
    "its twin instead": ("auto_closed", ["inv-swapped"], ["pay-swapped-again"]),
    "a made-up id": ("auto_closed", ["inv-renamed"], ["acc/h0123456789abcdef-1"]),
    "a suggestion": ("suggested", ["inv-asked"], ["pay-asked"]),
    "undone": ("reversed", ["inv-unseen"], ["pay-unseen"]),
    "optional": ("auto_closed", ["inv-maybe"], ["pay-maybe"]),
    "both twins": ("auto_closed", ["inv-twice"], ["pay-twice", "pay-twice-again"]),
    "a stranger's": ("auto_closed", ["inv-free"], ["pay-stranger"]),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A company's truth, and beside it a publication `publication.duckdb`."""
    (tmp_path / "truth").mkdir()
    (tmp_path / "landing").mkdir()
    (tmp_path / "meta.json").write_text(json.dumps({"as_of": "2025-06-30T23:59:59Z"}))
    with duckdb.connect(str(tmp_path / "publication.duckdb")) as connection:
        for table, columns in world.TRUTH.items():
            connection.execute(f"create temp table {table} ({columns})")
        connection.execute("""
create schema marts;
create table marts.fct_items (reconciliation varchar, side varchar, item_type varchar,
    item_id varchar, event_date date, amount decimal(18, 2), set_aside_reason varchar);
create table marts.fct_receipts (item_type varchar, item_id varchar, received_at timestamp,
    amount decimal(18, 2));
create table marts.fct_matches (match_id varchar, reconciliation varchar, decision varchar);
create table marts.fct_match_allocations (match_id varchar, side varchar, item_type varchar,
    item_id varchar);
create table marts.fct_match_candidates (item_type varchar, item_id varchar, match_id varchar,
    other_item_type varchar, other_item_id varchar);
insert into marts.fct_items values ('invoice_to_receipt', 'actual', 'bank_transaction',
    'acc/h0123456789abcdef-1', '2025-05-05', 70, null), ('invoice_to_receipt', 'actual',
    'bank_transaction', 'acc/h0000000000000000-1', '2025-05-05', 70, 'suspected_copy');
insert into marts.fct_match_candidates values
    ('invoice', 'inv-asked-other', null, 'bank_transaction', 'pay-asked-other');
""")
        for match, (decision, documents, payments) in MATCHES.items():
            connection.execute(
                "insert into marts.fct_matches values (?, 'invoice_to_receipt', ?)",
                [match, decision],
            )
            for side, kind, items in (
                ("expected", "invoice", documents),
                ("actual", "bank_transaction", payments),
            ):
                for item in items:
                    connection.execute(
                        "insert into marts.fct_match_allocations values (?, ?, ?, ?)",
                        [match, side, kind, item],
                    )
        # the cases count from 1; what is alone belongs to none
        cases = {name: place for place, (name, *_) in enumerate(EDGES, start=1)}
        for name, resolvable, document, payment in EDGES:
            connection.execute(
                "insert into edges values ('invoice_to_receipt', 'invoice', ?, "
                "'bank_transaction', ?, ?, ?)",
                [document, payment, name, resolvable],
            )
            for kind, item in (("invoice", document), ("bank_transaction", payment)):
                connection.execute(
                    "insert into items values (?, ?, 70, ?, ?, null, '2025-05-05')",
                    [kind, item, cases[name], name],
                )
        for item in ALONE:
            connection.execute(
                "insert into unmatched values ('invoice_to_receipt', 'bank_transaction', ?, ?)",
                [item, "alone"],
            )
        for one, other in TWINS:
            connection.execute(
                "insert into exchangeable values ('bank_transaction', ?, ?)", [one, other]
            )
        connection.execute("create or replace temp table items as select distinct * from items")
        for table in world.TRUTH:
            if table != "duplicates":  # a company without any has no such file
                connection.execute(f"copy {table} to '{tmp_path / 'truth' / table}.parquet'")
    return tmp_path


@pytest.fixture
def scored(folder: Path) -> Score:
    [found] = world.score(folder, folder / "publication.duckdb")
    return found


def classes(scored: Score, *columns: str) -> dict[str, tuple[int, ...]]:
    return {
        case.name: found
        for case in scored.classes
        if any(found := tuple(getattr(case, column) for column in columns))
    }


def test_certain_pairs_count_when_they_are_closed(scored: Score) -> None:
    """The twin that the truth left over stands for the other; a made-up id is led back to it."""
    assert classes(scored, "certain", "certain_closed") == {
        "plain": (1, 1),
        "lump": (4, 3),
        "lost": (1, 0),
        "swapped": (1, 1),
        "renamed": (1, 1),
        "twice": (1, 1),
    }
    assert scored.recall == pytest.approx(7 / 9)


def test_one_wrong_pair_makes_a_match_false(scored: Score) -> None:
    """Optional pairs neither count nor hurt; taking both twins is wrong, taking either is not."""
    assert classes(scored, "wrong_pairs", "false_closes") == {
        "lost": (1, 1),
        "twice": (1, 1),
        "(unrelated)": (1, 1),
    }
    assert (scored.closes, scored.false_closes) == (9, 3)
    assert scored.precision == pytest.approx(7 / 10)


def test_what_must_stay_open_is_counted_once(scored: Score) -> None:
    assert classes(scored, "must_stay", "taken") == {"alone": (4, 2)}


def test_a_person_is_shown_suggestions_and_single_candidates(scored: Score) -> None:
    """Of three pairs: one suggested, one named from the document's side, one taken back."""
    assert classes(scored, "in_review", "shown") == {"asked": (3, 2)}


def test_groups_are_right_when_nothing_is_added_or_missing(scored: Score) -> None:
    assert (scored.groups, scored.groups_right) == (2, 1)


def test_groups_by_hand() -> None:
    certain = [(True, "a", "p", True), (True, "b", "p", True)]
    assert world.count_groups([*certain, (False, "a", "p", False)]) == (1, 0)
    assert world.count_groups([*certain, *((False, x, "p", False) for x in "ab")]) == (1, 1)
    assert world.count_groups([*certain, *((False, x, "p", False) for x in "abc")]) == (1, 0)
    assert world.count_groups([*certain, (True, "c", "p", False)]) == (0, 0)
    assert world.count_groups([(True, "a", "p", True)]) == (0, 0)


@pytest.mark.parametrize(
    ("successes", "trials", "upper"),
    [
        (0, 100, 1 - 0.025 ** (1 / 100)),
        (1, 10, 0.4450161),
        (77, 13956, 0.0068901),
        (5, 5, 1.0),
        (0, 0, 1.0),
    ],
)
def test_the_upper_bound_is_exact(successes: int, trials: int, upper: float) -> None:
    assert world.binomial_upper(successes, trials) == pytest.approx(upper, abs=1e-6)


@pytest.fixture
def two_homes(tmp_path: Path) -> tuple[Path, Path]:
    paths = tmp_path / "waves.duckdb", tmp_path / "at_once.duckdb"
    for path, decided, history in zip(paths, ("05-01", "06-30"), (True, False), strict=True):
        with duckdb.connect(str(path)) as connection:
            connection.execute(f"""
create schema marts;
create table marts.fct_matches as
    select 'm-1' as match_id, 'auto_closed' as decision, date '2025-{decided}' as decided_at;
create table marts.fct_items as
    select 'invoice_to_receipt' as reconciliation, 'invoice' as item_type, 'i-1' as item_id,
        5.00 as open_amount;
create table marts.fct_runs as select '{decided}' as run_id;
""")
            if history:
                connection.execute(
                    "insert into marts.fct_matches values ('m-0', 'reversed', '2025-04-01')"
                )
    return paths


def test_dates_of_decisions_and_history_are_no_difference(two_homes: tuple[Path, Path]) -> None:
    assert world.differences(*two_homes) == []


@pytest.mark.parametrize(
    ("statement", "difference"),
    [
        (
            "update marts.fct_items set open_amount = open_amount + 0.01",
            Difference("fct_items", 0, 0, {"open_amount": 1}),
        ),
        (
            "update marts.fct_matches set decision = null where match_id = 'm-1'",
            Difference("fct_matches", 0, 1, {}),
        ),
        ("delete from marts.fct_items", Difference("fct_items", 0, 1, {})),
        (
            "insert into marts.fct_matches values ('m-2', 'suggested', null)",
            Difference("fct_matches", 1, 0, {}),
        ),
    ],
)
def test_any_other_difference_is_told(
    two_homes: tuple[Path, Path], statement: str, difference: Difference
) -> None:
    with duckdb.connect(str(two_homes[0])) as connection:
        connection.execute(statement)
    assert world.differences(*two_homes) == [difference]


def score_of(reconciliation: str, certain_closed: int, **other: int) -> Score:
    counts = {
        "in_review": 0, "shown": 0, "right_pairs": 100, "wrong_pairs": 0, "false_closes": 0,
        "must_stay": 1, "taken": 0,
    } | other  # fmt: skip
    return Score(
        reconciliation,
        100,
        counts["false_closes"],
        0,
        0,
        (CaseClass(reconciliation, "plain", 100, certain_closed, **counts),),
    )


def test_a_missed_target_is_named() -> None:
    good = score_of("invoice_to_receipt", 97)
    assert world.failures(Result({"at once": [good]}, [])) == []
    bad = [
        score_of("invoice_to_receipt", 96, taken=1),
        score_of("bank_to_ledger", 98, false_closes=1),
    ]
    missed = world.failures(Result({"at once": bad}, [Difference("fct_items", 1, 0, {})]))
    assert len(missed) == 4
    assert "recall of invoice_to_receipt is 0.960000, wanted at least 0.97" in missed[0]
    assert "1 items of invoice_to_receipt must stay open" in missed[1]
    assert "false_rate of bank_to_ledger" in missed[2]
    assert "fct_items" in missed[3]


def test_the_table_says_it_by_class(folder: Path, scored: Score) -> None:
    told = world.table(Result({"at once": [scored]}, []))
    assert "3 of 9 closes false" in told and "groups right 1 of 2" in told
    assert "lump " in told and "differ" not in told
    both = {"at once": [scored], "waves": [scored]}
    assert "end equal" in world.table(Result(both, []))
    differing = world.table(Result(both, [Difference("fct_items", 1, 0, {"status": 4})]))
    assert "fct_items" in differing and "status 4" in differing


def test_a_folder_without_a_company_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(TieoutError, match=r"meta\.json, truth/edges\.parquet"):
        world.run(tmp_path)
    assert main(["benchmark", "world"]) == 1
    assert "benchmark world FOLDER" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.thorough
@pytest.mark.parametrize("name", ["world_a", "world_b"])
def test_companies_of_another_generator_meet_their_targets(name: str) -> None:
    if not (EVALUATION / name).is_dir():
        pytest.skip(f"the company {name} (../shared/evaluation) is not here")
    assert world.failures(world.run(EVALUATION / name)) == []
