"""Charts as Vega-Lite specifications. Positions on a chart are floats; the text beside is exact."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from dashboard import format as fmt

BLUE = "#0b5c8a"
GREY = "#586674"
# Told apart by people who see few colours, and on paper (Okabe and Ito's, darkest first).
SERIES = ("#0b5c8a", "#e69f00", "#56b4e9", "#009e73", "#cc79a7", "#7b8a99")
OTHERS = "others"

_CONFIG = {
    "view": {"stroke": None},
    "axis": {"labelColor": "#44525f", "labelFontSize": 12, "gridColor": "#e2e7ec"},
    "legend": {"labelColor": "#44525f", "labelFontSize": 12},
    "font": "system-ui, sans-serif",
}


def over_time(
    rows: Sequence[Mapping[str, Any]],
    field: str,
    write: Callable[[Mapping[str, Any]], str],
    *,
    title: str,
    axis_format: str,
    target: Decimal | None = None,
    from_zero: bool = False,
) -> dict[str, Any]:
    """A line of `field` over `as_of_date`, with the target dashed; days without a value are gaps.

    `write` gives the exact text of a row for its tooltip; `title` says in a word what it is.
    """
    values = [
        {
            "date": f"{row['as_of_date']:%Y-%m-%d}",
            "day": fmt.day(row["as_of_date"]),
            "value": float(row[field]),
            "text": write(row),
        }
        for row in rows
        if row[field] is not None
    ]
    layers: list[dict[str, Any]] = [
        {
            "mark": {
                "type": "line",
                "color": BLUE,
                "strokeWidth": 2,
                "point": {"color": BLUE} if len(values) < 15 else False,
            },
            "encoding": {
                "x": {
                    "field": "date",
                    "type": "temporal",
                    "axis": {"title": None, "format": "%-d %b", "grid": False, "tickCount": 4},
                },
                "y": {
                    "field": "value",
                    "type": "quantitative",
                    "scale": {"zero": from_zero, "nice": True},
                    "axis": {"title": None, "format": axis_format, "tickCount": 4},
                },
                "tooltip": [
                    {"field": "day", "type": "nominal", "title": "Date"},
                    {"field": "text", "type": "nominal", "title": title},
                ],
            },
        }
    ]
    if target is not None:
        layers.append(
            {
                "data": {"values": [{"target": float(target)}]},
                "mark": {"type": "rule", "color": GREY, "strokeDash": [6, 4]},
                "encoding": {"y": {"field": "target", "type": "quantitative"}},
            }
        )
    return {"data": {"values": values}, "height": 170, "layer": layers, "config": _CONFIG}


def aging(
    cells: Sequence[Mapping[str, Any]],
    buckets: Sequence[Mapping[str, Any]],
    names: Mapping[str, str],
) -> dict[str, Any]:
    """A bar for each bucket, stacked by currency, with what it amounts to above it.

    `cells` and `buckets` have `bucket` and `base_amount` in the reporting currency, cells
    `currency` and `open_amount` too; `names` gives each bucket's name, in their order. A click
    selects `bucket`.
    """
    reporting = buckets[0]["reporting_currency"] if buckets else ""
    order = list(dict.fromkeys(cell["currency"] for cell in cells))
    shown = order if len(order) <= len(SERIES) else order[: len(SERIES) - 1]
    values = [
        {
            "bucket": cell["bucket"],
            "name": names.get(cell["bucket"], cell["bucket"]),
            "currency": cell["currency"] if cell["currency"] in shown else OTHERS,
            "amount": float(cell["base_amount"]),
            "text": fmt.money(cell["base_amount"], reporting),
            "own": fmt.money(cell["open_amount"], cell["currency"]),
        }
        for cell in cells
    ]
    tops = [
        {
            "bucket": bucket["bucket"],
            "name": names.get(bucket["bucket"], bucket["bucket"]),
            "top": float(max(bucket["base_amount"], Decimal(0))),
            "text": fmt.rounded(bucket["base_amount"], reporting).removeprefix(f"{reporting} "),
        }
        for bucket in buckets
    ]
    domain = [*shown, OTHERS] if len(order) > len(shown) else shown
    x = {
        "field": "name",
        "type": "nominal",
        "sort": list(names.values()),
        "axis": {"title": None, "labelAngle": 0, "ticks": False},
        "scale": {"domain": list(names.values())},
    }
    return {
        "height": 235,
        "config": _CONFIG,
        "layer": [
            {
                "data": {"values": values},
                "params": [
                    {"name": "bucket", "select": {"type": "point", "fields": ["bucket"]}},
                ],
                "mark": {"type": "bar", "cursor": "pointer", "width": {"band": 0.62}},
                "encoding": {
                    "x": x,
                    "y": {
                        "field": "amount",
                        "type": "quantitative",
                        "axis": {"title": None, "format": "~s", "tickCount": 4},
                    },
                    "color": {
                        "field": "currency",
                        "type": "nominal",
                        "scale": {"domain": domain, "range": list(SERIES[: len(domain)])},
                        "legend": {"title": None, "orient": "top", "direction": "horizontal"},
                    },
                    "order": {"field": "amount", "type": "quantitative", "sort": "descending"},
                    "tooltip": [
                        {"field": "name", "type": "nominal", "title": "Age"},
                        {"field": "own", "type": "nominal", "title": "Open"},
                        {"field": "text", "type": "nominal", "title": f"In {reporting}"},
                    ],
                },
            },
            {
                "data": {"values": tops},
                "mark": {"type": "text", "dy": -9, "fontWeight": 600, "color": "#1b2733"},
                "encoding": {
                    "x": x,
                    "y": {"field": "top", "type": "quantitative"},
                    "text": {"field": "text", "type": "nominal"},
                },
            },
        ],
    }


def confidence(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Bars of matches by confidence and outcome; a square root keeps small ones seen."""
    outcomes = (("closed", "hold"), ("suggested", "ask a person"), ("refused", "were refused"))
    values = [
        {
            "from": float(row["least_confidence"]),
            "to": float(row["below_confidence"]),
            "matches": row[field],
            "outcome": name,
        }
        for row in rows
        for field, name in outcomes
        if row[field]
    ]
    return {
        "data": {"values": values},
        "height": 240,
        "description": "Bars of the number of matches per twentieth of confidence.",
        "mark": {"type": "bar"},
        "encoding": {
            "x": {
                "field": "from", "bin": {"binned": True, "step": 0.05}, "type": "quantitative",
                "axis": {"title": "Confidence", "format": ".0%", "grid": False},
            },
            "x2": {"field": "to"},
            "y": {
                "field": "matches", "type": "quantitative", "scale": {"type": "sqrt"},
                "axis": {"title": "Matches", "tickCount": 5, "gridColor": "#e2e7ec"},
            },
            "color": {
                "field": "outcome",
                "scale": {
                    "domain": [name for _, name in outcomes],
                    "range": [BLUE, "#e0a030", "#8c1d18"],
                },
                "legend": {"title": None, "orient": "top"},
            },
            "tooltip": [
                {"field": "from", "format": ".0%", "title": "From"},
                {"field": "outcome", "title": "They"},
                {"field": "matches", "format": ",", "title": "Matches"},
            ],
        },
        "config": {"view": {"stroke": None}, "axis": {"labelColor": "#44525f"}},
    }  # fmt: skip


