"""Who sent a webhook: Stripe's signature scheme, and Standard Webhooks.

Both sign the moment together with the body, so that what is recorded cannot be sent again later.
Written here, because the published clients read the clock by themselves and decode the body, which
has to be kept byte for byte; the test vectors of both schemes are in the tests.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

STRIPE = "stripe"
TOLERANCE = timedelta(minutes=5)
"""How far a signed moment may lie from the clock, before it or behind; what both schemes advise."""

_PREFIX = "whsec_"
_EPOCH = datetime(1970, 1, 1)


class Refused(Exception):
    """A request is not taken. `reason` is one of a few codes, and says nothing of the body."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def verify(
    source: str,
    headers: Mapping[str, str],
    body: bytes,
    secrets: Sequence[str],
    now: datetime,
) -> str | None:
    """Check the signature that a source put on a body; the event's id where the headers hold it.

    Args:
        headers: by lower-case name.
        secrets: those that hold at the moment; during a rotation the old one and the new one.
        now: naive UTC.

    Raises:
        Refused: `unsigned`, `bad_signature` or `too_old`.
    """
    if source == STRIPE:
        _verify_stripe(headers, body, secrets, now)
        return None
    return _verify_standard(headers, body, secrets, now)


def standard_key(secret: str) -> bytes:
    """The key of a Standard Webhooks secret: base64, with or without its prefix and padding.

    Raises:
        ValueError: when it is none.
    """
    try:
        padded = secret.removeprefix(_PREFIX).rstrip("=")
        padded += "=" * (-len(padded) % 4)
        key = base64.b64decode(padded, validate=True)
    except binascii.Error as error:
        raise ValueError("a secret of Standard Webhooks is base64 behind whsec_") from error
    if not key:
        raise ValueError("a secret of Standard Webhooks is not empty")
    return key


def sign_stripe(secret: str, body: bytes, seconds: int) -> str:
    """The header `stripe-signature` as Stripe makes it; for benchmarks, game days and tests."""
    return f"t={seconds},v1={_stripe_digest(secret, body, str(seconds))}"


def sign_standard(secret: str, event_id: str, body: bytes, seconds: int) -> str:
    """The header `webhook-signature` as senders make it."""
    return f"v1,{_standard_digest(secret, event_id, body, str(seconds))}"


def _verify_stripe(
    headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: datetime
) -> None:
    parts = [part.partition("=") for part in headers.get("stripe-signature", "").split(",")]
    stamps = [value for name, _, value in parts if name.strip() == "t"]
    # v0 is a scheme for test mode, which Stripe says to ignore
    given = [value.strip() for name, _, value in parts if name.strip() == "v1"]
    if len(stamps) != 1 or not given:
        raise Refused("unsigned")
    wanted = [_stripe_digest(secret, body, stamps[0]) for secret in secrets]
    _compare(given, wanted, stamps[0], now)


def _verify_standard(
    headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: datetime
) -> str:
    event_id = headers.get("webhook-id", "")
    stamp = headers.get("webhook-timestamp", "")
    signatures = headers.get("webhook-signature", "").split()
    given = [value for version, _, value in (s.partition(",") for s in signatures) if value]
    if not event_id or not stamp or not given:
        raise Refused("unsigned")
    wanted = [_standard_digest(secret, event_id, body, stamp) for secret in secrets]
    _compare(given, wanted, stamp, now)
    return event_id


def _compare(given: Sequence[str], wanted: Sequence[str], stamp: str, now: datetime) -> None:
    """Every pair is compared in constant time: which secret fitted is nobody's to measure."""
    matches = [
        hmac.compare_digest(one.encode(), other.encode()) for one in given for other in wanted
    ]
    if not any(matches):
        raise Refused("bad_signature")
    try:
        signed_at = _EPOCH + timedelta(seconds=int(stamp))
    except (ValueError, OverflowError):
        raise Refused("bad_signature") from None
    if abs(now - signed_at) > TOLERANCE:
        raise Refused("too_old")


def _stripe_digest(secret: str, body: bytes, stamp: str) -> str:
    return hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def _standard_digest(secret: str, event_id: str, body: bytes, stamp: str) -> str:
    content = event_id.encode() + b"." + stamp.encode() + b"." + body
    digest = hmac.new(standard_key(secret), content, hashlib.sha256).digest()
    return base64.b64encode(digest).decode("ascii")
