"""The publication for who may not see personal data: the same marts, masked."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration import personal_data, publication, publish
from orchestration.home import PROJECT_DIR, Home
from orchestration.personal_data import Mark, PersonalDataError
from tests.python.state.test_publish import warehouse_of
from tests.python.tieout_process import Tieout

CUSTOMERS = """
    create table marts.dim_customers as
    select
        'C' || r as customer_id, 'Name of ' || r as legal_name, 'p' || r || '@x.example' as email,
        case when r % 2 = 0 then 'C1' end as parent_customer_id,
        case when r % 2 = 0 then 'Parent of ' || r end as parent_legal_name,
        'DE' as country, cast(r as decimal(38, 10)) as withholding_rate
    from range({}) as x(r)
"""
"""A mart as its YAML marks it."""


def masked_rows(home: Home, query: str) -> list[tuple[Any, ...]]:
    """Rows of the publication that `serving_masked.duckdb` leads to."""
    with duckdb.connect(str(home.serving_masked.resolve()), read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_names_accounts_and_texts_are_masked_and_figures_stay(home: Home) -> None:
    warehouse_of(
        home,
        CUSTOMERS.format(3),
        "create table marts.dim_learned_payers as select * from (values "
        "('account/DE1', 'DE1', 'C1', 3), ('account/de1', 'de1', 'C1', 3), (null, 'DE2', null, 1)"
        ") as v(learned_key, key_value, customer_id, match_count)",
        'create table marts.fct_audit_log as select 1 as block, \'{"a":"Ada"}\' as payload',
    )
    publish.publish(home, "run-a")
    assert masked_rows(home, "from marts.dim_customers order by customer_id") == [
        ("C0", "Customer C0", "•••", "C1", "Customer C1", "DE", 0),
        ("C1", "Customer C1", "•••", None, None, "DE", 1),
        ("C2", "Customer C2", "•••", "C1", "Customer C1", "DE", 2),
    ]
    first, second, third = masked_rows(
        home, "from marts.dim_learned_payers order by all nulls last"
    )
    assert re.fullmatch(r"Account [0-9a-f]{8}", first[1])
    assert first == second, "who is the same is recognized, however it is written"
    assert (third[0], third[1] != first[1]) == (None, True)
    assert masked_rows(home, "select payload from marts.fct_audit_log") == [('{"masked":"•••"}',)]


def test_a_mark_for_some_rows_masks_also_where_nobody_can_tell(home: Home) -> None:
    warehouse_of(
        home,
        "create table marts.fct_items as select * from (values "
        "('invoice', 'INV-1'), ('bank_transaction', 'Ada Payer'), (null, 'Bob Payer')"
        ") as v(item_type, document_number)",
    )
    publish.publish(home, "run-a")
    shown = dict(masked_rows(home, "select item_type, document_number from marts.fct_items"))
    assert shown["invoice"] == "INV-1"
    assert shown["bank_transaction"].startswith("Name ")
    assert shown[None].startswith("Name ")


def test_a_text_column_that_nobody_marked_is_masked(home: Home) -> None:
    warehouse_of(
        home,
        "create table marts.fct_new as select 'C1' as customer_id, 'Ada' as nickname, "
        "['Ada'] as aliases, {'name': 'Ada'} as who, 7 as amount, date '2026-07-01' as day",
    )
    publish.publish(home, "run-a")
    [row] = masked_rows(home, "from marts.fct_new")
    assert row[:4] == ("C1", "•••", None, None)
    assert row[4] == 7


def test_pseudonyms_do_not_follow_from_the_value_alone(home: Home, tmp_path: Path) -> None:
    """Who holds the masked file cannot try all account numbers."""
    learned = "create table marts.dim_learned_payers as select 'DE1' as key_value"
    shown = []
    for place in (home, Home(tmp_path / "other").create()):
        warehouse_of(place, learned)
        publish.publish(place, "run-a")
        shown += masked_rows(place, "from marts.dim_learned_payers")
        assert place.masking_key.stat().st_mode & 0o077 == 0
    assert shown[0] != shown[1]


CHANGES = {
    "nothing": "select 1",
    "a name": "update {} set legal_name = 'New' where customer_id = 'C7'",
    "a code": "update {} set country = 'FR' where customer_id = 'C7'",
    "fewer": "delete from {} where customer_id in ('C5', 'C6')",
    "a row twice": "insert into {} from {} limit 1",
    "all": "update {} set country = 'FR'",
    "a column more": "alter table {} add column nickname varchar",
    "a table fewer": "drop table {}",
}


def assert_is_what_masking_gives(home: Home) -> None:
    """The served masked publication equals the warehouse, masked from nothing."""
    key = personal_data.masking_key(home)
    with duckdb.connect(str(home.warehouse), read_only=True) as warehouse:
        warehouse.execute(f"set variable {personal_data.KEY} = '{key}'")
        tables = publication.tables_of(warehouse, "warehouse")
        for mart, columns in tables.items():
            selected = personal_data.selection(mart, columns, personal_data.marked())
            wanted = warehouse.execute(
                f"select {selected} from marts.{mart} order by all"
            ).fetchall()
            assert masked_rows(home, f"from marts.{mart} order by all") == wanted, mart


@pytest.mark.parametrize("change", CHANGES)
def test_the_masked_publication_follows_every_change(
    home: Home, made_once: Callable[..., Home], change: str
) -> None:
    other = "create table marts.dim_dates as select 1 as day_number"

    def publish_customers(home: Home) -> None:
        warehouse_of(home, other, CUSTOMERS.format(1000))
        publish.publish(home, "run-a")

    made_once("customers published", home, publish_customers)
    of_customers = CHANGES[change].replace("{}", "marts.dim_customers")
    warehouse_of(home, other, CUSTOMERS.format(1000), of_customers)
    path = publish.publish(home, "run-b")
    assert home.serving_masked.resolve() == (home.masked / path.name).resolve()
    assert_is_what_masking_gives(home)


@pytest.mark.parametrize(
    "by", ["customer_id", "legal_name"], ids=["by an id", "by a masked column"]
)
def test_the_masked_publication_follows_told_changes(home: Home, by: str) -> None:
    warehouse_of(home, CUSTOMERS.format(1000))
    publish.publish(home, "run-a")
    warehouse_of(
        home,
        CUSTOMERS.format(1000),
        "update marts.dim_customers set country = 'FR', email = 'new' where customer_id = 'C7'",
        "delete from marts.dim_customers where customer_id = 'C8'",
        "create schema changes",
        "create table changes.dim_customers as "
        "select *, 'came' as change from marts.dim_customers where customer_id = 'C7' union all "
        "select * replace ('C8' as customer_id, 'Name of 8' as legal_name), 'went' as change "
        "from marts.dim_customers where customer_id = 'C7'",
        f"comment on table changes.dim_customers is '{by}'",
        "create table changes.last_run as select 'run-b' as run_id, 'run-a' as built_on",
    )
    publish.publish(home, "run-b")
    assert masked_rows(home, "select count(*) from marts.dim_customers") == [(999,)]
    assert_is_what_masking_gives(home)


def test_other_marks_and_another_key_mask_anew(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    warehouse_of(home, CUSTOMERS.format(10))
    publish.publish(home, "run-a")
    monkeypatch.setattr(
        personal_data, "marked", lambda: {"dim_customers": {"country": Mark("text")}}
    )
    publish.publish(home, "run-b")
    assert masked_rows(home, "select distinct country from marts.dim_customers") == [("•••",)]
    before = masked_rows(home, "select min(email), min(legal_name) from marts.dim_customers")
    assert before == [("•••", "•••")], "what is no longer marked is masked as unknown"


def test_a_masked_publication_that_is_gone_is_made_from_nothing(home: Home) -> None:
    warehouse_of(home, CUSTOMERS.format(10))
    first = publish.publish(home, "run-a")
    (home.masked / first.name).unlink()
    publish.publish(home, "run-b")
    assert_is_what_masking_gives(home)


def test_a_mark_of_no_known_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "m.yml").write_text(
        "models: [{name: m, columns: [{name: c, config: {meta: {personal_data: nam}}}]}]"
    )
    with pytest.raises(PersonalDataError, match=r"m\.c"):
        personal_data.marked(tmp_path)
    with pytest.raises(PersonalDataError, match="no marts"):
        personal_data.marked(tmp_path / "none")


def described_columns() -> dict[str, list[tuple[str, str]]]:
    """Text columns of all marts, by mart, with their descriptions."""
    found: dict[str, list[tuple[str, str]]] = {}
    for path in sorted((PROJECT_DIR / "models" / "marts").rglob("*.yml")):
        document = personal_data.yaml.load(path.read_text(), Loader=personal_data._loader())
        for model in document.get("models", ()):
            found[model["name"]] = [
                (column["name"], str(column["data_type"])) for column in model["columns"]
            ]
    return found


def test_every_text_column_of_a_mart_is_looked_at() -> None:
    marks = personal_data.marked()
    open_columns = [
        f"{mart}.{name}"
        for mart, columns in described_columns().items()
        for name, data_type in columns
        if (data_type == "string" or "varchar" in data_type)
        and name not in marks[mart]
        and name not in personal_data.NOT_PERSONAL
    ]
    assert not open_columns, (
        "Mark them in the mart's YAML (config: {meta: {personal_data: name}}, kinds in "
        f"orchestration/personal_data.py), or name them there as not personal: {open_columns}"
    )


def test_what_is_known_as_not_personal_is_a_column_somewhere() -> None:
    names = {name for columns in described_columns().values() for name, _ in columns}
    assert names >= personal_data.NOT_PERSONAL


def test_marks_name_columns_of_their_mart() -> None:
    columns = described_columns()
    for mart, marks in personal_data.marked().items():
        names = {name for name, _ in columns[mart]}
        for mark in marks.values():
            assert mark.of is None or mark.of in names
            if mark.where:
                assert set(re.findall(r"^(\w+) ", mark.where)) <= names


def test_nothing_personal_of_a_company_is_in_its_masked_publication(reconciled: Tieout) -> None:
    """Asked of all values of all text columns, not of those that somebody thought of marking."""
    home = reconciled.home
    with duckdb.connect(str(home.serving_masked.resolve()), read_only=True) as connection:
        connection.execute(f"attach '{home.serving.resolve()}' as whole (read_only)")
        connection.execute(
            "create temp table personal as select distinct upper(value) as value from ("
            "select legal_name from whole.marts.dim_customers union all "
            "select email from whole.marts.dim_customers union all "
            "select document_number from whole.marts.fct_items "
            # a line without a name is called by its reference
            "where item_type = 'bank_transaction' and not contains(item_id, document_number) "
            "union all "
            "select key_value from whole.marts.dim_learned_payers) as v(value) "
            "where length(value) > 5"
        )
        columns = connection.execute(
            "select table_name, column_name, data_type from information_schema.columns "
            "where table_catalog <> 'whole' and table_schema = 'marts'"
        ).fetchall()
        found = []
        for mart, column, data_type in columns:
            if personal_data.is_text(data_type):
                found += connection.execute(
                    f'with shown as (select distinct upper("{column}"::varchar) as value '
                    f"from marts.{mart}) select '{mart}.{column}', shown.value from shown "
                    "where exists (select 1 from personal "
                    "where contains(shown.value, personal.value)) limit 1"
                ).fetchall()
        [(wanted,)] = connection.execute("select count(*) from personal").fetchall()
    assert wanted > 50
    assert not found
