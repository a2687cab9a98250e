"""What was learned, from what, and that it can be taken back."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from dashboard import learned_weights
from orchestration import cli, training
from orchestration.home import Home, TieoutError
from orchestration.ingest.store import CALIBRATION_TYPES, WEIGHT_TYPES
from tests.python.dashboard import audited_company
from tests.python.dashboard.conftest import html_of, open_page
from tests.python.dashboard.marts_file import publish


@pytest.fixture
def audited(home: Path) -> Path:
    """A home in which the audited company is published."""
    publish(home, "run-audited", audited_company.rows())
    return home


def train(home: Home, version: str, weight: str) -> None:
    """What a training writes: one level of one reconciliation, and how it was checked."""
    rows = {
        home.weights: (
            WEIGHT_TYPES,
            [version, "invoice_to_receipt", "days", "01", "-60", "-7", "0.5", "0.1", weight, "0.2"],
        ),
        home.calibrations: (
            CALIBRATION_TYPES,
            [version, "invoice_to_receipt", "0.9", "1", "1234", "0.95", "0.94", "0.01"],
        ),
    }
    for folder, (types, values) in rows.items():
        folder.mkdir(parents=True, exist_ok=True)
        columns = ", ".join(
            f"cast('{value}' as {kind}) as {name}"
            for (name, kind), value in zip(types.items(), values, strict=True)
        )
        with duckdb.connect() as connection:
            connection.execute(
                f"copy (select {columns}) to '{folder / version}.parquet' (format parquet)"
            )


def test_each_payer_says_what_taught_it_and_whether_it_is_used(audited: Path) -> None:
    body = html_of(open_page("learned"))
    assert "<b>2 payers</b> in use" in body
    assert "for payments after 22 Jun 2026" in body
    assert "for all: a person said so" in body
    assert "it pays for several customers" in body
    assert "by ana" in body
    assert "match=m-discount" in body
    assert "THE &lt;TREASURY&gt;" in body


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"status": "conflicting"}, {"DE03FACTOR"}),
        ({"search": "hub"}, {"DE02HUB", "OLD HUB"}),
        ({"search": "nobody"}, set()),
    ],
)
def test_filters_of_the_address_narrow_payers(
    audited: Path, filters: dict[str, str], found: set[str]
) -> None:
    body = html_of(open_page("learned", **filters))
    values = {payer["key_value"] for payer in audited_company.PAYERS}
    assert {value for value in values if f">{value}<" in body} == found


def test_one_payer_offers_to_take_it_back_and_a_removed_one_does_not(audited: Path) -> None:
    app = open_page("learned", payer="account/DE02HUB")
    assert '<b class="t-mono">DE02HUB</b>' in html_of(app)
    assert [button.label for button in app.button if button.key == "forget"] == ["Take it back"]
    app = open_page("learned", payer="name/OLD HUB")
    assert not [button for button in app.button if button.key == "forget"]
    assert "It was taken back and stays so" in html_of(app)


def test_only_who_may_decide_takes_anything_back(
    audited: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIEOUT_LOCAL_ROLES", "auditor")
    assert open_page("learned", payer="account/DE02HUB").button(key="forget").disabled
    assert not open_page("matches", match="m-lost").button(key="unmatch").disabled
    monkeypatch.setenv("TIEOUT_LOCAL_ROLES", "viewer")
    assert open_page("matches", match="m-lost").button(key="unmatch").disabled
    assert "DE02HUB" not in html_of(open_page("learned"))


def test_weights_say_what_the_last_training_moved(audited: Path) -> None:
    assert "weights <b>as shipped</b>" in html_of(open_page("learned", show="weights"))
    train(Home(audited), "0001-aaaaaaaa", "1.5")
    train(Home(audited), "0002-bbbbbbbb", "-2.25")
    [move] = learned_weights.moves(learned_weights.versions(Home(audited)), "invoice_to_receipt")
    assert (move.before, move.level.weight) == (Decimal("1.5"), Decimal("-2.25"))
    body = html_of(open_page("learned", show="weights"))
    assert "trained 2 times" in body
    assert "Days between −60 to below −7" in body
    assert "for (+1.50)" in body
    assert "against (−2.25)" in body
    assert "1,234 known pairs" in body


def test_a_training_is_taken_back_and_kept_aside(
    audited: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = Home(audited)
    with pytest.raises(TieoutError, match="Nothing was trained"):
        training.take_back(home)
    train(home, "0001-aaaaaaaa", "1.5")
    train(home, "0002-bbbbbbbb", "-2.25")
    home.warehouse.touch()
    assert cli.main(["train", "--take-back"]) == 0
    assert "the next run uses those before them (0001-aaaaaaaa)" in capsys.readouterr().out
    assert not home.warehouse.exists()
    versions = learned_weights.versions(home)
    assert [version.name for version in versions] == ["0000-shipped", "0001-aaaaaaaa"]
    assert not (home.calibrations / "0002-bbbbbbbb.parquet").exists()
    aside = home.root / "weights_taken_back"
    assert sorted(path.name for path in aside.iterdir()) == [
        "0001-0002-bbbbbbbb.calibration.parquet", "0001-0002-bbbbbbbb.weights.parquet",
    ]  # fmt: skip
