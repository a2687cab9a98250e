"""Hostile and broken files: refused with a reason, without fetching, filling memory or hanging."""

from __future__ import annotations

import gzip

import pytest

from orchestration.ingest.bank import BankFileError, Limits

HEAD = "<Document xmlns='urn:iso:std:iso:20022:tech:xsd:camt.053.001.08'><BkToCstmrStmt><Stmt>"
ENTRY = (
    "<Ntry><Amt Ccy='EUR'>1</Amt><CdtDbtInd>CRDT</CdtDbtInd><AddtlNtryInf>&x;</AddtlNtryInf></Ntry>"
)
TAIL = "</Stmt></BkToCstmrStmt></Document>"


def test_billion_laughs(read):
    entities = "".join(f"<!ENTITY l{n} '{f'&l{n - 1};' * 10 if n else 'lol'}'>" for n in range(12))
    with pytest.raises(BankFileError, match="DOCTYPE"):
        read(f"<?xml version='1.0'?><!DOCTYPE D [{entities}]>{HEAD}&l11;{ENTRY}{TAIL}")


def test_an_external_entity_is_never_read(read, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("do not tell")
    doctype = f"<!DOCTYPE D [<!ENTITY x SYSTEM '{secret.as_uri()}'>]>"
    with pytest.raises(BankFileError, match="DOCTYPE") as refused:
        read(doctype + HEAD + ENTRY + TAIL)
    assert "do not tell" not in refused.value.reason


def test_a_doctype_far_behind_the_start_is_found(read):
    comment = f"<!--{' ' * 200_000}-->"
    with pytest.raises(BankFileError, match="DOCTYPE"):
        read(f"<!--BkToCstmrStmt <BkToCstmrStmt>-->{comment}<!DOCTYPE D SYSTEM 'd'>{HEAD}{TAIL}")


def test_an_undefined_entity_is_not_well_formed(read):
    with pytest.raises(BankFileError, match="not well-formed"):
        read(HEAD + ENTRY + TAIL)


def test_huge_depth_is_refused(read):
    with pytest.raises(BankFileError):
        read(HEAD + "<a>" * 100_000 + "</a>" * 100_000 + TAIL)


def test_depth_beyond_the_cap_is_refused(read):
    deep = "<a>" * 120 + ENTRY.replace("&x;", "") + "</a>" * 120
    with pytest.raises(BankFileError, match="nested deeper"):
        read(HEAD + deep + TAIL)


def test_a_cut_off_file_is_refused_with_its_line(read):
    with pytest.raises(BankFileError, match="not well-formed") as refused:
        read(HEAD + "\n\n" + ENTRY.replace("&x;", "") * 3)
    assert refused.value.line == 3


def test_a_gzip_bomb_is_refused(read):
    one = b"<Ntry><Amt>1</Amt></Ntry>"
    bomb = gzip.compress(HEAD.encode() + one * (2 * 1024**2 // len(one)))
    with pytest.raises(BankFileError, match="expands more than"):
        read(bomb, limits=Limits(ratio_floor=1024**2))


def test_a_flood_of_elements_that_are_no_entries_is_refused(read):
    with pytest.raises(BankFileError, match="no entry and no detail"):
        read(HEAD + "<Id>1</Id>" * 200_000 + TAIL, limits=Limits(max_gap=1024**2))


def test_a_broken_gzip_archive_is_refused(read):
    whole = gzip.compress((HEAD + "<Id>1</Id>" * 10_000 + TAIL).encode())
    with pytest.raises(BankFileError, match="gzip archive is broken"):
        read(whole[: len(whole) // 2])


def test_a_file_beyond_the_size_cap_is_refused(read):
    with pytest.raises(BankFileError, match="larger than 1000 bytes"):
        read(HEAD + " " * 2000 + TAIL, limits=Limits(max_bytes=1000))


def test_a_line_without_end_is_refused(read):
    with pytest.raises(BankFileError, match="longer than"):
        read(":20:X\n:25:1\n:86:" + "x" * (2 * 1024**2))


def test_an_ofx_value_without_end_is_refused(read):
    with pytest.raises(BankFileError, match="megabyte"):
        read("OFXHEADER:100\n\n<OFX><MEMO>" + "x" * (6 * 1024**2))


def test_ofx_entities_are_not_expanded(read):
    text = (
        '<?xml version="1.0"?><?OFX OFXHEADER="200"?><!DOCTYPE OFX [<!ENTITY x "boom">]>'
        "<OFX><STMTRS><CURDEF>EUR</CURDEF><BANKACCTFROM><ACCTID>1</ACCTID></BANKACCTFROM>"
        "<STMTTRN><DTPOSTED>20240131</DTPOSTED><TRNAMT>1</TRNAMT><MEMO>&x; &amp; y</MEMO>"
        "</STMTTRN></STMTRS></OFX>"
    )
    assert read(text).row.remittance_information == "&x; & y"


@pytest.mark.parametrize("content", [b"", b"  \n\t", b"\x00\x00"])
def test_an_empty_file_is_refused(read, content):
    with pytest.raises(BankFileError, match="empty"):
        read(content)


@pytest.mark.parametrize(
    "content",
    [
        b"id,amount\n1,2\n",
        b"{}",
        b"%PDF-1.7",
        b"PK\x03\x04 statements",
        b"<html></html>",
        b"<Document/>",
        b"\xff\xfe\x00",
        bytes(range(256)),
    ],
)
def test_foreign_content_is_refused_and_told_what_to_land(read, content):
    with pytest.raises(BankFileError, match=r"[Ll]and|Export"):
        read(content)
