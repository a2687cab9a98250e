"""Matches: what was closed without a person, by which rule, and one match as a balanced account."""

from __future__ import annotations

from functools import partial
from html import escape
from typing import Any

import streamlit as st

from dashboard import access, address, data, deciding, match_account, rules
from dashboard import components as ui
from dashboard import format as fmt
from orchestration.review.actions import Action, Intent

PAGE_ROWS = 50
DOWNLOAD_ROWS = 1_000_000
DECISIONS = {
    "": "Any decision",
    "auto_closed": "Closed by a rule",
    "approved": "Approved by a person",
    "waiting": "Waits for a person",
    "reversed": "Undone",
    "rejected": "Rejected",
}
SORTS = {"newest": "Newest first", "amount": "Largest amount"}
# all filters of the list; any of them in the address opens it
FILTERS = (
    "rule", "version", "reconciliation", "decision", "currency", "customer", "run",
    "from_day", "to_day", "least", "most",
)  # fmt: skip
CSV_COLUMNS = (
    "match_id", "reconciliation", "rule_id", "rule_version", "method", "decision", "confidence",
    "customer_id", "customer", "currency", "amount", "difference_amount", "item_count",
    "decided_at", "decided_by", "explanation",
)  # fmt: skip
CSV_CURRENCY = {"amount": "currency", "difference_amount": "currency"}


def overview(reporting_currency: str) -> None:
    """How much rules closed alone, how much of it was looked at, and by which rule."""
    row = data.query_one("matches_summary")
    judged, sampled = row["judged_count"], row["sampled_count"]
    troubled = row["stopped_count"] + row["lost_count"]
    verdict = (
        f"<b>{fmt.counted(row['closed_count'], 'match')}</b>".replace("matchs", "matches")
        + f" closed by rules alone, worth {ui.money(row['base_amount'], reporting_currency)}. "
    )
    if row["false_count"]:
        verdict += f"Of {fmt.count(judged)} judged, <b>{fmt.count(row['false_count'])} false</b>."
    elif judged:
        verdict += f"Of {fmt.count(judged)} judged, none was false."
    else:
        verdict += "Nobody has judged any of the sample yet."
    st.html(f'<p class="t-lead" id="matches-verdict">{verdict}</p>')
    ui.cards(
        [
            ui.Card(
                "Closed by rules",
                fmt.count(row["closed_count"]),
                f"{fmt.count(row['approved_count'])} more approved by people",
                target=ui.link("matches", decision="auto_closed"),
                link_text="Show them",
                name="card-closed",
            ),
            ui.Card(
                "Found false",
                f"{fmt.count(row['false_count'])} of {fmt.count(judged)} judged",
                f"{fmt.count(sampled - judged)} of {fmt.count(sampled)} in the sample still to "
                "judge",
                "bad" if row["false_count"] else "watch" if judged < sampled else "good",
                target=ui.link("audit", show="sample"),
                link_text="The audit sample",
                name="card-false",
            ),
            ui.Card(
                "Rules that may not close",
                fmt.count(troubled),
                f"{fmt.count(row['lost_count'])} lost the certificate, "
                f"{fmt.count(row['stopped_count'])} stopped",
                "bad" if troubled else "good",
                name="card-rules",
            ),
            ui.Card(
                "Wait for a person",
                fmt.count(row["waiting_count"]),
                "found, and not sure enough to close",
                "watch" if row["waiting_count"] else "good",
                target=ui.link("matches", decision="waiting"),
                link_text="Show them",
                name="card-waiting",
            ),
            ui.Card(
                "Undone",
                fmt.count(row["reversed_count"]),
                "closed once, taken back since",
                "watch" if row["reversed_count"] else "good",
                target=ui.link("matches", decision="reversed"),
                link_text="Show them",
                name="card-undone",
            ),
        ]
    )
    by_rule(reporting_currency)


