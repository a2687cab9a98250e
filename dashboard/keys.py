"""The keys of the page of cases: those that walk the queue, and `/` and `?`.

People press keys faster than pages are drawn. Streamlit's shortcuts click a button: a second click
before the page has run is none, and a button that the next page enables cannot be clicked yet. So
the browser keeps what was pressed, and tells the next of it once the address of the last is there.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from streamlit.components.v2 import component

WALKING = frozenset("jks")
"""Next, previous, skip."""

_PRESSED = "_keys_pressed"
_HEARD = "_keys_heard"

_keys = component("tieout_keys", js=(Path(__file__).parent / "keys.js").read_text(encoding="utf-8"))


def press(key: str) -> None:
    """A key that walks was pressed, or a button that does the same."""
    st.session_state[_PRESSED] = st.session_state.get(_PRESSED, "") + key


def pressed() -> str:
    """The keys that walk and were pressed since this was last asked, in their order."""
    return str(st.session_state.pop(_PRESSED, ""))


def listen() -> None:
    """Hear keys wherever the focus is, except while somebody types.

    Called once the page has gone where the keys led: only then does the browser tell the next.
    """
    _keys(key="keys", data={"heard": st.session_state.get(_HEARD)}, on_walked_change=_hear)


def _hear() -> None:
    walked = st.session_state["keys"].get("walked") or {}
    # the browser says it again when it hears nothing for long
    if walked and walked["number"] != st.session_state.get(_HEARD):
        st.session_state[_HEARD] = walked["number"]
        for key in walked["keys"]:
            if key in WALKING:
                press(key)
