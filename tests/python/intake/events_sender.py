"""Signed events for tests."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from orchestration.home import wall_clock
from orchestration.intake import signatures

STRIPE_SECRET = "whsec_stripe_test"
BILLING_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def seconds_of(moment: datetime) -> int:
    return int((moment - datetime(1970, 1, 1)).total_seconds())


def charge(number: int, amount: int = 1234, currency: str = "eur", **other: Any) -> bytes:
    """Stripe's event of a charge that succeeded, as the API sends it."""
    return event(
        f"evt_{number}",
        "charge.succeeded",
        {
            "id": f"ch_{number}",
            "object": "charge",
            "amount": amount,
            "amount_captured": amount,
            "balance_transaction": f"txn_{number}",
            "billing_details": {"name": "Müller & Söhne"},
            "created": 1782885600,
            "currency": currency,
            "customer": "cus_1",
            "metadata": {"invoice_number": f"INV-{number}"},
            "payment_intent": f"pi_{number}",
            "status": "succeeded",
            **other,
        },
    )


def event(event_id: str, event_type: str, item: dict[str, Any]) -> bytes:
    """An event of Stripe's."""
    return json.dumps(
        {
            "id": event_id,
            "object": "event",
            "type": event_type,
            "created": 1782885601,
            "data": {"object": item},
        }
    ).encode()


def stripe_headers(body: bytes, secret: str = STRIPE_SECRET, age: int = 0) -> dict[str, str]:
    now = seconds_of(wall_clock())
    return {"stripe-signature": signatures.sign_stripe(secret, body, now - age)}


def standard_headers(
    event_id: str, body: bytes, secret: str = BILLING_SECRET, age: int = 0
) -> dict[str, str]:
    now = seconds_of(wall_clock()) - age
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(now),
        "webhook-signature": signatures.sign_standard(secret, event_id, body, now),
    }
