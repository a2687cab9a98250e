"""The audit recipe, against a vector that is published here and computed by hand."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration import canonical

# One block with two entries. Anyone can check these with sha256sum; see the texts below.
FIRST_ENTRY = (
    '{"actor":"rule:exact","block":"1","entry_type":"match_decided",'
    '"occurred_at":"2026-06-30T18:00:00.000000Z",'
    '"payload":{"amount":"98.5","text":"Müller \\"Söhne\\" \\u001f"},"position":"1",'
    '"source_hashes":["aa","bb"],"subject_id":"m-1","subject_type":"match","v":"1"}'
)
SECOND_ENTRY = (
    '{"actor":"rule:exact","block":"1","entry_type":"match_decided",'
    '"occurred_at":"2026-06-30T18:00:00.000001Z","payload":{},"position":"2",'
    '"source_hashes":[],"subject_id":"m-2","subject_type":"match","v":"1"}'
)
HEADER = (
    '{"block":"1","entry_count":"2","run_id":"run-1","sealed_at":"2026-06-30T18:00:00.000000Z"}'
)

FIRST_HASH = "57af7ff45eb9b7191294592fbd6356d7e5b48910f54aed942473ad9e08bc531c"
SECOND_HASH = "fbbc3bf2e26ab07a1881324e9219a7d376c9330bbe564b4c7add6eec668d8280"
ROOT_HASH = "d3b11f8af5f785e873b4eb25811170b89e8e1c33431c4ed9d5d96ba435d75f84"
BLOCK_HASH = "51f97826d47dbe49d0c04750a5121c73c7793d75c7403130bb42e7a0e04c9c66"


def entry(position: int, **changes: object) -> str:
    values: dict[str, object] = {
        "block": 1,
        "position": position,
        "entry_type": "match_decided",
        "subject_type": "match",
        "subject_id": f"m-{position}",
        "actor": "rule:exact",
        "occurred_at": f"2026-06-30T18:00:00.00000{position - 1}Z",
        "payload": {},
        "source_hashes": [],
    }
    return canonical.entry_hash(**(values | changes))  # type: ignore[arg-type]


def test_vector_of_entries() -> None:
    payload = canonical.parse_exactly('{"text": "Müller \\"Söhne\\" \\u001F", "amount": 98.5}')
    assert hashlib.sha256(FIRST_ENTRY.encode()).hexdigest() == FIRST_HASH
    assert entry(1, payload=payload, source_hashes=["aa", "bb"]) == FIRST_HASH
    assert hashlib.sha256(SECOND_ENTRY.encode()).hexdigest() == SECOND_HASH
    assert entry(2) == SECOND_HASH


def test_vector_of_the_block() -> None:
    leaves = [
        hashlib.sha256(b"\x00" + bytes.fromhex(value)).digest()
        for value in (FIRST_HASH, SECOND_HASH)
    ]
    assert hashlib.sha256(b"\x01" + leaves[0] + leaves[1]).hexdigest() == ROOT_HASH
    assert canonical.merkle_root([bytes.fromhex(FIRST_HASH), bytes.fromhex(SECOND_HASH)]) == (
        ROOT_HASH
    )
    text = f"{'0' * 64}\n{ROOT_HASH}\n{HEADER}"
    assert hashlib.sha256(text.encode()).hexdigest() == BLOCK_HASH
    assert (
        canonical.block_hash(
            block=1,
            run_id="run-1",
            sealed_at="2026-06-30T18:00:00.000000Z",
            entry_count=2,
            root_hash=ROOT_HASH,
            previous_hash=canonical.GENESIS_HASH,
        )
        == BLOCK_HASH
    )


def rfc_6962_root(leaves: list[bytes]) -> bytes:
    """The definition of RFC 6962, section 2.1, word for word."""
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    left, right = rfc_6962_root(leaves[:split]), rfc_6962_root(leaves[split:])
    return hashlib.sha256(b"\x01" + left + right).digest()


@pytest.mark.parametrize("count", range(1, 36))
def test_pairing_by_level_gives_the_tree_of_rfc_6962(count: int) -> None:
    leaves = [hashlib.sha256(str(number).encode()).digest() for number in range(count)]
    assert canonical.merkle_root(leaves) == rfc_6962_root(leaves).hex()


def test_numbers_become_strings_of_their_digits_and_nulls_vanish() -> None:
    text = '{"b": 1.50, "a": {"n": null, "big": 12345678901234567890123}, "c": [1, true, "x"]}'
    assert canonical.canonical_text(text) == (
        '{"a":{"big":"12345678901234567890123"},"b":"1.50","c":["1",true,"x"]}'
    )


def test_keys_sort_by_utf_16_as_rfc_8785_says() -> None:
    # U+1F600 is above U+FB33 as a code point and below it in UTF-16.
    assert canonical.canonical_json({"\ufb33": "2", "\U0001f600": "1", "a": "0"}) == (
        '{"a":"0","\U0001f600":"1","\ufb33":"2"}'
    )


@pytest.mark.parametrize("text", ['{"a":1,"a":2}', "{", '{"a": NaN}'])
def test_what_has_no_canonical_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        canonical.canonical_text(text)


@given(
    st.recursive(
        st.text() | st.booleans(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    )
)
def test_canonical_text_is_json_and_stable(value: object) -> None:
    text = canonical.canonical_json(value)
    assert json.loads(text) == value
    assert canonical.canonical_text(text) == text
    assert canonical.is_canonical(text)


@pytest.mark.parametrize(
    "text",
    ['{"b":"1","a":"2"}', '{"a": "1"}', '{"a":1}', '{"a":null}', '"\\u00e9"', '"\\/"', "[1.5]"],
)
def test_text_in_another_form_is_not_canonical(text: str) -> None:
    assert not canonical.is_canonical(text)


@pytest.mark.parametrize("text", ["NaN", '{"a":Infinity}', '{"a":"1","a":"1"}', "[null]", "{"])
def test_what_has_no_canonical_form_is_not_taken_for_it(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        canonical.is_canonical(text)
