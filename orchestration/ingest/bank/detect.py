"""Telling a bank file's format by its content, never by its name."""

from __future__ import annotations

import codecs
import re

from orchestration.ingest.bank.camt import DOCTYPE_REASON, INTRADAY_REASON
from orchestration.ingest.bank.model import BankFileError, BankFormat

HEAD_BYTES = 1 << 16

_MESSAGE = re.compile(r"<(?:[\w.-]+:)?BkToCstmr(Stmt|DbtCdtNtfctn|AcctRpt)[\s/>]")
_NAMESPACE = re.compile(r"urn:iso:std:iso:20022:tech:xsd:camt\.05([234])\.")
_SWIFT_FIELD = re.compile(
    r"^[\x00-\x20]*(?:\{4:\s*)?:(?:2[0158]|28C|6[0245][FM]?|61|86):", re.MULTILINE
)
_INTERIM = re.compile(r"\{2:[IO]942|^[\x00-\x20]*:(?:13D?|34F|90[CD]):|^942\s*$", re.MULTILINE)
_OPENING = re.compile(r"^[\x00-\x20]*:60[FM]:", re.MULTILINE)
_BAI2 = re.compile(r"\s*(\d\d),[^\n]*")
_OFX_HEADER = re.compile(r"OFXHEADER\s*[:=]\s*\"?(\d)\d\d", re.IGNORECASE)


def head_text(head: bytes) -> str:
    """The start of a file as text good enough to recognise it; every byte decodes."""
    for mark, encoding in (
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF8, "utf-8"),
    ):
        if head.startswith(mark):
            return head[len(mark) :].decode(encoding, "replace")
    for sign, encoding in ((b"<\x00?\x00", "utf-16-le"), (b"\x00<\x00?", "utf-16-be")):
        if head.startswith(sign):
            return head.decode(encoding, "replace")
    return head.decode("latin-1")


def detect_format(head: bytes) -> BankFormat:
    """The format of a file that starts with ``head``.

    Raises :class:`BankFileError` for an empty file, an intraday report, a document type
    declaration, and content that is no known bank format; the reason says what to land instead.
    """
    text = head_text(head)
    if not text.strip("\x00 \t\r\n\x1a"):
        raise BankFileError("the file is empty. Fetch it from the bank again.")
    if head.startswith(b"PK\x03\x04"):
        raise BankFileError(
            "this is a ZIP archive, which may hold many files. Unpack it and land the statements "
            "in it, each plain or gzipped."
        )
    start = text.lstrip("\x00 \t\r\n\ufeff")
    if start.startswith("<") or _OFX_HEADER.match(start):
        return _detect_markup(text, start)
    if found := _BAI2.match(text):
        if found[1] != "01":
            raise BankFileError(
                f"the first record is of type {found[1]}; a BAI2 file starts with a file header "
                "of type 01. Ask the bank for the complete file.",
                text[: found.start(1)].count("\n") + 1,
            )
        return "bai2"
    if _SWIFT_FIELD.search(text):
        is_interim = _INTERIM.search(text) and not _OPENING.search(text)
        return "mt942" if is_interim else "mt940"
    if re.search(r"<OFX>", text, re.IGNORECASE):
        return "ofx1"
    raise BankFileError(
        "the content is none of the known bank formats: camt.053, camt.054, MT940, MT942, BAI2, "
        "OFX 1 or 2. Export the statement in one of them, or convert it to the columns of the "
        "feed bank_transactions and land it there as CSV."
    )


def _detect_markup(text: str, start: str) -> BankFormat:
    found = _OFX_HEADER.search(text)
    if found or re.search(r"<OFX[\s>]", text, re.IGNORECASE):
        version = found[1] if found else ("2" if start.startswith("<?xml") else "1")
        return "ofx1" if version == "1" else "ofx2"
    message, namespace = _MESSAGE.search(text), _NAMESPACE.search(text)
    if re.search(r"<!DOCTYPE|<!ENTITY", text):
        raise BankFileError(DOCTYPE_REASON)
    if message:
        kind = {"Stmt": "3", "DbtCdtNtfctn": "4", "AcctRpt": "2"}[message[1]]
    elif namespace:
        kind = namespace[1]
    else:
        raise BankFileError(
            "the XML is neither a camt.053, a camt.054 nor an OFX file. Land the bank's camt.053."
        )
    if kind == "2":
        raise BankFileError(INTRADAY_REASON)
    return "camt.053" if kind == "3" else "camt.054"
