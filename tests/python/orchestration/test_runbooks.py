"""Runbooks are true: each code has its page, every query runs, every command and file exists."""

from __future__ import annotations

import csv
import io
import re
import shlex
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import get_args

import duckdb
import pytest
import yaml

from dashboard import runbooks
from orchestration import run_notices, seeds
from orchestration.alerting import intake_alerts, names, run_alerts
from orchestration.alerting.alerts import Alert
from orchestration.alerting.message import first_step
from orchestration.cli import parser
from tests.python.tieout_process import PROJECT, Tieout

FOLDER = PROJECT / "orchestration" / "runbooks"
PLAYBOOKS = FOLDER / "playbooks"
PAGES = sorted(path for path in FOLDER.glob("*.md") if path.name != "README.md")
ALL = [*PAGES, *sorted(PLAYBOOKS.glob("*.md"))]

HEADINGS = (
    "Symptom",
    "Meaning",
    "First five minutes",
    "Queries",
    "Safe fixes",
    "Escalation",
    "How to verify",
)

BY_HAND = {"match_id"}
"""Places that neither a case nor an alert fills: a query before them names the value."""


def codes() -> Iterator[tuple[str, str]]:
    """Every code that may name a page, and the page."""
    for seed, column in (("exception_types", "exception_type"), ("alert_rules", "alert_name")):
        with (PROJECT / "seeds" / f"{seed}.csv").open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                yield row[column], row["runbook"]


@pytest.mark.parametrize(("code", "page"), sorted(set(codes())))
def test_each_exception_type_and_alert_has_its_page(code: str, page: str) -> None:
    path = PROJECT / page
    assert path.is_file(), f"{code}: write {page}"
    assert path.parent == FOLDER


