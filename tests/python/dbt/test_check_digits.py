"""The check digits of structured references, held against another implementation of them."""

from __future__ import annotations

import random
import string
from collections.abc import Callable

import duckdb
import pytest
from stdnum import iso11649, luhn
from stdnum.be import ogm_vcs
from stdnum.ch import esr
from stdnum.iso7064 import mod_97_10

from orchestration import dbt_runs
from orchestration.home import Home

MACROS = ["is_creditor_reference", "is_ogm_reference", "is_qr_reference", "is_kid_reference"]
DRAW = random.Random(649)
KID_WEIGHTS = [2, 3, 4, 5, 6, 7]


def digits(length: int) -> str:
    return "".join(DRAW.choice(string.digits) for _ in range(length))


def creditor_reference() -> str:
    length = DRAW.randint(1, 21)
    payload = "".join(DRAW.choice(string.digits + string.ascii_uppercase) for _ in range(length))
    return f"RF{mod_97_10.calc_check_digits(payload + 'RF')}{payload}"


def qr_reference() -> str:
    payload = digits(26)
    return payload + esr.calc_check_digit(payload)


def ogm_reference() -> str:
    payload = digits(10)
    return payload + ogm_vcs.calc_check_digits(payload)


def kid_reference() -> str:
    payload = digits(DRAW.randint(1, 24))
    return payload + luhn.calc_check_digit(payload)


def weighed(payload: str) -> int:
    """The sum of modulus 11 from its definition: weights 2 to 7 from the right."""
    return sum(int(digit) * KID_WEIGHTS[place % 6] for place, digit in enumerate(reversed(payload)))


def kid_of_modulus_11() -> str:
    """Half of them end in a dash, the check value 10, which else is one in eleven."""
    while True:
        payload = digits(DRAW.randint(1, 24))
        check = -weighed(payload) % 11
        if check == 10 or DRAW.random() < 0.1:
            return payload + ("-" if check == 10 else str(check))


def is_kid(reference: str) -> bool:
    """Luhn as stdnum has it, or modulus 11."""
    payload, check = reference[:-1], reference[-1]
    if not payload.isdigit():
        return False
    if check == "-":
        return (weighed(payload) + 10) % 11 == 0
    return luhn.is_valid(reference) or (weighed(payload) + int(check)) % 11 == 0


def spoilt(reference: str) -> str:
    """The reference with one digit changed, or two neighbours swapped."""
    place = (
        DRAW.randrange(2, len(reference)) if reference[0] == "R" else DRAW.randrange(len(reference))
    )
    if DRAW.random() < 0.5 and place + 1 < len(reference):
        return reference[:place] + reference[place + 1] + reference[place] + reference[place + 2 :]
    return reference[:place] + DRAW.choice(string.digits) + reference[place + 1 :]


@pytest.fixture(scope="module")
def sql(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Each macro over a column `reference`, as dbt compiles it for DuckDB."""
    home = Home(tmp_path_factory.mktemp("check_digits"))
    calls = " ".join(f"<{name}>{{{{ {name}('reference') }}}}</{name}>" for name in MACROS)
    compiled = "".join(
        event["data"]["compiled"]
        for event in dbt_runs.stream(home, ["compile", "--inline", calls])
        if event["info"]["name"] == "CompiledNode"
    )
    return {name: compiled.split(f"<{name}>")[1].split(f"</{name}>")[0] for name in MACROS}


@pytest.mark.parametrize(
    ("macro", "make", "is_valid"),
    [
        ("is_creditor_reference", creditor_reference, iso11649.is_valid),
        ("is_qr_reference", qr_reference, esr.is_valid),
        ("is_ogm_reference", ogm_reference, ogm_vcs.is_valid),
        ("is_kid_reference", kid_reference, is_kid),
        ("is_kid_reference", kid_of_modulus_11, is_kid),
    ],
)
def test_references_are_valid_where_another_implementation_says_so(
    sql: dict[str, str], macro: str, make: Callable[[], str], is_valid: Callable[[str], bool]
) -> None:
    good = [make() for _ in range(500)]
    drawn = sorted({*good, *(spoilt(reference) for reference in good)})
    expected = {reference: is_valid(reference) for reference in drawn}
    assert {True, False} == set(expected.values())
    values = ", ".join(f"('{reference}')" for reference in drawn)
    found = dict(
        duckdb.execute(
            f"select reference, {sql[macro]} from (values {values}) as drawn (reference)"
        ).fetchall()
    )
    assert [r for r in drawn if found[r] is not expected[r]] == []
