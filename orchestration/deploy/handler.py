"""The serverless shape: one file in, one small run out, JSON back.

A platform of functions calls `handle(event, context)`; as a process (`python -m
orchestration.deploy.handler`) it reads the event from standard input and writes the answer to
standard output, and nothing else. The home has to outlive the call: a mounted file system.

The event names the `feed` and the `file`, and brings its bytes as `content` (text) or
`content_base64`, or a `path` where they lie. The same file again is no new run: files are known by
content.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from hashlib import sha256
from pathlib import Path
from typing import Any

import duckdb

from orchestration import publish, runner
from orchestration.files import write_bytes
from orchestration.home import Home, HomeIsBusy, Settings, TieoutError
from orchestration.ingest.contract import load_contract
from orchestration.repeats import Success

SHOWN_REJECTS = 20
_NAME = re.compile(r"[\w()][\w() .-]{0,199}")


class Refused(TieoutError):
    """The event is none that can be handled."""


def handle(event: Mapping[str, Any], context: object = None) -> dict[str, Any]:
    """Land the file of an event and reconcile; `status` says what came of it.

    `published`: a run has read it; `nothing_new`: its content was known; `busy`: another run holds
    the home, call again; `refused`: the event is wrong; `failed`: the run published nothing. The
    file stays landed in the last case, and the next run takes it up.
    """
    home = Home.from_environment().create()
    try:
        batch_id = land(home, event)
        before = Success.read(home)
        runner.run(home, Settings.from_environment(), trigger="function")
    except Refused as error:
        return {"status": "refused", "message": str(error)}
    except HomeIsBusy as error:
        return {"status": "busy", "message": str(error)}
    except TieoutError as error:
        return {"status": "failed", "error": type(error).__name__, "message": str(error)}
    after = Success.read(home)
    is_new = after is not None and after != before
    return {"status": "published" if is_new else "nothing_new", **told(home, batch_id)}


def land(home: Home, event: Mapping[str, Any]) -> str:
    """Put the file of an event into landing, whole or not at all; returns its batch id.

    A landed file is never changed: where the name is taken by other content, the new one's hash is
    added to it.

    Raises:
        Refused: when the event names no feed of the contract, no plain file name, or no content.
    """
    feed, name = str(event.get("feed", "")), str(event.get("file", ""))
    feeds = load_contract().landing_folders
    if feed not in feeds:
        raise Refused(f"feed {feed!r} is none of {', '.join(sorted(feeds))}.")
    if not _NAME.fullmatch(name):
        raise Refused(f"file {name!r} is no plain file name, such as invoices_2026-07.csv.")
    content = _content(event)
    batch_id = sha256(content).hexdigest()
    path = home.feed_landing(feed) / name
    if path.exists() and path.read_bytes() != content:
        path = path.with_stem(f"{path.stem}-{batch_id[:12]}")
    if not path.exists():
        write_bytes(path, content)
    return batch_id


def _content(event: Mapping[str, Any]) -> bytes:
    given = [key for key in ("content", "content_base64", "path") if event.get(key) is not None]
    if len(given) != 1:
        raise Refused("an event brings one of content, content_base64 and path.")
    value = str(event[given[0]])
    try:
        if given[0] == "content":
            return value.encode("utf-8")
        if given[0] == "path":
            return Path(value).read_bytes()
        return base64.b64decode(value, validate=True)
    except (OSError, binascii.Error, UnicodeEncodeError) as error:
        raise Refused(f"{given[0]} cannot be read: {error}") from error


def told(home: Home, batch_id: str) -> dict[str, Any]:
    """What the publication says of the run and of the file."""
    with publish.reading(home) as connection:
        run = _first(
            connection,
            "select run_id, as_of, rows_in, matches_made, auto_closed, exceptions_opened, "
            "exceptions_resolved, cast(seconds as double) as seconds "
            "from marts.fct_runs order by run_sequence desc limit 1",
        )
        file = _first(
            connection,
            "select feed, file_name, rows_read, rows_loaded, rows_redelivered, rows_quarantined, "
            "is_rejected from marts.fct_batches where batch_id = ?",
            batch_id,
        )
        rejects = connection.execute(
            "select line_number, column_name, reason from marts.fct_quarantine "
            "where batch_id = ? order by line_number, column_name, reason limit ?",
            [batch_id, SHOWN_REJECTS],
        ).fetchall()
    rejected = [
        {"line": line, "column": column, "reason": reason} for line, column, reason in rejects
    ]
    return {"run": run, "file": {**(file or {}), "rejected": rejected}}


def _first(
    connection: duckdb.DuckDBPyConnection, query: str, *values: object
) -> dict[str, Any] | None:
    cursor = connection.execute(query, list(values))
    names = [description[0] for description in cursor.description or []]
    row = cursor.fetchone()
    return None if row is None else dict(zip(names, row, strict=True))


def main() -> int:
    """Handle the event on standard input."""
    try:
        event = json.load(sys.stdin)
        if not isinstance(event, dict):
            raise ValueError("an event is an object")
    except ValueError as error:
        answer: dict[str, Any] = {"status": "refused", "message": f"no JSON event: {error}"}
    else:
        # what a run prints is no part of the answer
        with redirect_stdout(sys.stderr):
            answer = handle(event)
    print(json.dumps(answer, default=str))
    return 0 if answer["status"] in ("published", "nothing_new") else 1


if __name__ == "__main__":
    sys.exit(main())
