"""Controls whose choice is kept in the page's address, so that a view can be linked and sent on.

Streamlit's own `bind="query-params"` writes the label of an option into the address; labels here
hold counts, and links from other pages name codes.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

_KNOWN = "_address"
_LEFT_AS = "_address_left_as"


def _start(key: str, value: Sequence[str] | str) -> None:
    st.session_state[key] = value
    st.session_state.setdefault(_KNOWN, set()).add(key)


def forget() -> None:
    """Let every control start anew from the address, which a link is about to change."""
    for key in st.session_state.pop(_KNOWN, set()):
        st.session_state.pop(key, None)


def arrive() -> None:
    """Before a page runs: where the browser went back or forward, the address rules."""
    left_as = st.session_state.get(_LEFT_AS)
    if left_as is not None and left_as != _now():
        forget()


def leave() -> None:
    """Remember what the address says, now that the page has written its choices into it."""
    st.session_state[_LEFT_AS] = _now()


def _now() -> dict[str, list[str]]:
    return {name: st.query_params.get_all(name) for name in st.query_params}


def many(key: str, options: Sequence[str] | None) -> None:
    """Start the multiselect `key` from the address; `options` of None takes any value."""
    if key not in st.session_state:
        given = st.query_params.get_all(key)
        _start(key, [v for v in given if options is None or v in options])


def one(key: str, options: Sequence[str] | None, default: str) -> None:
    """Start the control `key` from the address, or with `default`."""
    if key not in st.session_state:
        given = st.query_params.get(key, default)
        _start(key, given if options is None or given in options else default)


def remember(key: str, chosen: Sequence[str] | str, default: str = "") -> None:
    """Write what is chosen into the address; a default leaves it."""
    values = [chosen] if isinstance(chosen, str) else list(chosen)
    if values in ([], [default]):
        st.query_params.pop(key, None)
    elif st.query_params.get_all(key) != values:
        st.query_params[key] = values
    leave()
