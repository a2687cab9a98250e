"""`tieout benchmark world FOLDER`: a company whose truth is known, made by another generator.

The folder holds `meta.json`, `truth/` and the files to land: all at once in `landing/`, or in waves
`waves/001/landing/` and so on, each with its moment in `meta.json`. Waves are reconciled one after
the other in one home, and all at once in a second one, for both must end equal but for when what
was decided. What a publication says is scored from the marts of the output contract alone.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import yaml

from orchestration.files import quoted
from orchestration.home import PROJECT_DIR, Home, TieoutError, iso_timestamp, parse_as_of

QUERIES = Path(__file__).resolve().parent / "sql"

# The tables of the truth with the columns that the score reads. A company without one has none of
# what it lists.
TRUTH = {
    "edges": "reconciliation varchar, expected_item_type varchar, expected_item_id varchar, "
    "actual_item_type varchar, actual_item_id varchar, case_class varchar, resolvable varchar",
    "items": "item_type varchar, item_id varchar, amount decimal(20, 4), case_id bigint, "
    "case_class varchar, detail varchar, item_date date",
    "unmatched": "reconciliation varchar, item_type varchar, item_id varchar, case_class varchar",
    "exchangeable": "item_type varchar, item_a varchar, item_b varchar",
    "duplicates": "duplicate_id varchar, original_id varchar",
}
REQUIRED_TRUTH = ("edges", "items")

# What is told of runs, and of what earlier decisions taught or cost, not of the company.
OF_RUNS = {
    "agg_executive_daily",
    "dim_learned_payers",
    "dim_rules",
    "fct_alerts",
    "fct_audit_blocks",
    "fct_audit_log",
    "fct_audit_sample",
    "fct_batches",
    "fct_error_budgets",
    "fct_record_trace",
    "fct_runs",
    "fct_sli",
}
# A home that saw more moments has more history: what was decided and taken back is not compared.
STANDING = {
    "fct_matches": "decision not in ('rejected', 'reversed')",
    "fct_match_allocations": """match_id in (
        select match_id from {home}.marts.fct_matches
        where decision not in ('rejected', 'reversed'))""",
    "fct_exceptions": "status <> 'resolved'",
    "fct_exception_items": """exception_id in (
        select exception_id from {home}.marts.fct_exceptions where status <> 'resolved')""",
    "fct_journal_entries": """reverses_posting_key is null and posting_key not in (
        select reverses_posting_key from {home}.marts.fct_journal_entries
        where reverses_posting_key is not null)""",
}
DATES_OF_DECISIONS = {
    "age_hours",
    "decided_at",
    "first_matched_at",
    "hours_to_match",
    "is_in_sla",
    "matched_at",
    "opened_at",
    "posted_at",
    "posting_date",
    "priority_score",
    "quarantined_at",
    "resolved_at",
    "run_id",
    "sla_due_at",
}


@dataclass(frozen=True)
class CaseClass:
    """The pairs of one class of cases in one reconciliation.

    A careful clerk is sure of `certain` pairs, of which `certain_closed` are closed. `in_review`
    are for a person, `shown` of them are closed or among the candidates. `right_pairs` and
    `wrong_pairs` are closed, the wrong ones in `false_closes` matches. Of the items that
    `must_stay` open, `taken` are in a wrong pair.
    """

    reconciliation: str
    name: str
    certain: int
    certain_closed: int
    in_review: int
    shown: int
    right_pairs: int
    wrong_pairs: int
    false_closes: int
    must_stay: int
    taken: int


@dataclass(frozen=True)
class Score:
    """One reconciliation of one home.

    `closes` live matches are spoken of by the truth, `false_closes` of them hold a wrong pair. A
    group is what pairs tie together, where it has more than one pair and all of them are certain:
    `groups_right` of `groups` are closed as they are, without an item more or less.
    """

    reconciliation: str
    closes: int
    false_closes: int
    groups: int
    groups_right: int
    classes: tuple[CaseClass, ...]

    def total(self, name: str) -> int:
        """The sum of one column over all classes."""
        return sum(getattr(case, name) for case in self.classes)

    @property
    def recall(self) -> float:
        return share(self.total("certain_closed"), self.total("certain"))

    @property
    def precision(self) -> float:
        right = self.total("right_pairs")
        return share(right, right + self.total("wrong_pairs"))

    @property
    def false_rate(self) -> float:
        return self.false_closes / max(1, self.closes)

    @property
    def false_rate_upper(self) -> float:
        return binomial_upper(self.false_closes, self.closes)

    @property
    def group_share(self) -> float:
        return share(self.groups_right, self.groups)

    @property
    def shown_share(self) -> float:
        return share(self.total("shown"), self.total("in_review"))


@dataclass(frozen=True)
class Difference:
    """How a mart differs between two homes: rows of one alone, and values by column."""

    mart: str
    only_in_waves: int
    only_at_once: int
    columns: dict[str, int]


@dataclass(frozen=True)
class Result:
    """The scores by home (`waves`, `at once`), and what differs between the two."""

    scores: dict[str, list[Score]]
    differences: list[Difference]


# The least and the most of a figure of a reconciliation, as `failures` asks for it.
LEAST = {
    ("invoice_to_receipt", "recall"): 0.97,
    ("invoice_to_receipt", "precision"): 0.9995,
    ("invoice_to_receipt", "group_share"): 0.95,
    ("invoice_to_receipt", "shown_share"): 0.95,
    ("bank_to_ledger", "recall"): 0.97,
    ("gateway_to_payout", "recall"): 0.99,
    ("payout_to_bank", "recall"): 0.99,
}
MOST = {
    ("invoice_to_receipt", "false_rate"): 0.0003,
    ("bank_to_ledger", "false_rate"): 0.0,
}


def run(folder: Path) -> Result:
    """Reconcile the company of a folder in temporary homes, and score what they publish.

    Raises:
        TieoutError: when the folder does not hold a company, or a run fails.
    """
    meta = read_meta(folder)
    plans = {"at once": [(landings(folder), parse_as_of(meta["as_of"]))]}
    if waves := meta.get("waves"):
        plans["waves"] = [
            ([folder / "waves" / f"{wave['wave']:03d}" / "landing"], parse_as_of(wave["as_of"]))
            for wave in waves
        ]
    with TemporaryDirectory(prefix="tieout-benchmark-") as scratch:
        publications = {}
        for place, (name, plan) in enumerate(plans.items()):
            home = Home(Path(scratch) / str(place)).create()
            for sources, as_of in plan:
                for source in sources:
                    # waves may hold files of the same name
                    for feed in source.iterdir():
                        shutil.copytree(feed, home.landing / feed.name / source.parent.name)
                _reconcile(home, as_of, meta.get("reporting_currency", "EUR"))
            publications[name] = home.serving.resolve()
        return Result(
            {name: score(folder, path) for name, path in sorted(publications.items())},
            differences(publications["waves"], publications["at once"]) if waves else [],
        )


def read_meta(folder: Path) -> dict[str, Any]:
    """What `meta.json` says.

    Raises:
        TieoutError: when the folder does not hold a company with its truth.
    """
    wanted = [folder / "meta.json"] + [folder / "truth" / f"{t}.parquet" for t in REQUIRED_TRUTH]
    missing = [path.relative_to(folder).as_posix() for path in wanted if not path.is_file()]
    if not missing and not landings(folder):
        missing = ["landing/ or waves/001/landing/"]
    if missing:
        raise TieoutError(
            f"{folder} does not hold {', '.join(missing)}. Name a folder with a company and its "
            "truth: `tieout benchmark world FOLDER`."
        )
    found: dict[str, Any] = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    return found


def landings(folder: Path) -> list[Path]:
    """The folders to land, in order."""
    whole = folder / "landing"
    return [whole] if whole.is_dir() else sorted(folder.glob("waves/*/landing"))


def score(folder: Path, publication: Path) -> list[Score]:
    """Hold a publication against the truth of a folder, by reconciliation."""
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"attach {quoted(str(publication))} as published (read_only)")
        connection.execute("create schema truth")
        for name, columns in TRUTH.items():
            path = folder / "truth" / f"{name}.parquet"
            connection.execute(
                f"create view truth.{name} as from {quoted(str(path))}"
                if path.is_file()
                else f"create table truth.{name} ({columns})"
            )
        connection.execute(_query("world_pairs"))
        classes = [
            CaseClass(*row) for row in connection.execute(_query("world_classes")).fetchall()
        ]
        closes = connection.execute(_query("world_closes")).fetchall()
        edges = connection.execute(_query("world_edges")).fetchall()
    scores = []
    for reconciliation, made, false in closes:
        groups, right = count_groups(
            (is_true, expected, actual, is_certain)
            for of, is_true, expected, actual, is_certain in edges
            if of == reconciliation
        )
        scores.append(
            Score(
                reconciliation,
                made,
                false,
                groups,
                right,
                tuple(case for case in classes if case.reconciliation == reconciliation),
            )
        )
    return scores


def count_groups(edges: Iterable[tuple[bool, str, str, bool]]) -> tuple[int, int]:
    """Groups of the truth with more than one pair, all certain, and how many of them are closed so.

    Args:
        edges: whether the pair is of the truth (else it is closed), its two items, and whether it
            is certain.
    """
    true_edges, closed_edges = _Ties(), _Ties()
    certain: list[tuple[str, bool]] = []
    for is_true, expected, actual, is_certain in edges:
        (true_edges if is_true else closed_edges).tie(expected, actual)
        if is_true:
            certain.append((expected, is_certain))
    pairs: dict[str, list[bool]] = defaultdict(list)
    for item, is_certain in certain:
        pairs[true_edges.head(item)].append(is_certain)
    members, closed_members = true_edges.groups(), closed_edges.groups()
    asked = [head for head, known in pairs.items() if len(known) > 1 and all(known)]
    right = [head for head in asked if closed_members.get(closed_edges.head(head)) == members[head]]
    return len(asked), len(right)


class _Ties:
    """Items tied together, as a forest with one head a group."""

    def __init__(self) -> None:
        self._above: dict[str, str] = {}

    def head(self, item: str) -> str:
        above = self._above.get(item, item)
        while above != item:
            item, above = above, self._above.get(above, above)
        return item

    def tie(self, one: str, other: str) -> None:
        for item in (one, other):
            self._above.setdefault(item, item)
        self._above[self.head(one)] = self.head(other)

    def groups(self) -> dict[str, frozenset[str]]:
        """The items of each group by its head."""
        found: dict[str, set[str]] = defaultdict(set)
        for item in self._above:
            found[self.head(item)].add(item)
        return {head: frozenset(items) for head, items in found.items()}


def differences(waves: Path, at_once: Path) -> list[Difference]:
    """What differs between the marts of two publications, but for the dates of decisions.

    Rows are told apart by the key of their mart, else whole.
    """
    found = []
    with duckdb.connect() as connection:
        for name, path in (("waves", waves), ("at_once", at_once)):
            connection.execute(f"attach {quoted(str(path))} as {name} (read_only)")
        columns_of: dict[str, list[str]] = defaultdict(list)
        for mart, column in connection.execute(
            "select table_name, column_name from information_schema.columns "
            "where table_catalog = 'waves' and table_schema = 'marts' "
            "order by table_name, ordinal_position"
        ).fetchall():
            if mart not in OF_RUNS and column not in DATES_OF_DECISIONS:
                columns_of[mart].append(column)
        for mart, columns in columns_of.items():
            key = _key(mart) or columns
            others = [column for column in columns if column not in key]
            same = " and ".join(
                f"one.{column} is not distinct from other.{column}" for column in key
            )
            counts = ", ".join(
                [
                    "count(*) filter (other.in_home is null)",
                    "count(*) filter (one.in_home is null)",
                    *(
                        f"count(*) filter (one.in_home and other.in_home "
                        f"and one.{column} is distinct from other.{column})"
                        for column in others
                    ),
                ]
            )
            one, other = (
                f"(select *, row_number() over (partition by {', '.join(key)}) as copy, "
                f"true as in_home from {home}.marts.{mart} "
                f"where {STANDING.get(mart, 'true').format(home=home)})"
                for home in ("waves", "at_once")
            )
            row = connection.execute(
                f"select {counts} from {one} as one full join {other} as other "
                f"on {same} and one.copy = other.copy"
            ).fetchone()
            assert row is not None
            changed = {column: n for column, n in zip(others, row[2:], strict=True) if n}
            if row[0] or row[1] or changed:
                found.append(Difference(mart, row[0], row[1], changed))
    return found


def failures(result: Result) -> list[str]:
    """What misses its target, one line each; nothing when all are met."""
    missed = []
    for home, scores in result.scores.items():
        for found in scores:
            for bound, least in ((LEAST, True), (MOST, False)):
                for (reconciliation, figure), target in bound.items():
                    value = getattr(found, figure)
                    if reconciliation == found.reconciliation and (
                        value < target if least else value > target
                    ):
                        missed.append(
                            f"{home}: {figure} of {reconciliation} is {value:.6f}, "
                            f"wanted {'at least' if least else 'at most'} {target}"
                        )
            if taken := found.total("taken"):
                missed.append(f"{home}: {taken} items of {found.reconciliation} must stay open")
    missed.extend(f"waves and at once differ in {found.mart}" for found in result.differences)
    return missed


def table(result: Result) -> str:
    """The scores and the differences as text."""
    lines: list[str] = []
    for home, scores in result.scores.items():
        for found in scores:
            lines.extend([*_table_of(home, found), ""])
    if len(result.scores) > 1:
        lines.extend(_table_of_differences(result.differences))
    return "\n".join(lines) + "\n"


def _table_of(home: str, found: Score) -> list[str]:
    return [
        f"{found.reconciliation} ({home}): recall of certain pairs {found.recall:.6f}, "
        f"precision {found.precision:.6f}",
        f"  {found.false_closes} of {found.closes:,} closes false ({found.false_rate:.6f}, 95 % "
        f"upper bound {found.false_rate_upper:.6f}); groups right {found.groups_right:,} of "
        f"{found.groups:,} ({found.group_share:.6f})",
        f"  review: the true match is shown for {found.total('shown'):,} of "
        f"{found.total('in_review'):,} pairs ({found.shown_share:.6f}); must stay open: "
        f"{found.total('taken')} of {found.total('must_stay'):,} wrongly matched",
        f"  {'':28}{'certain':>9}{'closed':>8}{'lost':>6}{'review':>8}{'shown':>7}{'wrong':>7}"
        f"{'false':>7}{'alone':>7}{'taken':>7}",
        *(
            f"  {case.name:28}{case.certain:>9,}{case.certain_closed:>8,}"
            f"{case.certain - case.certain_closed:>6,}{case.in_review:>8,}{case.shown:>7,}"
            f"{case.wrong_pairs:>7,}{case.false_closes:>7,}{case.must_stay:>7,}{case.taken:>7,}"
            for case in found.classes
        ),
    ]


def _table_of_differences(found: Sequence[Difference]) -> list[str]:
    if not found:
        return ["Waves and all at once end equal, but for the dates of decisions."]
    return [
        "Waves and all at once differ, beyond the dates of decisions:",
        f"  {'mart':28}{'only waves':>12}{'only at once':>14}  values that differ",
        *(
            f"  {one.mart:28}{one.only_in_waves:>12,}{one.only_at_once:>14,}  "
            + ", ".join(f"{column} {n:,}" for column, n in one.columns.items())
            for one in found
        ),
    ]


def share(part: int, whole: int) -> float:
    """`part / whole`; of nothing, all is right."""
    return part / whole if whole else 1.0


def binomial_upper(successes: int, trials: int, confidence: float = 0.95) -> float:
    """The upper end of the exact two-sided interval of a proportion (Clopper and Pearson, 1934)."""
    if successes >= trials:
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        at_most = math.fsum(
            math.exp(
                math.lgamma(trials + 1)
                - math.lgamma(k + 1)
                - math.lgamma(trials - k + 1)
                + k * math.log(middle)
                + (trials - k) * math.log1p(-middle)
            )
            for k in range(successes + 1)
        )
        low, high = (middle, high) if at_most > (1 - confidence) / 2 else (low, middle)
    return high


def _key(mart: str) -> list[str]:
    """The primary key that the mart's YAML declares; empty where it declares none."""
    for path in (PROJECT_DIR / "models" / "marts").glob(f"*/{mart}.yml"):
        [model] = yaml.safe_load(path.read_text(encoding="utf-8"))["models"]
        for test in model.get("data_tests", []):
            if isinstance(test, dict) and "well_formed" in test:
                return list(test["well_formed"]["arguments"].get("key", []))
    return []


def _query(name: str) -> str:
    return (QUERIES / f"{name}.sql").read_text(encoding="utf-8")


def _reconcile(home: Home, as_of: datetime, reporting_currency: str) -> None:
    """One run, as a process of its own, for a run takes its moment from its environment."""
    done = subprocess.run(
        [sys.executable, "-m", "orchestration.cli", "run"],
        cwd=PROJECT_DIR,
        env={
            **os.environ,
            "TIEOUT_HOME": str(home.root),
            "TIEOUT_AS_OF": iso_timestamp(as_of),
            "TIEOUT_REPORTING_CURRENCY": reporting_currency,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise TieoutError(
            f"The run of {as_of:%d %B %Y} failed:\n{done.stdout[-3000:]}{done.stderr[-2000:]}"
        )
