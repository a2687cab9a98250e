"""Slack and Teams, as apprise speaks to them: to a receiver here, which answers as they do.

Slack's host is fixed in apprise, so its plugin is given another; a workflow of Teams has its host
in the address, behind TLS.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from apprise.plugins import slack
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from orchestration.alerting.deliver import deliver
from orchestration.alerting.outbox import Notification
from orchestration.home import Home
from tests.python.alerting.conftest import NOW, PAGE, configure, fires
from tests.python.alerting.receiver import Receiver, receiving

TOKENS = f"T1JJ3T3L2/A1BRTD4JD/{'x' * 24}"
SIGNATURE = "s" * 43


@pytest.fixture
def behind_tls(tmp_path: Path) -> Iterator[Receiver]:
    """A receiver with a certificate that nobody but itself has signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    start = datetime.now(UTC) - timedelta(days=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=2))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "receiver.pem"
    encoding = serialization.Encoding.PEM
    pem.write_bytes(
        key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(encoding)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    with receiving(context) as listening:
        yield listening


def told_in_chat(home: Home) -> Notification:
    """What became of a page in the chat."""
    fires(home, PAGE)
    (found,) = [one for one in deliver(home, NOW) if one.destination == "chat"]
    return found


def test_slack_gets_the_alert_and_its_answer_is_understood(
    home: Home, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_TOKENS", TOKENS)
    address = f"http://127.0.0.1:{receiver.port}/services"
    monkeypatch.setattr(slack.NotifySlack, "webhook_url", address)
    receiver.body = b"ok"
    configure(home, receiver, chat="slack://${SLACK_TOKENS}/#reconciliation")
    assert told_in_chat(home).state == "delivered"
    (sent,) = receiver.at(f"services/{TOKENS}")
    assert sent["channel"] == "#reconciliation"
    said = json.dumps(sent)
    assert "The cause is payout_late" in said and "At risk: 1,234.50 EUR" in said


def test_what_slack_refuses_is_failed_and_says_no_token(
    home: Home, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It answers 200 with another word than ok, or with a status."""
    monkeypatch.setenv("SLACK_TOKENS", TOKENS)
    address = f"http://127.0.0.1:{receiver.port}/services"
    monkeypatch.setattr(slack.NotifySlack, "webhook_url", address)
    receiver.body = b"channel_is_archived"
    configure(home, receiver, chat="slack://${SLACK_TOKENS}/#reconciliation")
    refused = told_in_chat(home)
    assert refused.state != "delivered" and receiver.at(f"services/{TOKENS}")
    assert not any(part in str(refused) for part in TOKENS.split("/"))


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
@pytest.mark.parametrize(("status", "is_delivered"), [(202, True), (401, False)])
def test_a_workflow_of_teams_gets_a_card(
    home: Home,
    receiver: Receiver,
    behind_tls: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    is_delivered: bool,
) -> None:
    monkeypatch.setenv("TEAMS_SIGNATURE", SIGNATURE)
    behind_tls.answers = [status] * 3
    host = f"127.0.0.1:{behind_tls.port}"
    configure(home, receiver, chat=f"workflows://{host}/flow/${{TEAMS_SIGNATURE}}?verify=no")
    told = told_in_chat(home)
    assert (told.state == "delivered") is is_delivered
    assert SIGNATURE not in str(told)
    path, sent = behind_tls.arrived[0]
    assert path.startswith("/workflows/flow/triggers/manual/paths/invoke?")
    assert f"sig={SIGNATURE}" in path
    (attached,) = sent["attachments"]
    assert attached["contentType"] == "application/vnd.microsoft.card.adaptive"
    said = json.dumps(attached)
    assert "The cause is payout_late" in said and "At risk: 1,234.50 EUR" in said


def test_a_workflow_whose_certificate_nobody_vouches_for_is_sent_nothing(
    home: Home, receiver: Receiver, behind_tls: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEAMS_SIGNATURE", SIGNATURE)
    host = f"127.0.0.1:{behind_tls.port}"
    configure(home, receiver, chat=f"workflows://{host}/flow/${{TEAMS_SIGNATURE}}")
    assert told_in_chat(home).state != "delivered"
    assert behind_tls.arrived == []
