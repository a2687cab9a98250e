"""`vocabulary.yaml` as objects: what columns and values are called in files of others."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from orchestration.ingest.contract import Contract, load_contract

VOCABULARY_FILE = Path(__file__).resolve().parent / "vocabulary.yaml"

NEVER_UPLOADED = frozenset({"review_decisions", "posting_results"})

_BRACKETS = re.compile(r"[(\[].*?[)\]]")
_OTHERS = re.compile(r"[^a-z0-9]+")
_LETTERS = str.maketrans({"ß": "ss", "ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "°": " ", "№": "no"})


def plain(text: str) -> str:
    """A name as it is compared: no case, accents, punctuation, or what stands in brackets.

    Text that is nothing but brackets is kept, so that no name becomes empty by this alone.
    """
    bare = _BRACKETS.sub(" ", text)
    folded = (bare if bare.strip() else text).casefold().translate(_LETTERS)
    decomposed = unicodedata.normalize("NFKD", folded)
    letters = "".join(c for c in decomposed if not unicodedata.combining(c))
    return _OTHERS.sub(" ", letters).strip()


@dataclass(frozen=True)
class FeedWords:
    """What the columns and values of one feed are called elsewhere, all `plain`."""

    title: str
    typical: frozenset[str]
    names: Mapping[str, tuple[str, ...]]
    credit: frozenset[str]
    debit: frozenset[str]
    side: frozenset[str]
    values: Mapping[str, Mapping[str, str]]
    when_missing: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Vocabulary:
    """All words. `months` and `sides` are by `plain` word, `signs` as they are written."""

    feeds: Mapping[str, FeedWords]
    totals: frozenset[str]
    months: Mapping[str, int]
    signs: Mapping[str, str]
    ambiguous_signs: frozenset[str]
    sides: Mapping[str, str]
    zones: Mapping[str, float]


@cache
def vocabulary() -> Vocabulary:
    """The project's vocabulary. Feeds without words of their own have those of the contract."""
    document = yaml.load(VOCABULARY_FILE.read_text(encoding="utf-8"), yaml.BaseLoader)
    feeds = {
        name: _feed_words(name, document["feeds"].get(name, {}), [c.name for c in feed.columns])
        for name, feed in contract().feeds.items()
    }
    return Vocabulary(
        feeds=feeds,
        totals=frozenset(plain(word) for word in document["totals"]),
        months={plain(w): int(n) for n, words in document["months"].items() for w in words},
        signs=document["currency_signs"],
        ambiguous_signs=frozenset(document["ambiguous_signs"]),
        sides={
            plain(word) or word: side for side, words in document["sides"].items() for word in words
        },
        zones={name: float(hours) for name, hours in document["zones"].items()},
    )


@cache
def contract() -> Contract:
    """The feeds that a person may land, read once in a process.

    What people decided and what the ledger answered is written by tieout alone: a file of it that
    somebody uploads could speak for anybody.
    """
    whole = load_contract({})
    feeds = {name: feed for name, feed in whole.feeds.items() if name not in NEVER_UPLOADED}
    return replace(whole, feeds=feeds)


def _feed_words(name: str, words: Mapping[str, Any], columns: list[str]) -> FeedWords:
    named = words.get("names", {})

    def plains(key: str) -> frozenset[str]:
        return frozenset(plain(word) for word in words.get(key, []))

    return FeedWords(
        title=words.get("title", name.replace("_", " ").capitalize()),
        typical=plains("typical"),
        names={
            column: tuple(dict.fromkeys([plain(column), *map(plain, named.get(column, []))]))
            for column in columns
        },
        credit=plains("credit"),
        debit=plains("debit"),
        side=plains("side"),
        values={
            column: {plain(text): value for value, texts in kinds.items() for text in texts}
            for column, kinds in words.get("values", {}).items()
        },
        when_missing=words.get("when_missing", {}),
    )
