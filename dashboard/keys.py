"""Keys that Streamlit's own shortcuts cannot be: `/`, `?` and the arrows."""

from __future__ import annotations

from pathlib import Path

from streamlit.components.v2 import component

_keys = component("tieout_keys", js=(Path(__file__).parent / "keys.js").read_text(encoding="utf-8"))


def listen() -> None:
    """Hear the keys of the page of cases, wherever the focus is, except while somebody types."""
    _keys(key="keys")