def by_rule(reporting_currency: str) -> None:
    """One table a reconciliation: its rules, what each closed, and whether it still may."""

    def count(field: str, decision: str) -> ui.Column:
        header = {"closed_count": "Closed", "waiting_count": "Wait", "undone_count": "Undone"}
        return ui.count_column(header[field], field, lambda row: _list_of(row, decision))

    found = rules.with_pauses(data.query("matches_rules"))
    if not found:
        ui.empty("No match has been made yet. Land both sides of a reconciliation and run.")
        return
    tables = [
        (
            "attention",
            "Rules to look at",
            [row for row in found if rules.standing(row)[0] == "bad"],
        )
    ]
    for name in dict.fromkeys(row["reconciliation"] for row in found):
        of_it = [row for row in found if row["reconciliation"] == name]
        tables.append((name, of_it[0]["reconciliation_title"] or fmt.label(name), of_it))
    for name, title, listed in tables:
        if not listed:
            continue
        st.subheader(title, anchor=name)
        ui.table(
            [
                ui.Column("Rule", _rule, "w"),
                ui.Column("May it close?", rules.standing_html, "w"),
                count("closed_count", "auto_closed"),
                ui.Column(
                    f"Closed, {reporting_currency}",
                    lambda row: (
                        ui.money(row["base_amount"], reporting_currency)
                        if row["closed_count"]
                        else fmt.NONE
                    ),
                    "r",
                ),
                count("waiting_count", "waiting"),
                count("undone_count", "undone"),
                ui.Column("False", _false_share, "r"),
            ],
            listed,
            "",
            name=f"rules-{name}",
        )
    ui.note(
        "Amounts of other currencies are converted at the rates of the run's day. False: of the "
        "closes that a person judged, the share that was wrong."
    )


def _list_of(row: ui.Row, decision: str) -> str:
    return ui.link(
        "matches",
        rule=row["rule_id"],
        version=row["rule_version"],
        reconciliation=row["reconciliation"],
        decision=decision,
    )


def _rule(row: ui.Row) -> str:
    name = ui.anchor(escape(rules.title(row)), _list_of(row, ""))
    says = escape(rules.sentence(row))
    return f'{name}<span class="t-sub">{says}</span>'


def _false_share(row: ui.Row) -> str:
    if row["false_share_of_judged"] is None:
        return '<span class="t-sub">none judged</span>'
    return (
        f"{fmt.percent(row['false_share_of_judged'], 2)}"
        f'<span class="t-sub">{fmt.count(row["error_count"])} of '
        f"{fmt.count(row['audited_count'])}</span>"
    )


def chosen_filters() -> dict[str, Any]:
    """The controls of the list; what they say is in the address."""
    facets: dict[str, list[str]] = {}
    for row in data.query("matches_options"):
        facets.setdefault(row["facet"], []).append(row["code"])
    reconciliations = ["", *facets.get("reconciliation", [])]
    currencies = ["", *facets.get("currency", [])]
    address.one("reconciliation", reconciliations, "")
    address.one("decision", [*DECISIONS, "undone"], "")
    address.one("currency", currencies, "")
    for key in ("customer", "from_day", "to_day", "least", "most", "rule"):
        address.one(key, None, "")
    address.one("sort", list(SORTS), "newest")
    with st.expander("Filters", icon=":material/filter_list:", expanded=False):
        first = st.columns(4)
        reconciliation = first[0].selectbox(
            "Reconciliation",
            reconciliations,
            format_func=lambda code: fmt.label(code) if code else "All",
            key="reconciliation",
        )
        decision = first[1].selectbox(
            "Decision",
            [*DECISIONS, "undone"],
            format_func=lambda code: DECISIONS.get(code, "Undone or rejected"),
            key="decision",
        )
        currency = first[2].selectbox(
            "Currency", currencies, format_func=lambda code: code or "All", key="currency"
        )
        sort = first[3].selectbox("Sort by", list(SORTS), format_func=SORTS.__getitem__, key="sort")
        second = st.columns(6)
        texts = {
            "customer": second[0].text_input("Customer id", key="customer"),
            "rule": second[1].text_input("Rule", key="rule"),
            "from_day": second[2].text_input("From day", placeholder="2026-06-01", key="from_day"),
            "to_day": second[3].text_input("To day", placeholder="2026-06-30", key="to_day"),
            "least": second[4].text_input("Least amount", key="least"),
            "most": second[5].text_input("Largest amount", key="most"),
        }
    chosen: dict[str, Any] = {
        "reconciliation": reconciliation or "",
        "decision": decision or "",
        "currency": currency or "",
        **{key: (value or "").strip() for key, value in texts.items()},
    }
    for key, value in chosen.items():
        address.remember(key, value)
    address.remember("sort", sort or "newest", "newest")
    # a version belongs to the rule that a link named it with
    version = st.query_params.get("version", "") if chosen["rule"] else ""
    run = st.query_params.get("run", "")
    return {**chosen, "version": version, "run": run, "sort": sort or "newest"}


