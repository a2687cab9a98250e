"""Splink 5 on the same payments, where it is installed (`pip install 'tieout[benchmark]'`).

Tuned by hand for this data: blocking like ours, levels of amount, days and memo as fine as ours,
the memo's term frequencies, weights learned by expectation-maximisation, and best links one to one.
What it has no means for is left out: the words that two memos do not share.
"""

from __future__ import annotations

import importlib.util
import time
import warnings
from collections.abc import Iterator

THRESHOLDS = {"automatic tier": 0.97, "all links": 0.0002}
"""Least probability of each tier, chosen with a look at the truth, in Splink's favour."""

_BLOCKS = (
    "substr(l.memo, 1, 3) = substr(r.memo, 1, 3) and l.amount_step = r.amount_step",
    "substr(l.memo, 1, 3) = substr(r.memo, 1, 3) and l.amount_step + 1 = r.amount_step",
    "substr(l.memo, 1, 3) = substr(r.memo, 1, 3) and l.amount_step - 1 = r.amount_step",
    "l.amount = r.amount and substr(l.memo, 1, 1) = substr(r.memo, 1, 1)",
)
_WINDOW = " and r.transaction_date - l.transaction_date between -5 and 30"


def is_installed() -> bool:
    """Whether Splink can be imported."""
    return importlib.util.find_spec("splink") is not None


def link(origin: str, destination: str) -> Iterator[tuple[str, int, int, int, float | None]]:
    """Name, links, right ones, true ones and seconds of each tier.

    Args:
        origin: query of what leaves: unique_id, ground_truth, memo, transaction_date, amount.
        destination: the same of what arrives.
    """
    if not is_installed():
        yield "Splink 5: not installed (extra `benchmark`)", 0, 0, 0, None
        return
    import duckdb
    from splink import Linker, SettingsCreator
    from splink import comparison_level_library as levels
    from splink import comparison_library as comparisons
    from splink.backends.duckdb import DuckDBAPI

    warnings.filterwarnings("ignore", module="splink")
    connection = duckdb.connect()
    columns = (
        "*, substr(memo, 1, 7) as memo_start, "
        "cast(floor(ln(amount) / ln(1.15)) as bigint) as amount_step"
    )
    connection.execute(f"create table origin as select {columns} from ({origin})")
    connection.execute(f"create table destination as select {columns} from ({destination})")
    started = time.monotonic()
    amount = comparisons.CustomComparison(
        output_column_name="amount",
        comparison_levels=[
            levels.NullLevel("amount"),
            levels.ExactMatchLevel("amount"),
            *(
                levels.PercentageDifferenceLevel("amount", at)
                for at in (0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 0.1)
            ),
            levels.ElseLevel(),
        ],
    )
    days = comparisons.CustomComparison(
        output_column_name="transaction_date",
        comparison_levels=[
            levels.NullLevel("transaction_date"),
            *(
                levels.CustomLevel(
                    f"transaction_date_r - transaction_date_l between {first} and {last}",
                    label_for_charts=f"{first} to {last} days",
                )
                for first, last in ((1, 2), (3, 6), (7, 21))
            ),
            levels.ElseLevel(),
        ],
    )
    memo = comparisons.CustomComparison(
        output_column_name="memo",
        comparison_levels=[
            levels.NullLevel("memo"),
            levels.ExactMatchLevel("memo", term_frequency_adjustments=True),
            *(
                levels.CustomLevel(
                    f"substr(memo_l, 1, {length}) = substr(memo_r, 1, {length}) "
                    f"and length(memo_l) >= {length} and length(memo_r) >= {length}",
                    label_for_charts=f"first {length} equal",
                )
                for length in (15, 12, 10, 8)
            ),
            levels.CustomLevel("starts_with(memo_l, memo_r) or starts_with(memo_r, memo_l)"),
            levels.ExactMatchLevel("memo_start", term_frequency_adjustments=True),
            *(
                levels.CustomLevel(f"substr(memo_l, 1, {length}) = substr(memo_r, 1, {length})")
                for length in (6, 5, 4, 3)
            ),
            levels.ElseLevel(),
        ],
    )
    [(total,)] = connection.execute("select count(*) from origin").fetchall()
    settings = SettingsCreator(
        link_type="link_only",
        probability_two_random_records_match=1 / max(int(total), 1),
        blocking_rules_to_generate_predictions=[rule + _WINDOW for rule in _BLOCKS],
        comparisons=[amount, days, memo],
        additional_columns_to_retain=["ground_truth"],
        retain_intermediate_calculation_columns=False,
    )
    database = DuckDBAPI(connection)
    linker = Linker(
        [
            database.register("origin", dataset_display_name="a_origin"),
            database.register("destination", dataset_display_name="b_destination"),
        ],
        settings,
        log_level="ERROR",
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=2e6, seed=1)
    # each rule fixes what it blocks on, so that the other comparisons learn
    linker.training.estimate_parameters_using_expectation_maximisation("l.memo = r.memo" + _WINDOW)
    linker.training.estimate_parameters_using_expectation_maximisation(
        "l.amount = r.amount" + _WINDOW
    )
    predictions = linker.inference.predict(threshold_match_probability=0.0001)
    links = predictions.physical_name
    connection.execute(
        f"""
        create table best as
        select ground_truth_l, ground_truth_r, match_probability
        from (
            select *,
                row_number() over (
                    partition by unique_id_l
                    order by match_weight desc, unique_id_r
                ) as rank_l,
                row_number() over (
                    partition by unique_id_r
                    order by match_weight desc, unique_id_l
                ) as rank_r
            from {links}
        )
        where rank_l = 1 and rank_r = 1
        """
    )
    seconds = time.monotonic() - started
    for tier, threshold in THRESHOLDS.items():
        [(found, right)] = connection.execute(
            """
            select count(*), count(*) filter (ground_truth_l = ground_truth_r)
            from best where match_probability >= ?
            """,
            [threshold],
        ).fetchall()
        yield f"Splink 5, best of both: {tier}", found, right, int(total), seconds
