"""What the headline figures mean: the words of the marts' own documentation, read once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from orchestration.home import PROJECT_DIR

_BLOCK = re.compile(r"{% docs figure_(\w+) %}\s*([^:]+):(.*?){% enddocs %}", re.DOTALL)


@cache
def meanings() -> Mapping[str, tuple[str, str]]:
    """For each figure its title and its meaning, a sentence."""
    text = (PROJECT_DIR / "models" / "marts" / "figures.md").read_text(encoding="utf-8")
    found = {}
    for name, title, meaning in _BLOCK.findall(text):
        sentence = " ".join(meaning.split())
        found[name] = (title, sentence[:1].upper() + sentence[1:])
    return found


def meaning(name: str) -> str:
    """The meaning of one figure; raises `KeyError` for one that is not documented."""
    return meanings()[name][1]