def download(chosen: dict[str, Any]) -> bytes:
    """The whole filtered list as sanitized CSV, made when the button is pressed."""
    rows = data.stream("matches_list", **chosen, limit=DOWNLOAD_ROWS, offset=0)
    return fmt.to_csv(rows, CSV_COLUMNS, CSV_CURRENCY)


def list_of_matches(reporting_currency: str) -> None:
    """The matches that the address asks for."""
    st.html(ui.anchor("‹ All rules", "matches"))
    chosen = chosen_filters()
    page_key = ui.key("page", chosen)
    rows = data.query(
        "matches_list",
        **chosen,
        limit=PAGE_ROWS,
        offset=(ui.chosen_page(page_key) - 1) * PAGE_ROWS,
    )
    total = rows[0]["row_count"] if rows else 0
    left, right = st.columns([5, 1], vertical_alignment="center")
    lead = [f"<b>{fmt.count(total)} {'match' if total == 1 else 'matches'}</b>"]
    if rows:
        lead.append(f"{ui.money(rows[0]['base_total'], reporting_currency)} in all")
    lead += [
        f"{escape(fmt.label(key).lower())} {escape(_worded(key, chosen[key]))}"
        for key in FILTERS
        if chosen[key]
    ]
    left.html(f'<p class="t-lead" id="matches-lead">{" · ".join(lead)}</p>')
    right.download_button(
        "Download CSV",
        access.for_download(download, chosen),
        file_name="tieout-matches.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
        disabled=not rows,
        width="stretch",
    )
    ui.table(
        [
            ui.Column("Match", _match, "w"),
            ui.customer_column(),
            ui.Column("Decision", lambda row: ui.status(row["decision"]), "n"),
            ui.money_column("Amount", "amount"),
            ui.money_column("Difference", "difference_amount"),
            ui.count_column("Items", "item_count"),
            ui.text_column("Decided", "decided_at", fmt.timestamp, "n"),
            ui.text_column("By", "decided_by", kind="n"),
        ],
        rows,
        "No match fits these filters. Open the filters and take one away.",
        name="matches",
    )
    ui.pages(total, PAGE_ROWS, page_key)


def _worded(key: str, value: str) -> str:
    if key == "decision":
        return DECISIONS.get(value, "Undone or rejected").lower()
    return fmt.label(value) if key == "reconciliation" else value


def _match(row: ui.Row) -> str:
    says = escape(row["explanation"] or row["match_id"])
    return (
        ui.anchor(says, ui.link("matches", match=row["match_id"]))
        + f'<span class="t-sub">{escape(fmt.label(row["reconciliation"]))}</span>'
    )


