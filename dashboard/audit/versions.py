"""New versions of rules beside the old ones, on the same matches."""

from __future__ import annotations

from html import escape

import streamlit as st

from dashboard import address, data, rules
from dashboard import components as ui
from dashboard import format as fmt
from dashboard.audit.sample import close_html

PAGE_ROWS = 25
WHICH = {
    "different": "Where they differ",
    "only_stable": "Only the old one closes",
    "only_canary": "Only the new one closes",
    "all": "All",
}


def versions() -> None:
    """New versions of rules beside the old ones, on the same matches."""
    found = data.query("audit_comparisons")
    if not found:
        ui.empty(
            "No rule is tried in a new version. Add a row of the rule with a higher version and a "
            "canary_share below 1 to seeds/match_rules.csv; every run then says here what both "
            "versions would close."
        )
        return
    for row in found:
        name = escape(rules.title(row))
        st.html(
            f'<p class="t-lead t-trial"><b>{name}</b>: version {escape(row["canary_version"])} on '
            f"{fmt.percent(row['canary_share'], 0)} of parties. "
            f"Of {fmt.count(row['compared_count'])} matches it closes "
            f"<b>{fmt.count(row['canary_count'])}</b>, "
            f"version {escape(row['stable_version'])} closes "
            f"<b>{fmt.count(row['stable_count'])}</b>: "
            f"{_compared(row, 'different', 'different_count')} differ "
            f"({_compared(row, 'only_canary', 'only_canary_count')} only the new one closes, "
            f"{_compared(row, 'only_stable', 'only_stable_count')} only the old one).</p>"
        )
    address.one("rule", None, "")
    address.one("which", list(WHICH), "different")
    rule = st.query_params.get("rule", "") or found[0]["rule_id"]
    chosen = next((row for row in found if row["rule_id"] == rule), found[0])
    which = st.segmented_control(
        "Matches", list(WHICH), format_func=WHICH.__getitem__, key="which", required=True
    )
    address.remember("which", which or "different", "different")
    page_key = ui.key("trial-page", chosen["rule_id"], which)
    rows = data.query(
        "audit_comparison_rows",
        rule=chosen["rule_id"],
        which=which or "different",
        limit=PAGE_ROWS,
        offset=(ui.chosen_page(page_key) - 1) * PAGE_ROWS,
    )
    ui.table(
        [
            ui.Column("Match", close_html, "w"),
            ui.money_column("Amount", "amount"),
            ui.money_column("Difference", "difference_amount"),
            ui.Column(
                f"Version {chosen['stable_version']}",
                lambda row: _closes(row["stable_closes"]),
                "n",
            ),
            ui.Column(
                f"Version {chosen['canary_version']}",
                lambda row: _closes(row["canary_closes"]),
                "n",
            ),
            ui.text_column("Decided by version", "decided_version"),
            ui.Column("Is now", lambda row: ui.status(row["decision"]), "n"),
        ],
        rows,
        "On no match do they differ.",
        f"{rules.title(chosen)}: certificates count for neither version.",
        name="trial",
    )
    ui.pages(rows[0]["row_count"] if rows else 0, PAGE_ROWS, page_key)


def _compared(row: ui.Row, which: str, field: str) -> str:
    target = ui.link("audit", show="versions", rule=row["rule_id"], which=which)
    return ui.anchor(fmt.count(row[field]), target if row[field] else None)


def _closes(closes: bool) -> str:
    return ui.badge("closes", "good") if closes else ui.badge("leaves it", "calm", "–")
