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
