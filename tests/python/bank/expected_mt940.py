"""Reads the expected readings beside the real MT940 files without importing what they describe.

They are YAML dumps of Python objects. Nothing is constructed here but mappings, lists, decimals
and dates: a tag names a shape, never code to run.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml


class _DataLoader(yaml.SafeLoader):
    """Turns tagged objects into plain data."""


def _plain(loader: _DataLoader, suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        # Two steps, because a transaction refers back to the list that holds it.
        data: dict[Any, Any] = {}
        yield data
        data.update(loader.construct_mapping(node))
        return
    if isinstance(node, yaml.SequenceNode):
        items = loader.construct_sequence(node, deep=True)
        if suffix.endswith("decimal.Decimal"):
            yield Decimal(items[0])
        elif suffix.endswith("models.Date") and isinstance(items[0], bytes):
            high, low, month, day = items[0]
            yield date(high * 256 + low, month, day)
        else:
            yield items
        return
    yield loader.construct_scalar(node)


_DataLoader.add_multi_constructor("tag:yaml.org,2002:python/", _plain)


def expected_transactions(path: Path) -> list[dict[str, Any]]:
    """The transactions of an expected reading, in order."""
    with path.open(encoding="utf-8") as text:
        return [transaction["data"] for transaction in yaml.load(text, _DataLoader)["transactions"]]