def one_match(match_id: str) -> None:
    """A match as a balanced account, with the rule that made it and what people said of it."""
    found = rules.with_pauses(data.query("matches_one", match=match_id))
    st.html(ui.anchor("‹ All rules", "matches"))
    if not found:
        ui.empty(f"The match {match_id} is not in this publication: it may have been replaced.")
        return
    row = found[0]
    st.html(
        f'<div class="t-match" id="match-says">{ui.status(row["decision"])} '
        f"<b>{escape(row['explanation'] or 'No explanation was recorded.')}</b></div>"
    )
    match_account.show(match_id)
    if row["is_live"]:
        decide(row)
    _, word, why = rules.standing(row)
    entries = [
        ("Reconciliation", escape(row["reconciliation_title"] or "")),
        (
            "Rule",
            ui.anchor(escape(f"{rules.title(row)}, v{row['rule_version']}"), _list_of(row, "")),
        ),
        ("May the rule close?", f"{escape(word)}: {escape(why)}"),
        ("Confidence", fmt.percent(row["confidence"])),
        ("Decided", f"{ui.moment(row['decided_at'])} by {fmt.escaped(row['decided_by'])}"),
        ("Audit", _audit(row["audit_outcome"])),
        ("Sealed", _sealed(row)),
        ("Match", ui.hash_text(row["match_id"])),
    ]
    if row["ambiguity"]:
        entries.append(("Why a person", fmt.escaped(fmt.label(row["ambiguity"]))))
    if row["reversal_reason"]:
        entries.append(("Why undone", fmt.escaped(fmt.label(row["reversal_reason"]))))
    ui.facts(entries)
    said, posted = st.columns(2)
    with said:
        st.subheader("What was decided")
        ui.table(
            [
                ui.text_column("When", "occurred_at", fmt.timestamp, "n"),
                ui.Column("What", _what, "w"),
                ui.text_column("Who", "actor", kind="n"),
            ],
            data.query("matches_said", match=match_id),
            "Nothing is sealed about it yet: it is a suggestion.",
            name="match-said",
        )
    with posted:
        st.subheader("What is posted")
        ui.table(
            [
                ui.text_column("Date", "posting_date", fmt.day, "n"),
                ui.text_column("Account", "account_code", kind="n"),
                ui.text_column("Text", "memo", kind="w"),
                ui.Column("Debit", partial(_posted, "debit_amount"), "r"),
                ui.Column("Credit", partial(_posted, "credit_amount"), "r"),
                ui.Column("Status", lambda line: ui.status(line["posting_status"]), "n"),
            ],
            data.query("matches_postings", match=match_id),
            "Nothing: it moves no account, or it is not closed.",
            name="match-postings",
        )


def decide(row: ui.Row) -> None:
    """What people have decided about the match and no run has sealed yet, and undoing it."""
    under_way = deciding.said([f"match:{row['match_id']}"])
    deciding.show_active(under_way)
    if not any(decision.is_active for decision in under_way):
        deciding.button(
            "Undo this match", Intent(Action.UNMATCH, match_id=row["match_id"]), key="unmatch"
        )


def _posted(field: str, line: ui.Row) -> str:
    return ui.money(line[field], line["currency"]) if line[field] else ""


def _audit(outcome: str | None) -> str:
    match outcome:
        case "open":
            return ui.badge("in the sample, to be judged", "watch")
        case "confirmed":
            return ui.badge("judged right", "good")
        case "false":
            return ui.badge("judged false", "bad")
        case _:
            return "not in the sample"


def _sealed(row: ui.Row) -> str:
    if row["block"] is None:
        return "not sealed: it changes nothing yet"
    return f"block {fmt.count(row['block'])}, entry {fmt.count(row['position'])}"


def _what(row: ui.Row) -> str:
    html = escape(fmt.label(row["action"] or row["entry_type"]))
    reasons = [fmt.label(row["reason"]) if row["reason"] else "", row["comment"] or ""]
    for text in filter(None, reasons):
        html += f'<span class="t-sub">{escape(text)}</span>'
    return html


def render() -> None:
    """The page: one match, a list, or the overview by rule, as the address asks."""
    st.title("Matches")
    reporting_currency = data.query_one("publication")["reporting_currency"] or "EUR"
    match_id = st.query_params.get("match")
    if match_id:
        one_match(match_id)
    elif any(st.query_params.get(name) for name in FILTERS):
        list_of_matches(reporting_currency)
    else:
        overview(reporting_currency)


render()
