"""Customers: who owes what, and of one customer the statement, what is open, and how they pay."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from html import escape

import streamlit as st

from dashboard import access, address, data, exports, rules
from dashboard import components as ui
from dashboard import format as fmt

PAGE_ROWS = 50
STATEMENT_ROWS = 100
OPEN_ROWS = 50
CASE_ROWS = 10
DOWNLOAD_ROWS = 100_000
PARTS = {"overview": "Overview", "statement": "Statement"}
PERIODS = {"": "All time", "30": "30 days", "90": "90 days", "365": "A year"}
KINDS = {
    "opening": "Balance before",
    "other_customer": "Settled with another customer's items",
    "converted": "Settled in another currency",
    "bank_transaction": "Bank payment",
    "charge": "Card or gateway payment",
}
STATEMENT_CSV = (
    "customer_id", "customer", "day", "kind", "text", "item_type", "item_id", "match_id",
    "currency", "debit", "credit", "balance",
)  # fmt: skip
STATEMENT_CURRENCY = dict.fromkeys(("debit", "credit", "balance"), "currency")


def find(reporting_currency: str) -> None:
    """All customers, who owes most first; a part of a name or id narrows them."""
    address.one("search", None, "")
    search = (
        st.text_input(
            "Find a customer", placeholder="a part of the name or id", key="search",
            icon=":material/search:",
        )
        or ""
    ).strip()  # fmt: skip
    address.remember("search", search)
    page_key = ui.key("page", search)
    rows = data.query(
        "customers_list",
        search=search,
        limit=PAGE_ROWS,
        offset=(ui.chosen_page(page_key) - 1) * PAGE_ROWS,
    )
    total = rows[0]["row_count"] if rows else 0
    st.html(
        f'<p class="t-lead" id="customers-count"><b>{fmt.counted(total, "customer")}</b>, '
        f"who owes most first; amounts in {escape(reporting_currency)}.</p>"
    )
    ui.table(
        [
            ui.Column("Customer", _customer, "w"),
            ui.text_column("Tier", "tier", fmt.label),
            ui.text_column("Country", "country"),
            ui.Column("Open", lambda row: ui.money(row["open_amount"], reporting_currency), "r"),
            ui.Column(
                "Overdue", lambda row: ui.money(row["overdue_amount"], reporting_currency), "r"
            ),
            ui.count_column("Open documents", "document_count"),
            ui.count_column(
                "Cases",
                "case_count",
                lambda row: ui.link("exceptions", customer=row["customer_id"]),
            ),
        ],
        rows,
        "No customer has that in the name or id."
        if search
        else "No customers have landed. Without crm_customers, payers are known by account only.",
        name="customers",
        stacked=True,
    )
    ui.pages(total, PAGE_ROWS, page_key)


def _customer(row: ui.Row) -> str:
    name = escape(row["customer"] or row["customer_id"])
    return (
        ui.anchor(name, ui.link("customers", customer=row["customer_id"]))
        + f'<span class="t-sub">{escape(row["customer_id"])}</span>'
    )


def one(customer_id: str, facts: data.Row) -> None:
    """Everything about one customer."""
    st.html(ui.anchor("‹ All customers", "customers"))
    found = data.query("customers_one", customer=customer_id)
    balances = data.query("customers_balance", customer=customer_id)
    if not found and not balances:
        ui.empty(f"There is no customer {customer_id} in this publication.")
        return
    row = found[0] if found else {"legal_name": customer_id}
    st.header(row["legal_name"] or customer_id, anchor="customer")
    balance_line(balances, facts)
    who = [customer_id]
    if found:
        who += [fmt.label(row["tier"]) if row["tier"] else "", row["country"] or ""]
        who += [row["payment_terms"] or "", row["email"] or ""]
        if row["parent_customer_id"]:
            who.append(f"belongs to {row['parent_legal_name'] or row['parent_customer_id']}")
    st.html(f'<p class="t-note">{" · ".join(escape(text) for text in who if text)}</p>')
    address.one("show", list(PARTS), "overview")
    show = st.segmented_control(
        "Part", list(PARTS), format_func=PARTS.__getitem__, key="show", required=True,
        label_visibility="collapsed",
    )  # fmt: skip
    address.remember("show", show or "overview", "overview")
    if show == "statement":
        statement(customer_id, row["legal_name"] or "", balances, facts)
        return
    balance_cards(balances, customer_id)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        open_items(customer_id)
        cases(customer_id)
    with right:
        habits(customer_id)
        aging(customer_id)
        payers(customer_id)


def balance_line(balances: list[data.Row], facts: data.Row) -> None:
    """What they owe, in one sentence."""
    owing = [row for row in balances if row["balance"]]
    if not owing:
        text = "Owes nothing."
    else:
        parts = [
            f"<b>{ui.money(row['balance'], row['currency'])}</b>"
            if row["balance"] > 0
            else f"<b>{ui.money(-row['balance'], row['currency'])}</b> in their favour"
            for row in owing
        ]
        text = f"Owes {', '.join(parts)} after all their money."
    st.html(f'<p class="t-lead" id="balance">{text}</p>')


def balance_cards(balances: list[data.Row], customer_id: str) -> None:
    """Per currency: open, overdue, not applied."""
    entries = []
    for row in balances:
        currency = row["currency"]
        if not (row["open_amount"] or row["unapplied_amount"]):
            continue
        entries += [
            ui.Card(
                f"Open in {currency}",
                ui.money(row["open_amount"], currency),
                f"{fmt.counted(row['open_documents'], 'document')}, "
                f"{ui.money(row['overdue_amount'], currency)} overdue",
                "bad" if row["overdue_amount"] else "good",
                ui.link("rows", of="open", customer=customer_id, currency=currency),
                "Show them",
                f"card-open-{currency}",
            ),
            ui.Card(
                f"Not applied in {currency}",
                ui.money(row["unapplied_amount"], currency),
                "their money that settles nothing yet",
                "watch" if row["unapplied_amount"] else "good",
                ui.link("rows", of="unapplied", customer=customer_id, currency=currency)
                if row["unapplied_amount"]
                else None,
                "Show it",
                f"card-unapplied-{currency}",
            ),
        ]
    if entries:
        ui.cards(entries)


def open_items(customer_id: str) -> None:
    """What of documents and payments is open."""
    rows = data.query("customers_open", customer=customer_id, limit=OPEN_ROWS)
    st.subheader("Open items")
    ui.table(
        [
            ui.Column("Item", _open_item, "w"),
            ui.text_column("Due", "due_date", fmt.day, "n"),
            ui.Column("Late", _late, "n"),
            ui.money_column("Amount", "amount"),
            ui.money_column("Open", "open_amount"),
            ui.Column("Status", lambda row: ui.status(row["reconciliation_status"]), "n"),
        ],
        rows,
        "Nothing is open.",
        f"The first {OPEN_ROWS} of {fmt.count(rows[0]['row_count'])}."
        if rows and rows[0]["row_count"] > OPEN_ROWS
        else "",
        name="customer-open",
        stacked=True,
    )


def _open_item(row: ui.Row) -> str:
    target = ui.link("record", item_type=row["item_type"], item_id=row["item_id"])
    below = f"{KINDS.get(row['item_type'], fmt.label(row['item_type']))} of {fmt.day(row['day'])}"
    return ui.anchor(escape(row["number"]), target) + f'<span class="t-sub">{escape(below)}</span>'


def _late(row: ui.Row) -> str:
    days = row["days_overdue"]
    if days is None or days <= 0:
        return ""
    return ui.badge(fmt.counted(days, "day"), "bad" if days > 30 else "watch")


def cases(customer_id: str) -> None:
    """What waits for a person."""
    rows = data.query("customers_cases", customer=customer_id, limit=CASE_ROWS)
    st.subheader("Cases")
    ui.table(
        [
            ui.Column("Severity", lambda row: ui.severity(row["severity"]), "n"),
            ui.Column("Case", _case, "w"),
            ui.money_column("Amount", "amount"),
        ],
        rows,
        "No case waits.",
        f"The first {CASE_ROWS} of {fmt.count(rows[0]['row_count'])}."
        if rows and rows[0]["row_count"] > CASE_ROWS
        else "",
        name="customer-cases",
    )


def _case(row: ui.Row) -> str:
    return (
        ui.anchor(
            escape(row["detail"] or fmt.label(row["exception_type"])),
            ui.link("exceptions", exception=row["exception_id"]),
        )
        + f'<span class="t-sub">{escape(row["recommendation"] or "")}</span>'
    )


def habits(customer_id: str) -> None:
    """How they pay, in sentences."""
    row = data.query_one("customers_habits", customer=customer_id)
    st.subheader("How they pay")
    if not row["paid_count"]:
        ui.empty("No invoice of theirs has been paid and matched yet.")
        return
    told = [
        f"Usually <b>{_when(row['usual_days_late'])}</b>; nine of ten by "
        f"{_when(row['latest_days_late'])}.",
        f"<b>{fmt.count(row['in_time_count'])} of {fmt.count(row['paid_count'])}</b> paid invoices "
        "came in time.",
        f"By {_ways(row)}.",
    ]
    if row["several_count"]:
        several = fmt.counted(row["several_count"], "invoice")
        told.append(f"{several} took more than one payment.")
    for taken in data.query("customers_deductions", customer=customer_id):
        kind = rules.ADJUSTMENTS.get(taken["adjustment_kind"], fmt.label(taken["adjustment_kind"]))
        told.append(
            f"{escape(kind)} on {fmt.counted(taken['invoice_count'], 'item')}: "
            f"{ui.money(taken['amount'], taken['currency'])} in all."
        )
    st.html(f'<ul class="t-told" id="habits">{"".join(f"<li>{line}</li>" for line in told)}</ul>')


def _when(days: int | None) -> str:
    if days is None:
        return "without a due date"
    if days == 0:
        return "on the due day"
    return f"{fmt.counted(abs(days), 'day')} {'late' if days > 0 else 'before the due day'}"


def _ways(row: data.Row) -> str:
    ways = [
        (row["transfer_count"], "bank transfer"),
        (row["charge_count"], "card or gateway"),
    ]
    used = sorted((way for way in ways if way[0]), reverse=True)
    if len(used) == 1:
        return used[0][1]
    return " and ".join(f"{name} ({fmt.count(count)})" for count, name in used)


def aging(customer_id: str) -> None:
    """What is open by age, each figure a link to its documents."""
    st.subheader("By age")
    ui.table(
        [
            ui.text_column("Overdue", "bucket", _bucket, "n"),
            ui.count_column("Documents", "invoices"),
            ui.money_column(
                "Open",
                "open_amount",
                target=lambda row: ui.link(
                    "rows",
                    of="open",
                    customer=customer_id,
                    bucket=row["bucket"],
                    currency=row["currency"],
                ),
            ),
        ],
        data.query("customers_aging", customer=customer_id),
        "Nothing is open.",
        name="customer-aging",
    )


def _bucket(bucket: str) -> str:
    return "not yet due" if bucket == "current" else f"{bucket} days"


def payers(customer_id: str) -> None:
    """Under which names and accounts their money comes, and what of it was learned."""
    st.subheader("Under which name their money comes")
    ui.table(
        [
            ui.Column("Name or account", _payer, "w"),
            ui.count_column("Payments", "payment_count"),
            ui.text_column("Last", "last_on", fmt.day, "n"),
        ],
        data.query("customers_payers", customer=customer_id),
        "No bank payment of theirs has come yet.",
        name="customer-payers",
        stacked=True,
    )


def _payer(row: ui.Row) -> str:
    value = escape(row["key_value"])
    if row["source"] == "seen":
        return value
    tones: dict[str, ui.Tone] = {"active": "good", "conflicting": "watch"}
    word = {"active": "learned", "conflicting": "learned, pays for others too"}.get(
        row["status"], f"learned, {row['status']}"
    )
    target = ui.link("learned", payer=row["learned_key"])
    return ui.anchor(value, target) + " " + ui.badge(word, tones.get(row["status"], "calm"))


def statement(customer_id: str, name: str, balances: list[data.Row], facts: data.Row) -> None:
    """Documents and payments with the balance after each; its last is what they owe."""
    currencies = [row["currency"] for row in balances]
    if not currencies:
        ui.empty("No document and no payment of theirs has landed.")
        return
    address.one("currency", currencies, currencies[0])
    address.one("period", list(PERIODS), "90")
    with st.container(horizontal=True, vertical_alignment="bottom", key="statement-controls"):
        currency = st.segmented_control("Currency", currencies, key="currency", required=True)
        period = st.segmented_control(
            "Period", list(PERIODS), format_func=PERIODS.__getitem__, key="period", required=True
        )
        currency, period = currency or currencies[0], period or ""
        parameters = {
            "customer": customer_id,
            "currency": currency,
            "since": _since(period, facts),
        }
        st.download_button(
            "CSV",
            access.for_download(download, parameters, name),
            file_name=f"statement-{customer_id}-{currency}.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
        )
        exports.bar(
            f"statement-{customer_id}-{currency}",
            partial(workbook, parameters, name or customer_id),
        )
    address.remember("currency", currency, currencies[0])
    address.remember("period", period, "90")
    page_key = ui.key("statement", parameters)
    rows = data.query(
        "customers_statement",
        **parameters,
        limit=STATEMENT_ROWS,
        offset=(ui.chosen_page(page_key) - 1) * STATEMENT_ROWS,
    )
    total = rows[0]["row_count"] if rows else 0
    ui.table(
        [
            ui.text_column("Date", "day", fmt.day, "n"),
            ui.Column("What", _line, "w"),
            ui.Column("They owe", partial(_amount, "debit"), "r"),
            ui.Column("They paid", partial(_amount, "credit"), "r"),
            ui.money_column("Balance", "balance"),
        ],
        rows,
        "Nothing happened in this currency and period. Choose a longer one above.",
        "The newest line first. The balance is what is open on their documents less what of their "
        "money settles nothing yet.",
        name="statement",
        stacked=True,
    )
    ui.pages(total, STATEMENT_ROWS, page_key)


def _since(period: str, facts: data.Row) -> str:
    if not period or facts["as_of"] is None:
        return ""
    return f"{facts['as_of'] - timedelta(days=int(period)):%Y-%m-%d}"


def _amount(field: str, row: ui.Row) -> str:
    return ui.money(row[field], row["currency"]) if row[field] is not None else ""


def _titled(kind: str) -> str:
    return KINDS.get(kind) or rules.ADJUSTMENTS.get(kind) or fmt.label(kind)


def _line(row: ui.Row) -> str:
    kind = row["kind"]
    title = _titled(kind)
    if kind == "opening":
        return f"<i>{escape(title)} {fmt.day(row['day'])}</i>"
    if row["item_id"]:
        target = ui.link("record", item_type=row["item_type"], item_id=row["item_id"])
    else:
        target = ui.link("matches", match=row["match_id"])
    return (
        ui.anchor(escape(row["text"] or row["item_id"] or title), target)
        + f'<span class="t-sub">{escape(title)}</span>'
    )


def workbook(parameters: dict[str, str], name: str) -> bytes:
    """The statement in order of time, with what is open, as XLSX."""
    customer, currency = parameters["customer"], parameters["currency"]
    lines = data.query("customers_statement", **parameters, limit=exports.SHEET_ROWS, offset=0)[
        ::-1
    ]
    left = [
        row
        for row in data.query("customers_open", customer=customer, limit=exports.SHEET_ROWS)
        if row["currency"] == currency
    ]
    told = [{**line, "kind": _titled(line["kind"])} for line in lines]
    return exports.workbook(
        f"Statement of {name} ({customer}) in {currency}",
        [
            (
                "Balance",
                "What is open on the customer's documents less what of their money settles nothing "
                "yet, after the line.",
            ),
            ("Period", f"from {parameters['since']}" if parameters["since"] else "all time"),
        ],
        [
            exports.Sheet(
                "Statement",
                [
                    exports.Field("Date", "day"),
                    exports.Field("What", "kind"),
                    exports.Field("Text", "text"),
                    exports.Field("They owe", "debit", "currency"),
                    exports.Field("They paid", "credit", "currency"),
                    exports.Field("Balance", "balance", "currency"),
                    exports.Field("Currency", "currency"),
                ],
                told,
            ),
            exports.Sheet(
                "Open items",
                [
                    exports.Field("Item", "number"),
                    exports.Field("Type", "item_type"),
                    exports.Field("Date", "day"),
                    exports.Field("Due", "due_date"),
                    exports.Field("Days overdue", "days_overdue"),
                    exports.Field("Amount", "amount", "currency"),
                    exports.Field("Open", "open_amount", "currency"),
                    exports.Field("Currency", "currency"),
                ],
                left,
            ),
        ],
    )


def download(parameters: dict[str, str], name: str) -> bytes:
    """The statement as sanitized CSV in order of time, made when the button is pressed."""
    rows = data.stream("customers_statement", **parameters, limit=DOWNLOAD_ROWS, offset=0)
    who = {"customer_id": parameters["customer"], "customer": name}
    return fmt.to_csv(({**who, **row} for row in reversed(rows)), STATEMENT_CSV, STATEMENT_CURRENCY)


def render() -> None:
    """The page: one customer, or the list."""
    st.title("Customers")
    facts = data.query_one("publication")
    customer_id = st.query_params.get("customer")
    if customer_id:
        one(customer_id, facts)
    else:
        find(facts["reporting_currency"] or "EUR")


render()
