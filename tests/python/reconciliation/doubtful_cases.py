"""Cases of the hard cases' company whose references say enough for a suggestion, and no more."""

from __future__ import annotations

from itertools import pairwise

from tests.python.reconciliation.books import Books

DOCUMENTS_OF_THE_CHAIN = 6


def several_currencies(books: Books) -> None:
    """One payment names a document in euros and one in dollars."""
    c = books.customer("c25")
    books.invoice(c, "Q-25001", "100", "2026-05-01")
    books.invoice(c, "Q-25002", "100", "2026-05-02", currency="USD")
    books.receipt(c, "25", "200", "2026-05-20", "Q-25001 Q-25002")


def tangled_references(books: Books) -> None:
    """Each payment names the document of the one before it and one more."""
    c = books.customer("c26")
    numbers = [f"J-2600{place}" for place in range(DOCUMENTS_OF_THE_CHAIN)]
    for place, number in enumerate(numbers):
        books.invoice(c, number, "100", f"2026-05-0{place + 1}")
    books.receipt(c, "26a", "50", "2026-05-20", numbers[0])
    for place, (one, next_one) in enumerate(pairwise(numbers)):
        books.receipt(c, f"26b{place}", "100", "2026-05-20", f"{one} {next_one}")
    books.receipt(c, "26c", "50", "2026-05-20", numbers[-1])


FIRST_DAY = (several_currencies, tangled_references)
