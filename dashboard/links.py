"""Links inside the app: they change the page in place, and what the address says is what is shown.

Pages link to each other with relative addresses (`components.link`). The browser would load the
whole app anew for each; a small component tells the click to this module instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import streamlit as st
from streamlit.components.v2 import component

from dashboard import address

if TYPE_CHECKING:
    from streamlit.navigation.page import StreamlitPage

_clicks = component(
    "tieout_links", js=(Path(__file__).parent / "links.js").read_text(encoding="utf-8")
)


def follow(pages: Sequence[StreamlitPage]) -> None:
    """Go where the link leads that was clicked, if one was."""
    clicked = _clicks(key="links", on_address_change=lambda: None).address
    if not clicked:
        return
    parts = urlsplit(str(clicked))
    for page in pages:
        if page.url_path == parts.path.removeprefix("./"):
            address.forget()
            st.switch_page(page, query_params=parse_qsl(parts.query))
