"""The two schemes that webhooks are signed by, with what their authors have published."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from orchestration.intake import signatures
from orchestration.intake.signatures import Refused

# the example of the Standard Webhooks specification, which its reference libraries test
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MESSAGE = "msg_p5jXN8AQM9LWM0D4loKWxJek"
SECONDS = 1614265330
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
SIGNED_AT = datetime(1970, 1, 1) + timedelta(seconds=SECONDS)


def standard(signature: str = SIGNATURE, **other: str) -> dict[str, str]:
    return {
        "webhook-id": MESSAGE,
        "webhook-timestamp": str(SECONDS),
        "webhook-signature": signature,
        **other,
    }


def reason(source: str, headers: dict[str, str], body: bytes, secrets: list[str]) -> str:
    with pytest.raises(Refused) as refused:
        signatures.verify(source, headers, body, secrets, SIGNED_AT)
    return refused.value.reason


def test_the_published_vector_of_standard_webhooks_verifies() -> None:
    assert signatures.verify("billing", standard(), BODY, [SECRET], SIGNED_AT) == MESSAGE
    assert signatures.sign_standard(SECRET, MESSAGE, BODY, SECONDS) == SIGNATURE


def test_stripes_scheme_is_hex_over_moment_and_body() -> None:
    # made with: printf '1614265330.{"test": 2432232314}' | openssl dgst -sha256 -hmac whsec_test
    header = (
        "t=1614265330,v1=98a6304ac7cd966786ee1b93ad76319d9cd63829827fa0f93cb3e367cf67086d,"
        "v0=6ffbb59b2300aae63f272406069a9788598b792a944a07aba816edb039989a39"
    )
    assert (
        signatures.verify("stripe", {"stripe-signature": header}, BODY, ["whsec_test"], SIGNED_AT)
        is None
    )


def test_during_a_rotation_both_secrets_hold() -> None:
    rotated = ["whsec_bmV3", SECRET]
    assert signatures.verify("billing", standard(), BODY, rotated, SIGNED_AT) == MESSAGE
    both = signatures.sign_stripe("old", BODY, SECONDS)
    assert (
        signatures.verify("stripe", {"stripe-signature": both}, BODY, ["new", "old"], SIGNED_AT)
        is None
    )


def test_of_several_signatures_one_is_enough() -> None:
    several = f"v1,bm90aGluZw== v1a,cHVibGlj {SIGNATURE}"
    assert signatures.verify("billing", standard(several), BODY, [SECRET], SIGNED_AT) == MESSAGE


@pytest.mark.parametrize("source", ["stripe", "billing"])
def test_another_byte_is_refused(source: str) -> None:
    headers = standard() | {"stripe-signature": signatures.sign_stripe(SECRET, BODY, SECONDS)}
    assert signatures.verify(source, headers, BODY, [SECRET], SIGNED_AT) in (None, MESSAGE)
    assert reason(source, headers, BODY + b" ", [SECRET]) == "bad_signature"
    assert reason(source, headers, BODY, ["whsec_b3RoZXI="]) == "bad_signature"
    assert reason(source, headers, BODY, []) == "bad_signature"


def test_what_was_recorded_cannot_be_sent_again_later() -> None:
    for shift, expected in ((299, None), (301, "too_old"), (-301, "too_old")):
        now = SIGNED_AT + timedelta(seconds=shift)
        headers = {"stripe-signature": signatures.sign_stripe("s", BODY, SECONDS)}
        if expected is None:
            signatures.verify("stripe", headers, BODY, ["s"], now)
            signatures.verify("billing", standard(), BODY, [SECRET], now)
            continue
        for source, sent in (("stripe", headers), ("billing", standard())):
            with pytest.raises(Refused, match=expected):
                signatures.verify(
                    source, sent, BODY, ["s"] if source == "stripe" else [SECRET], now
                )


@pytest.mark.parametrize(
    "header",
    ["", "t=1614265330", "v1=00", "t=1,t=2,v1=00", "nonsense", "t=1614265330,v0=00"],
)
def test_a_header_without_moment_and_signature_is_unsigned(header: str) -> None:
    assert reason("stripe", {"stripe-signature": header}, BODY, [SECRET]) == "unsigned"
    assert reason("billing", {}, BODY, [SECRET]) == "unsigned"


def test_a_moment_that_is_none_is_refused_though_it_is_signed() -> None:
    headers = {"stripe-signature": f"t=x,v1={signatures._stripe_digest('s', BODY, 'x')}"}
    assert reason("stripe", headers, BODY, ["s"]) == "bad_signature"
