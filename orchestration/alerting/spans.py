"""Lengths of time in words."""

from __future__ import annotations

from datetime import timedelta


def span(length: timedelta) -> str:
    """A length of time in words: `2 d 3 h`."""
    minutes = max(0, int(length.total_seconds()) // 60)
    days, rest = divmod(minutes, 24 * 60)
    hours, minutes = divmod(rest, 60)
    parts = [f"{days} d" if days else "", f"{hours} h" if hours else ""]
    parts.append(f"{minutes} min" if minutes or not (days or hours) else "")
    return " ".join(part for part in parts if part)
