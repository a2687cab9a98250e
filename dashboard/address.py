"""Controls whose choice is kept in the page's address, so that a view can be linked and sent on.

Streamlit's own `bind="query-params"` writes the label of an option into the address; labels here
hold counts, and links from other pages name codes.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st


def many(key: str, options: Sequence[str] | None) -> None:
    """Start the multiselect `key` from the address; `options` of None takes any value."""
    if key not in st.session_state:
        given = st.query_params.get_all(key)
        st.session_state[key] = [v for v in given if options is None or v in options]


def one(key: str, options: Sequence[str] | None, default: str) -> None:
    """Start the control `key` from the address, or with `default`."""
    if key not in st.session_state:
        given = st.query_params.get(key, default)
        st.session_state[key] = given if options is None or given in options else default


def remember(key: str, chosen: Sequence[str] | str, default: str = "") -> None:
    """Write what is chosen into the address; a default leaves it."""
    values = [chosen] if isinstance(chosen, str) else list(chosen)
    if values in ([], [default]):
        st.query_params.pop(key, None)
    elif st.query_params.get_all(key) != values:
        st.query_params[key] = values