def reliability(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What was said against what was found, with the diagonal on which both are the same."""
    values = [
        {
            "said": float(row["mean_probability"]),
            "found": float(row["observed_share"]),
            "pairs": row["pair_count"],
            "series": f"{fmt.label(row['evidence'])}, {fmt.label(row['reconciliation']).lower()}",
        }
        for row in rows
    ]

    def axis(field: str, title: str) -> dict[str, Any]:
        return {
            "field": field, "type": "quantitative", "scale": {"domain": [0, 1]},
            "axis": {"title": title, "format": ".0%", "tickCount": 5, "gridColor": "#e2e7ec"},
        }  # fmt: skip

    return {
        "height": 300,
        "description": "Reliability diagram: observed share of right pairs by stated probability.",
        "layer": [
            {
                "data": {"values": [{"said": 0, "found": 0}, {"said": 1, "found": 1}]},
                "mark": {"type": "line", "color": GREY, "strokeDash": [6, 4]},
                "encoding": {"x": axis("said", "Said"), "y": axis("found", "Found right")},
            },
            {
                "data": {"values": values},
                "mark": {"type": "line", "strokeWidth": 1.5, "point": False},
                "encoding": {
                    "x": axis("said", "Said"),
                    "y": axis("found", "Found right"),
                    "color": {"field": "series", "legend": {"title": None, "orient": "top"}},
                },
            },
            {
                "data": {"values": values},
                "mark": {"type": "point", "filled": True, "opacity": 0.9},
                "encoding": {
                    "x": axis("said", "Said"),
                    "y": axis("found", "Found right"),
                    "size": {"field": "pairs", "type": "quantitative", "legend": None},
                    "color": {"field": "series", "legend": None},
                    "shape": {"field": "series", "legend": None},
                    "tooltip": [
                        {"field": "series", "title": "Held against"},
                        {"field": "said", "format": ".1%", "title": "Said"},
                        {"field": "found", "format": ".1%", "title": "Found right"},
                        {"field": "pairs", "format": ",", "title": "Judged"},
                    ],
                },
            },
        ],
        "config": {"view": {"stroke": None}, "axis": {"labelColor": "#44525f"}},
    }
