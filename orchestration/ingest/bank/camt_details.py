"""The details of one camt entry as a whole: kept, split into amounts, or merged into one item.

A batch entry can have hundreds of thousands of details, and whether they sum to the entry is known
only after the last. So they are kept in memory up to a number and beyond it in a temporary file.
"""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from itertools import islice
from typing import IO

from orchestration.ingest.bank.camt_elements import (
    AMOUNT_KINDS,
    Charge,
    Detail,
    Entry,
    Money,
    Party,
    Remittance,
)
from orchestration.ingest.bank.values import EXACT, exact_sum, joined

# Details whose texts an entry that stays one item takes over.
_MERGED_TEXTS = 100


class Details:
    """The details of one entry, in order; may be read through again and again."""

    def __init__(self, in_memory: int = 10_000) -> None:
        """``in_memory`` is how many details are kept before they go to the file."""
        self._in_memory = in_memory
        self._recent: list[Detail] = []
        self._file: IO[bytes] | None = None
        self._chunks = 0
        self._count = 0

    def append(self, detail: Detail) -> None:
        """Add the next detail."""
        self._recent.append(detail)
        self._count += 1
        if len(self._recent) == self._in_memory:
            self._file = self._file or tempfile.TemporaryFile()  # noqa: SIM115
            self._file.seek(0, 2)
            pickle.dump(self._recent, self._file, pickle.HIGHEST_PROTOCOL)
            self._chunks += 1
            self._recent = []

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Detail]:
        if self._file:
            position = 0
            for _ in range(self._chunks):
                # Its own position, so that nobody else's reading is in the way.
                self._file.seek(position)
                chunk = pickle.load(self._file)
                position = self._file.tell()
                yield from chunk
        yield from self._recent

    def clear(self) -> None:
        """Forget the details; the temporary file goes with them."""
        if self._file:
            self._file.close()
        self._file, self._recent, self._chunks, self._count = None, [], 0, 0


def find_split(entry: Entry, details: Details) -> Callable[[Detail], Decimal] | None:
    """How to read the signed amounts of the details so that they sum to the entry, else None.

    Banks state a detail's amount in different places and its direction from either side, so each
    place in turn is tried, first with the details' own direction and then with the entry's; only
    a sum that is equal to the entry to the last digit is believed. A batch can be booked net: then
    each detail is tried less its own charges, but those that are said not to be inside.
    """
    if not len(details):
        return None
    for is_net in (False, True) if any(detail.charges for detail in details) else (False,):
        for kinds in (AMOUNT_KINDS, *((kind,) for kind in AMOUNT_KINDS)):
            for is_own_direction in (True, False):
                amount_of = _reading(entry, kinds, is_own_direction, is_net)
                try:
                    total = exact_sum(amount_of(detail) for detail in details)
                except _NoAmount:
                    break
                if total == entry.amount:
                    return amount_of
    return None


def charged(
    charges: list[Charge], currency: str, amount: Decimal, stated: Iterable[Money]
) -> Decimal | None:
    """The charges that are part of ``amount``, signed like a movement; None without any.

    The bank says so of each, or one of the ``stated`` amounts and the charges come to ``amount``.
    """
    own = [c for c in charges if c.currency in ("", currency) and c.is_included is not False]
    total = exact_sum(c.amount for c in own)
    if any(c.is_included is None for c in own):
        gross = {g for g, of in stated if of == currency}
        gross |= {g.copy_negate() for g in gross}
        if EXACT.subtract(amount, total) not in gross:
            own = [c for c in own if c.is_included]
            total = exact_sum(c.amount for c in own)
    return total if own else None


def _inside(detail: Detail, entry: Entry) -> Decimal:
    return exact_sum(
        charge.amount
        for charge in detail.charges
        if charge.currency in ("", entry.currency) and charge.is_included is not False
    )


class _NoAmount(Exception):
    """A detail states no amount where it is looked for."""


def _reading(
    entry: Entry, kinds: tuple[str, ...], is_own_direction: bool, is_net: bool
) -> Callable[[Detail], Decimal]:
    def amount_of(detail: Detail) -> Decimal:
        for kind in kinds:
            amount, currency = detail.amounts.get(kind, (None, None))
            if amount is not None and currency == entry.currency:
                sign = detail.sign if is_own_direction else None
                is_credit = entry.is_credit if sign is None else sign > 0
                gross = amount if is_credit else amount.copy_negate()
                return EXACT.add(gross, _inside(detail, entry)) if is_net else gross
        raise _NoAmount

    return amount_of


def _agreed(values: Iterable[str | None]) -> str | None:
    """The value that all have in common."""
    iterator = iter(values)
    first = next(iterator, None)
    return first if all(value == first for value in iterator) else None


def merged(details: Details) -> Detail | None:
    """The details of an entry that stays one item, as one: what they agree on, and their texts.

    Of very many details the texts of the first hundred are taken; all referred documents are.
    """
    if len(details) <= 1:
        return next(iter(details), None)
    texts = list(islice(details, _MERGED_TEXTS))
    return Detail(
        reference=None,
        sign=None,
        amounts={},
        charges=[charge for d in details for charge in d.charges],
        debtor=Party(
            _agreed(d.debtor.name for d in details), _agreed(d.debtor.account for d in details)
        ),
        creditor=Party(
            _agreed(d.creditor.name for d in details), _agreed(d.creditor.account for d in details)
        ),
        remittance=Remittance(
            joined(*(d.remittance.text for d in texts)),
            _agreed(d.remittance.reference for d in details),
            [document for d in details for document in d.remittance.documents],
        ),
        information=joined(*(d.information for d in texts)),
        end_to_end_id=_agreed(d.end_to_end_id for d in details),
        code=_agreed(d.code for d in details),
        is_return=all(d.is_return for d in details),
        return_reason=_agreed(d.return_reason for d in details),
    )