def test_each_alert_about_runs_and_the_intake_has_its_page() -> None:
    kinds = [*get_args(run_alerts.Kind), *run_notices.limits(), *intake_alerts.limits()]
    for kind in kinds:
        assert (FOLDER / f"{kind}.md").is_file(), f"write a runbook for {kind}"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_pages_have_one_form(page: Path) -> None:
    found = re.findall(r"^## (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert tuple(found) == HEADINGS


@pytest.mark.parametrize("page", ALL, ids=lambda path: path.stem)
def test_every_query_runs_on_what_is_published(page: Path, reconciled: Tieout) -> None:
    published = str(reconciled.home.serving.resolve())
    with duckdb.connect(published, read_only=True) as connection:
        for block in _blocks(page, "sql"):
            filled = runbooks.filled_in(block, _values(connection, page.stem))
            for query in filter(str.strip, filled.split(";")):
                connection.execute(query).fetchall()


@pytest.mark.parametrize("page", ALL, ids=lambda path: path.stem)
def test_every_command_and_file_exists(page: Path) -> None:
    targets = _targets()
    for said in _told(page):
        wrong = _refused(said)
        assert not wrong, f"{page.name} names `{said}`: {wrong}"
        for target in re.findall(r"^make ([a-z0-9-]+)", said):
            assert target in targets, f"{page.name} names `make {target}`"
        if re.fullmatch(r"(seeds|models|orchestration|dashboard|playbooks|tests)/[\w./-]+", said):
            known = [PROJECT / said, FOLDER / said]
            assert any(path.exists() for path in known), f"{page.name} names {said}"
        if re.fullmatch(r"\w+\.md", said):
            known = [FOLDER / said, PLAYBOOKS / said]
            assert any(path.exists() for path in known), f"{page.name} names {said}"


@pytest.mark.parametrize(
    ("said", "is_right"),
    [
        ("tieout alerts list --all", True),
        ("TIEOUT_AS_OF=2026-07-01T06:00:00Z tieout --home copy run | tail -3", True),
        ("tieout backfill --help", True),
        ("tieout alerts frobnicate", False),
        ("tieout alerts list --everything", False),
        ("tieout alerts test", False),
        ("tieout frobnicate", False),
    ],
)
def test_a_command_is_read_whole_by_the_real_parser(said: str, is_right: bool) -> None:
    assert (_refused(said) == "") == is_right


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_safe_fixes_name_a_command(page: Path) -> None:
    [fixes] = re.findall(
        r"^## Safe fixes\n(.*?)^## ", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    assert re.search(r"(`|^)([A-Z_]+=\S+ )*(tieout|make) ", fixes, re.MULTILINE), page.name


def test_each_alert_of_a_rule_file_names_its_page() -> None:
    rules = [
        rule
        for path in (PROJECT / "orchestration" / "monitoring").rglob("*.rules.yml")
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
        for rule in group["rules"]
        if "alert" in rule
    ]
    assert {"TieoutIntakeSilent", "TieoutRunFailed"} <= {rule["alert"] for rule in rules}
    for rule in rules:
        page = PROJECT / rule["annotations"]["runbook"]
        assert page.parent == FOLDER and page.is_file(), f"{rule['alert']}: write {page}"


def test_values_stand_in_a_runbook_and_cannot_break_its_sql() -> None:
    body = "id = '{{item_id}}' and n = {{amount}} and {{unknown}} by {{sla_due_at}}"
    values = {
        "item_id": "O'Hara/1\n```",
        "amount": Decimal("1234.50"),
        "unknown": None,
        "sla_due_at": datetime(2026, 7, 1, 6),
    }
    assert runbooks.filled_in(body, values) == (
        "id = 'O''Hara/1 ```' and n = 1234.5 and {{unknown}} by 2026-07-01 06:00 UTC"
    )


def test_places_are_those_that_pages_fill() -> None:
    filled = {
        "item_type", "item_id", "customer_id", "exception_id", "case_id", "reconciliation",
        "currency", "amount", "who_acts", "sla_due_at", "root_cause", "subject", "group_key",
        "alert_name", "severity", *BY_HAND,
    }  # fmt: skip
    for page in PAGES:
        used = set(re.findall(r"\{\{(\w+)\}\}", page.read_text(encoding="utf-8")))
        assert used <= filled, f"{page.name}: nothing fills {used - filled}"


def _pages_of_alerts() -> dict[str, str]:
    """The page of each alert that can fire."""
    rules = {row["alert_name"]: row["runbook"] for row in seeds.rows("alert_rules")}
    return {name: rules.get(name, f"orchestration/runbooks/{name}.md") for name in names.alerts()}


@pytest.mark.parametrize(("name", "page"), sorted(_pages_of_alerts().items()))
def test_nothing_is_left_to_fill_in_where_an_alert_shows_its_page(name: str, page: str) -> None:
    """In the dashboard and in messages, whatever the alert is about."""
    alert = Alert(
        fingerprint="f", alert_name=name, severity="page", root_cause="feed_late",
        group_key="feed:x", subject="x", team="treasury", opened_at=datetime(2026, 7, 1),
        summary="It is late", runbook=page,
    )  # fmt: skip
    body = runbooks.text(page)
    assert body is not None
    always = ("alert_name", "severity", "root_cause", "group_key", "subject", "opened_at")
    left = runbooks.filled_in(body, {value: getattr(alert, value) for value in always})
    assert re.findall(r"\{\{.*?\}\}", left) == []
    places = set(re.findall(r"\{\{(\w+)\}\}", body))
    assert places <= {field.name for field in fields(Alert)}  # by these messages fill them
    assert first_step(alert), "a message says what to do first"


def test_dashboard_and_messages_know_the_same_of_an_alert() -> None:
    query = (PROJECT / "dashboard" / "queries" / "on_call_alerts.sql").read_text(encoding="utf-8")
    for value in ("alert_name", "severity", "root_cause", "group_key", "subject", "opened_at"):
        assert re.search(rf"\b{value}\b", query)


def _blocks(page: Path, language: str) -> list[str]:
    text = page.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def _values(connection: duckdb.DuckDBPyConnection, code: str) -> dict[str, object]:
    """Those of a case of that type, where the company has one."""
    cursor = connection.execute(
        "select * from marts.fct_exceptions "
        "order by exception_type = $1 desc, exception_id limit 1",
        [code],
    )
    names = [column[0] for column in cursor.description or []]
    [row] = cursor.fetchall()
    told = dict.fromkeys(("subject", "group_key", "alert_name", *BY_HAND), "x")
    return {**told, **dict(zip(names, row, strict=True))}


def _told(page: Path) -> list[str]:
    """What stands between backticks, also over a line end, and each line of a block of commands."""
    text = page.read_text(encoding="utf-8")
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    told = [" ".join(said.split()) for said in re.findall(r"`([^`]+)`", prose)]
    return told + [line for block in _blocks(page, "sh") for line in block.splitlines()]


def _refused(said: str) -> str:
    """Why the parser of `tieout` refuses a command; nothing where it does not, or it is no such."""
    found = re.match(r"(?:[A-Z_]+=\S+ )*tieout (.*)", said)
    if found is None:
        return ""
    arguments = shlex.split(re.split(r" (?:\||>|&&|;)", found[1])[0], comments=True)
    complaint = io.StringIO()
    try:
        with redirect_stderr(complaint), redirect_stdout(io.StringIO()):
            parser().parse_args(arguments)
    except SystemExit as end:
        return complaint.getvalue() if end.code else ""
    return ""


def _targets() -> set[str]:
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z0-9-]+):", makefile, re.MULTILINE))
