"""The two files that people write: who is on call when, what goes where, and what is wrong."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from orchestration import seeds
from orchestration.alerting import after_run, calendar, coverage, names, routes, sender
from orchestration.home import PROJECT_DIR, Home, TieoutError
from orchestration.schedule import DAILY_AT

README = PROJECT_DIR / "orchestration" / "alerting" / "README.md"


@pytest.fixture
def documented(home: Home) -> Home:
    """A home with the two examples of the documentation."""
    blocks = re.findall(r"```yaml\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    (home.root / "alerts.yml").write_text(blocks[0], encoding="utf-8")
    (home.root / "oncall.yml").write_text(blocks[1], encoding="utf-8")
    return home


def replaced(home: Home, file: str, old: str, new: str) -> None:
    path = home.root / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def people(home: Home) -> calendar.Calendar:
    found = routes.read(home)
    assert found is not None and found.calendar is not None
    return found.calendar


def test_the_documented_example_is_one(documented: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "PAGERDUTY_INTEGRATION_KEY": "k" * 32,
        "PAGERDUTY_API_KEY": "a" * 20,
        "SLACK_ADDRESS": f"slack://T1JJ3T3L2/A1BRTD4JD/{'x' * 24}/#reconciliation",
        "SMTP_USER": "user",
        "SMTP_PASSWORD": "password",
    }.items():
        monkeypatch.setenv(name, value)
    found = routes.read(documented)
    assert found is not None
    assert found.renotify == routes.RENOTIFY
    assert found.due == routes.Due(DAILY_AT, "UTC")
    checked = sender.check(documented, found)
    closing = {
        name for name, one in checked.items() if isinstance(one, sender.Service) and one.knows_key
    }
    assert not [one for one in checked.values() if isinstance(one, TieoutError)]
    assert closing == {"pager"}
    assert coverage.unrouted(found) == {}


def test_whatever_can_fire_may_be_named_by_a_route(home: Home) -> None:
    possible = list(coverage.possible())
    named = {
        name: sorted({alert[name] for alert in possible})
        for name in ("alert", "root_cause", "group")
    }
    (home.root / "alerts.yml").write_text(
        "destinations: {chat: 'json://127.0.0.1:9'}\n"
        f"routes: [{json.dumps(named | {'to': 'chat'})}]\n",
        encoding="utf-8",
    )
    found = routes.read(home)
    assert found is not None and coverage.unrouted(found) == {}


def test_groups_are_known_as_the_models_make_them() -> None:
    folder = PROJECT_DIR / "macros" / "service_levels"
    models = [folder / f"{name}_alerts.sql" for name in ("burn_rate", "control", "feed")]
    models.append(PROJECT_DIR / "models" / "marts" / "service_levels" / "fct_alerts.sql")
    made = [
        named
        for model in models
        for named in re.findall(
            r"'([a-z_]+:?)'(?: \|\| [\w.]+)?(?: end)? as group_key|then '([a-z_]+:)' \|\|",
            model.read_text(encoding="utf-8"),
        )
    ]
    beginnings = {first or second for first, second in made}
    assert {"feed:", "surge:", "account:", "rule:", "issuance"} <= beginnings
    kinds = {row["kind"] for row in seeds.rows("anomaly_limits")} - {"indicator"}
    for begins in beginnings | {f"{kind}:" for kind in kinds}:
        name = begins + {"rule:": seeds.rows("match_rules")[0]["rule_id"]}.get(begins, "x")
        group = name if begins.endswith(":") else begins
        assert group in names.groups() or names.is_of_data(group)


def test_alerts_that_no_route_takes_are_named(documented: Home) -> None:
    (documented.root / "oncall.yml").unlink()
    (documented.root / "alerts.yml").write_text(
        "destinations: {chat: 'json://127.0.0.1:9'}\n"
        "routes:\n"
        "  - {severity: page, team: [receivables, data_platform], to: chat}\n"
        "  - {severity: ticket, to: chat}\n",
        encoding="utf-8",
    )
    found = routes.read(documented)
    assert found is not None
    missed = coverage.unrouted(found)
    assert ("page", "treasury") in missed and ("info", "receivables") in missed
    assert missed["info", "receivables"] == ["slo_without_data"]
    assert not [key for key in missed if key[0] == "ticket" or key == ("page", "data_platform")]
    # no louder than the root cause allows
    assert ("page", "customer_has_not_paid") not in {
        (alert["severity"], alert["root_cause"]) for alert in coverage.possible()
    }


def test_a_run_is_expected_when_the_schedule_starts_one(
    documented: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIEOUT_SCHEDULE", "30 5 * * 1-5")
    monkeypatch.setenv("TIEOUT_SCHEDULE_ZONE", "Europe/Berlin")
    file = documented.root / "alerts.yml"
    text = file.read_text(encoding="utf-8")
    [line] = re.findall(r"^runs: .*$", text, re.MULTILINE)
    hour = timedelta(hours=1)
    for written, due in (
        ("", routes.Due("30 5 * * 1-5", "Europe/Berlin", hour)),
        ("runs: {grace_minutes: 30}", routes.Due("30 5 * * 1-5", "Europe/Berlin", hour / 2)),
        ('runs: {due: "07:05"}', routes.Due("5 7 * * *", "UTC", hour)),
        ("runs: unscheduled", None),
    ):
        file.write_text(text.replace(line, written), encoding="utf-8")
        found = routes.read(documented)
        assert found is not None and found.due == due


@pytest.mark.parametrize(
    ("moment", "who", "until"),
    [
        (datetime(2026, 5, 1), "ada", datetime(2026, 6, 8, 7)),  # before the first handover
        (datetime(2026, 6, 1, 7), "ada", datetime(2026, 6, 8, 7)),
        (datetime(2026, 6, 8, 6, 59), "ada", datetime(2026, 6, 8, 7)),
        (datetime(2026, 6, 8, 7), "bo", datetime(2026, 6, 15, 7)),
        # clocks went back: the handover keeps its local hour
        (datetime(2026, 11, 2, 7, 30), "bo", datetime(2026, 11, 2, 8)),
        (datetime(2026, 11, 2, 8), "ada", datetime(2026, 11, 9, 8)),
        # an override, from its first moment to before its last, and what it cuts short
        (datetime(2026, 12, 24, 7, 59), "bo", datetime(2026, 12, 24, 8)),
        (datetime(2026, 12, 24, 8), "bo", datetime(2026, 12, 27, 8)),
        (datetime(2026, 12, 27, 8), "bo", datetime(2026, 12, 28, 8)),
    ],
)
def test_people_take_turns_at_a_local_hour(
    documented: Home, moment: datetime, who: str, until: datetime
) -> None:
    shift = people(documented).on_call("finance", moment)
    assert (shift.person.key, shift.ends_at) == (who, until)


def test_an_override_stands_in_for_whoever_has_the_turn(documented: Home) -> None:
    replaced(documented, "oncall.yml", "person: bo", "person: ada")
    calendar_of = people(documented)
    assert calendar_of.on_call("finance", datetime(2026, 12, 24, 7)).person.key == "bo"
    shift = calendar_of.on_call("finance", datetime(2026, 12, 25))
    assert (shift.person.key, shift.is_override) == ("ada", True)


def test_a_daily_rotation_changes_every_day(documented: Home) -> None:
    replaced(documented, "oncall.yml", "monday 09:00 ", "daily 09:00 ")
    told = [people(documented).on_call("finance", datetime(2026, 6, day, 12)) for day in (1, 2, 3)]
    assert [shift.person.key for shift in told] == ["ada", "bo", "ada"]


def test_levels_are_people_or_rotations(documented: Home) -> None:
    replaced(documented, "oncall.yml", "escalate_to: [bo, ada]", "escalate_to: [ada]")
    found = people(documented)
    moment = datetime(2026, 6, 9)
    called = [found.level("finance", level, moment) for level in (0, 1, 2)]
    assert [person and person.key for person in called] == ["bo", "ada", None]


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("oncall.yml", "zone: Europe/Berlin", "zone: Berlin", "rotations.finance.zone: 'Berlin'"),
        ("oncall.yml", "monday 09:00", "mondays 9", "is no handover: write `monday 09:00`"),
        ("oncall.yml", "starts: 2026-06-01", "starts: 2026-06-02", "is a Tuesday, and handover"),
        ("oncall.yml", "people: [ada, bo]", "people: [ada, eve]", "'eve' is nobody of `people`"),
        ("oncall.yml", "to: [ada-mail]", "to: [ada-post]", "'ada-post' is no destination"),
        ("oncall.yml", "escalate_to: [bo, ada]", "escalate_to: [eve]", "neither a person nor"),
        ("oncall.yml", "escalate_to: [bo, ada]", "escalate_to: [finance]", "escalates to itself"),
        ("oncall.yml", "escalate_after_minutes: 15", "escalate_after_minutes: 0", "from 1"),
        ("oncall.yml", "until: 2026-12-27", "until: 2026-12-23", "ends before it starts"),
        ("oncall.yml", "handover:", "hand_over:", "Did you mean 'handover'?"),
        ("alerts.yml", "- severity: page", "- severity: pages", "routes[0].severity: 'pages'"),
        ("alerts.yml", "team: data_platform", "team: platform", "routes[1].team: 'platform'"),
        (
            "alerts.yml",
            "team: data_platform",
            "alert: revnue_at_risk",
            "routes[1].alert: 'revnue_at_risk' is no alert; near it: revenue_at_risk",
        ),
        (
            "alerts.yml",
            "team: data_platform",
            "root_cause: [payout_late, feed_lat]",
            "routes[1].root_cause: 'feed_lat' is no root cause; near it: feed_late",
        ),
        (
            "alerts.yml",
            "team: data_platform",
            "alert: zzz",
            "'zzz' is no alert; seeds alert_rules, run_notices, intake_alerts list them",
        ),
        ("alerts.yml", "team: data_platform", "group: runs:queue_surge", "near it: runs:queue_sur"),
        ("alerts.yml", "team: data_platform", 'group: "feed:"', "or NAME after feed:, surge:"),
        ("alerts.yml", "team: data_platform", "group: rule:nothing_such", "is no group of alerts"),
        ("alerts.yml", "on-call:finance", "on-call:ops", "has no rotation 'ops'"),
        ("alerts.yml", "to: [pager,", "to: [beeper,", "'beeper' is no destination"),
        ("alerts.yml", "grace_minutes: 60", "due: noon", 'as "06:00"'),
        ("alerts.yml", "destinations:", "destination:", "Did you mean 'destinations'?"),
        ("alerts.yml", "routes:", "routes: [", "alerts.yml is no YAML: line"),
        ("alerts.yml", "  ada-mail:", "  pager:", "'pager' stands twice"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(
    documented: Home, file: str, old: str, new: str, said: str
) -> None:
    replaced(documented, file, old, new)
    with pytest.raises(TieoutError, match=re.escape(said)) as refused:
        routes.read(documented)
    assert file in str(refused.value)


def test_the_first_route_that_fits_decides_unless_it_goes_on(documented: Home) -> None:
    found = routes.read(documented)
    assert found is not None

    def to(severity: str, team: str) -> list[str]:
        return found.routed(
            {"severity": severity, "team": team, "root_cause": "x", "alert": "y", "group": "z"}
        )

    assert to("page", "data_platform") == ["pager", "on-call:finance", "finance-chat"]
    assert to("ticket", "data_platform") == ["warehouse-hook", "finance-chat"]
    assert to("ticket", "treasury") == ["finance-chat"]
    assert to("info", "treasury") == ["finance-chat"]


def test_secrets_come_from_the_environment_or_the_secrets_file_and_are_not_told(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home.root / "alerts.yml").write_text(
        "destinations:\n"
        "  one: slack://${TOKENS}/#a\n"
        "  two: json://user:hunter2secret@127.0.0.1/\n"
        "  three: ${MISSING}\n"
        "  four: ${NONSENSE}\n"
        "routes: [{to: one}]\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("NONSENSE", "verysecretnonsense")
    (home.root / "secrets.toml").write_text(
        f"[alerts]\nTOKENS = 'T1JJ3T3L2/A1BRTD4JD/{'x' * 24}'\n", encoding="utf-8"
    )
    found = routes.read(home)
    assert found is not None
    checked = sender.check(home, found)
    assert isinstance(checked["one"], sender.Service) and checked["one"].name == "Slack"
    said = {name: str(one) for name, one in checked.items() if isinstance(one, TieoutError)}
    assert "holds a secret. Write it as ${NAME}" in said["two"]
    assert "names ${MISSING}, which has no value" in said["three"]
    assert "apprise does not understand this address" in said["four"]
    assert not re.search("hunter2|verysecret", "".join(said.values()))


def test_without_the_file_nobody_is_told_and_the_summary_says_so(home: Home) -> None:
    assert routes.read(home) is None
    assert after_run.tell(home) is None
    assert "Alerts reach nobody" in after_run.unconfigured(home)
    assert str(home.root / "alerts.yml") in after_run.unconfigured(home)
    assert not (home.root / "review.sqlite").exists()


def test_the_documentation_names_commands_that_exist() -> None:
    from orchestration import cli

    text = Path(README).read_text(encoding="utf-8")
    for what in re.findall(r"`tieout alerts (\w+)", text):
        arguments = {"test": ["--to", "x"]}.get(what, [])
        assert cli.parser().parse_args(["alerts", what, *arguments]).what == what
