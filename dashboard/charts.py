"""Charts as Vega-Lite specifications. Positions on a chart are floats; the text beside is exact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from dashboard import format as fmt

BLUE = "#0b5c8a"
GREY = "#586674"


def rate_over_time(rows: Sequence[Mapping[str, Any]], target: Decimal | None) -> dict[str, Any]:
    """A line of `success_rate` over `as_of_date`, with the target dashed."""
    values = [
        {
            "date": fmt.day(row["as_of_date"]),
            "rate": float(row["success_rate"]),
            "text": fmt.percent(row["success_rate"]),
        }
        for row in rows
    ]
    x = {
        "field": "date",
        "type": "temporal",
        "axis": {"title": None, "format": "%d %b", "grid": False, "tickCount": 6},
    }
    layers: list[dict[str, Any]] = [
        {
            "mark": {
                "type": "line",
                "color": BLUE,
                "strokeWidth": 2,
                "point": {"color": BLUE} if len(values) < 15 else False,
            },
            "encoding": {
                "x": x,
                "y": {
                    "field": "rate",
                    "type": "quantitative",
                    "scale": {"zero": False, "nice": True},
                    "axis": {
                        "title": None,
                        "format": ".1%",
                        "tickCount": 5,
                        "gridColor": "#e2e7ec",
                    },
                },
                "tooltip": [
                    {"field": "date", "type": "nominal", "title": "Date"},
                    {"field": "text", "type": "nominal", "title": "Success rate"},
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
    return {
        "data": {"values": values},
        "height": 250,
        "description": "Line chart of the reconciliation success rate per day, with its target.",
        "layer": layers,
        "config": {"view": {"stroke": None}, "axis": {"labelColor": "#44525f"}},
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
