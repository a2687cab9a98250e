"""Personal data in the marts: which columns hold it, and what stands there for who may not see it.

A mart's YAML marks a column once, under `meta`: `personal_data` names the kind; a name may say
whose (`personal_data_of`, a column with an id), and any may say in which rows
(`personal_data_where`). A text column that is neither marked nor known below to hold codes, ids or
texts of the project is masked all the same: what nobody looked at is not shown.

Masked are names, accounts, addresses and texts of customers and payers. Ids, numbers of documents,
amounts and dates stay, and so do the people who work with tieout: who decided what is what the
records are for.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

from orchestration.files import quoted, write_text
from orchestration.home import PROJECT_DIR, Home, TieoutError

Kind = Literal["name", "account", "email", "text", "sentence", "json", "none"]

MASK = "•••"

KEY = "masking_key"
"""Variable of the connection with the secret that pseudonyms follow from."""

NOT_PERSONAL = frozenset(
    """
    account_code account_id account_name action actor actual_items adjustment_kind alert_id
    alert_name ambiguity approved_by assigned_to base_currency batch_id block_hash breaker_evidence
    breaker_state bucket canary_version candidate_match_ids case_id certification change_id
    check_code column_name comparison cost_currency counted country currency customer_id decided_by
    decided_version decision decision_id denominator_counts dimension dimension_value direction
    document_type duplicate_rule_id engine entry_hash entry_type event evidence exception_id
    exception_type expected_items external_id feed file_name fingerprint flag format group_key
    invoice_id invoice_number item_id item_type items key_kind last_match_id ledger_account_code
    match_currency match_id meaning method numerator_counts original_item_id other_item_id
    other_item_type outcome parent_customer_id party_id pass pass_meaning payment_terms payout_id
    phrase posting_key posting_kind posting_status previous_hash reconciliation
    reconciliation_status refusal refusal_meaning related_invoice_id relation relation_meaning
    removed_by reporting_currency resolved_by resolved_by_batch_id restated reverses_posting_key
    root_cause root_hash row_hash rule_id rule_version run_id runbook score_parts set_aside_reason
    severity side sli slo source source_batch_id source_hashes stable_version state state_after
    state_before status subject subject_id subject_type summary suppressed_by tier time_zone title
    trigger unit weights_version who_acts why_inactive why_not why_not_meaning window window_name
    """.split()
)
"""Text columns that hold no personal data in any mart that does not mark them."""

_PLAIN_TYPES = (
    "BOOLEAN", "DATE", "DECIMAL", "DOUBLE", "FLOAT", "HUGEINT", "INTEGER", "BIGINT", "SMALLINT",
    "TINYINT", "UBIGINT", "UINTEGER", "USMALLINT", "UTINYINT", "UHUGEINT", "TIME", "INTERVAL",
)  # fmt: skip


class PersonalDataError(TieoutError):
    """Personal data cannot be told from other data."""


@dataclass(frozen=True)
class Mark:
    """What a mart's YAML says of one column."""

    kind: Kind
    of: str | None = None
    where: str | None = None


Marks = Mapping[str, Mapping[str, Mark]]


def marked(folder: Path = PROJECT_DIR / "models" / "marts") -> Marks:
    """The marked columns of every mart, by mart and column.

    Raises:
        PersonalDataError: when there are no marts, or a mark is of no known kind.
    """
    found: dict[str, dict[str, Mark]] = {}
    for path in sorted(folder.rglob("*.yml")):
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=_loader())
        for model in (document or {}).get("models") or ():
            found[model["name"]] = {
                column["name"]: _mark(f"{model['name']}.{column['name']}", meta)
                for column in model.get("columns") or ()
                if "personal_data" in (meta := (column.get("config") or {}).get("meta") or {})
            }
    if not found:
        raise PersonalDataError(f"{folder} describes no marts, so nothing is known of their data.")
    return found


def _loader() -> Any:
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _mark(column: str, meta: Mapping[str, Any]) -> Mark:
    kind = meta["personal_data"]
    if kind not in get_args(Kind):
        raise PersonalDataError(
            f"{column}: personal_data {kind!r} is none of {', '.join(get_args(Kind))}."
        )
    return Mark(kind, meta.get("personal_data_of"), meta.get("personal_data_where"))


def is_text(data_type: str) -> bool:
    """Whether values of a DuckDB type may hold text."""
    return data_type.endswith("[]") or not data_type.upper().startswith(_PLAIN_TYPES)


def selection(mart: str, columns: Sequence[Sequence[str]], marks: Marks) -> str:
    """What to select of a mart for who may not see personal data; `*` where it holds none.

    `columns` are names and DuckDB types.
    """
    replaced = [
        f'{expression} as "{name}"'
        for name, data_type in columns
        if (expression := _masked(name, data_type, marks.get(mart, {}).get(name)))
    ]
    return f"* replace ({', '.join(replaced)})" if replaced else "*"


def _masked(name: str, data_type: str, mark: Mark | None) -> str | None:
    if not is_text(data_type):
        return None
    if mark is not None and mark.kind == "none":
        return None
    if mark is None:
        if name in NOT_PERSONAL:
            return None
        mark = Mark("text")
    value = f'"{name}"'
    if data_type.upper() not in ("VARCHAR", "JSON"):
        mask = f"cast(null as {data_type})"
    elif mark.kind == "name":
        mask = _pseudonym("Name", value)
        if mark.of:
            mask = f"""coalesce('Customer ' || "{mark.of}", {mask})"""
    elif mark.kind == "account":
        mask = _pseudonym("Account", value)
    elif mark.kind == "json":
        mask = quoted(f'{{"masked":"{MASK}"}}')
    else:
        mask = quoted(MASK)
    masked = f"case when {value} is not null then {mask} end"
    if mark.where:
        # Shown only where it is surely another row: where the condition is null, it is masked.
        masked = (
            f"case when ({mark.where}) is not distinct from false then {value} else {masked} end"
        )
    return masked


def without_personal_data(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of no known mart (one that breaks a test) with every text masked that may be personal.

    Texts stay where their column holds codes or ids in every mart; `failure` is what a test says,
    in words of its own.
    """
    personal = _columns_with_personal_data()
    return {
        name: value
        if not isinstance(value, str | list | dict | bytes)
        or name == "failure"
        or (name in NOT_PERSONAL and name not in personal)
        else MASK
        for name, value in row.items()
    }


@cache
def _columns_with_personal_data() -> frozenset[str]:
    return frozenset(
        name for marks in marked().values() for name, mark in marks.items() if mark.kind != "none"
    )


def _pseudonym(word: str, value: str) -> str:
    return f"'{word} ' || left(sha256(getvariable('{KEY}') || upper({value})), 8)"


def masking_key(home: Home) -> str:
    """The secret that the pseudonyms of a home follow from; made where there is none yet.

    Without it, whoever holds the masked file could try all account numbers. It never leaves the
    home, and another one makes other pseudonyms.
    """
    path = home.masking_key
    if not path.exists():
        write_text(path, secrets.token_hex(32) + "\n")
        os.chmod(path, 0o600)
    return path.read_text(encoding="utf-8").strip()


def fingerprint(selected: str, key: str) -> str:
    """What a masked table was made by, as its comment says: other marks, or another key, differ."""
    return "masked " + sha256(f"{key} {selected}".encode()).hexdigest()[:32]
