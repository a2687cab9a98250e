"""`tieout receive`: webhooks by HTTP, answered once they are durable.

POST /webhooks/stripe   Stripe's signature scheme
POST /webhooks/<source> Standard Webhooks
GET  /healthz           whether events can be taken: 503 and why, where the last could not

A source exists by its secret: `TIEOUT_WEBHOOK_SECRETS_<SOURCE>` (several separated by commas) or
`[webhooks]` in the secrets file, which is read again when it changes; during a rotation both the
old and the new one hold. A body has to come within a limit of time; how long a head may take, the
proxy that ends TLS decides. Log lines name source, reason and size, never a body.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import re
import tomllib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from orchestration.home import Home, TieoutError, wall_clock
from orchestration.intake import events, signatures, spool, status
from orchestration.intake.logs import log_to_stderr
from orchestration.intake.options import BODY_SECONDS
from orchestration.intake.signatures import Refused

SECRETS_PREFIX = "TIEOUT_WEBHOOK_SECRETS_"
LIMIT_SETTING = "TIEOUT_INTAKE_LIMIT_BYTES"
LARGEST_BODY = 1 << 20
RETRY_SECONDS = 30
STOP_SECONDS = 10
"""How long requests under way may take once it is told to end: less than services wait for it."""

_SOURCE = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_STATUS = {"too_large": 413, "too_slow": 408, "unknown_source": 404}

log = logging.getLogger("tieout.receiver")


class Secrets:
    """Which secrets a source signs with, as the environment and the secrets file say now."""

    def __init__(self, home: Home, environment: Mapping[str, str]) -> None:
        named = environment.get("TIEOUT_SECRETS_FILE", "").strip()
        self._path = Path(named).expanduser() if named else home.root / "secrets.toml"
        self._of_environment = {
            name.removeprefix(SECRETS_PREFIX).lower(): _split(value)
            for name, value in environment.items()
            if name.startswith(SECRETS_PREFIX) and value.strip()
        }
        self._of_file: dict[str, list[str]] = {}
        self._stamp: tuple[int, int] | None = None

    def of(self, source: str) -> list[str]:
        """The secrets of a source; none: there is no such source."""
        self.reload()
        return [
            *self._of_environment.get(source.replace("-", "_"), []),
            *self._of_file.get(source, []),
        ]

    def sources(self) -> list[str]:
        """Every source that has a secret."""
        self.reload()
        return sorted({*self._of_environment, *self._of_file})

    def check(self, source: str) -> None:
        """The secrets of a source have the form that its scheme wants.

        Raises:
            TieoutError: when one has not.
        """
        try:
            if source != signatures.STRIPE:
                for secret in self.of(source):
                    signatures.standard_key(secret)
        except ValueError as error:
            raise TieoutError(f"The secret of source {source} cannot be used: {error}.") from error

    def reload(self) -> None:
        """Read the file again when it is another. One that is half-written changes nothing."""
        try:
            found = self._path.stat()
            stamp = (found.st_mtime_ns, found.st_size)
            if stamp == self._stamp:
                return
            listed = tomllib.loads(self._path.read_text(encoding="utf-8")).get("webhooks", {})
            self._of_file = {
                str(source): [value] if isinstance(value, str) else [str(one) for one in value]
                for source, value in listed.items()
            }
            self._stamp = stamp
        except FileNotFoundError:
            self._of_file, self._stamp = {}, None
        except (OSError, ValueError, AttributeError, TypeError):
            log.warning("the secrets file cannot be read; the secrets read before still hold")


def build_app(
    home: Home, environment: Mapping[str, str] | None = None, body_seconds: float = BODY_SECONDS
) -> Starlette:
    """The receiver of a home, as an ASGI application; `body_seconds`: how long a body may take.

    Raises:
        TieoutError: when a setting cannot be understood.
    """
    environment = os.environ if environment is None else environment
    secrets = Secrets(home, environment)
    counts: Counter[str] = Counter()
    limit = _limit(environment)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        with spool.connected(home):  # a spool that cannot be opened is said at the start
            pass
        app.state.writer = spool.Writer(home, limit)
        noting = asyncio.create_task(_keep_noting(home, lambda: told(app)))
        yield
        noting.cancel()
        with suppress(asyncio.CancelledError):  # a note under way would come after the last one
            await noting
        await run_in_threadpool(app.state.writer.close)
        status.stop(home, "receiver", counts)

    async def receive(request: Request) -> Response:
        source = request.path_params["source"]
        try:
            event = await _verified(request, source, secrets, body_seconds)
        except Refused as refused:
            counts[f"{status.REFUSED}{refused.reason}"] += 1
            shown = source if _SOURCE.fullmatch(source) else "?"
            log.warning("refused source=%s reason=%s", shown, refused.reason)
            code = _STATUS.get(refused.reason, 400)
            # of its body there may be more, which nobody reads
            return JSONResponse({"error": refused.reason}, code, headers={"connection": "close"})
        except ClientDisconnect:
            counts["broken_off"] += 1
            return Response(status_code=400)
        try:
            is_new = await asyncio.wrap_future(request.app.state.writer.put(event))
        except spool.SpoolFull as full:
            counts["unavailable"] += 1
            log.error("not taken source=%s size=%s: %s", source, len(event.body), full)
            return JSONResponse(
                {"error": "unavailable"}, 503, headers={"retry-after": str(RETRY_SECONDS)}
            )
        counts["received" if is_new else "repeated"] += 1
        return JSONResponse({"received": True, "new": is_new})

    async def healthy(request: Request) -> Response:
        now = told(request.app)
        code = 503 if "trouble" in now else 200
        return JSONResponse({"sources": secrets.sources(), **now}, code)

    def told(app: Starlette) -> dict[str, object]:
        """What was counted, and `trouble` where events cannot be kept."""
        trouble = app.state.writer.trouble()
        return {**counts} if trouble is None else {**counts, "trouble": trouble}

    return Starlette(
        routes=[
            Route("/webhooks/{source}", receive, methods=["POST"]),
            Route("/healthz", healthy, methods=["GET"]),
        ],
        lifespan=lifespan,
    )


async def _verified(
    request: Request, source: str, secrets: Secrets, body_seconds: float
) -> spool.Event:
    """The event of a request.

    Raises:
        Refused: when it is not to be taken.
    """
    wanted = secrets.of(source) if _SOURCE.fullmatch(source) else []
    if not wanted:
        raise Refused("unknown_source")
    body = bytearray()
    try:
        async with asyncio.timeout(body_seconds):
            async for chunk in request.stream():
                body += chunk
                if len(body) > LARGEST_BODY:
                    raise Refused("too_large")
    except TimeoutError:
        raise Refused("too_slow") from None
    raw, now = bytes(body), wall_clock()
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        event_id = signatures.verify(source, headers, raw, wanted, now) or events.id_of(raw)
    except ValueError as error:
        log.error("the secrets of source=%s cannot be used: %s", source, error)
        raise Refused("bad_signature") from None
    # an event without an id is told by its content
    event_id = event_id or "sha256:" + hashlib.sha256(raw).hexdigest()
    return spool.Event(source, event_id[:300], now, raw)


async def _keep_noting(home: Home, told: Callable[[], dict[str, object]]) -> None:
    while True:
        await run_in_threadpool(status.note, home, "receiver", told())
        await asyncio.sleep(status.EVERY_SECONDS)


def serve(home: Home, host: str, port: int, body_seconds: float = BODY_SECONDS) -> int:
    """Receive until a signal ends it; `body_seconds`: how long a body may take.

    Raises:
        TieoutError: when no source has a secret, the spool cannot be opened, or a body could take
            no time at all.
    """
    import uvicorn

    if not body_seconds > 0:
        raise TieoutError(f"A body cannot come within {body_seconds:g} s: say more than 0.")

    home.create()
    secrets = Secrets(home, os.environ)
    sources = secrets.sources()
    if not sources:
        raise TieoutError(
            "No source has a secret, so every webhook would be refused. Set "
            f'{SECRETS_PREFIX}STRIPE=whsec_…, or write [webhooks] with stripe = "whsec_…" into '
            f"{home.root / 'secrets.toml'}."
        )
    for source in sources:
        secrets.check(source)
    app = build_app(home, body_seconds=body_seconds)
    log_to_stderr()
    log.info("Receiving %s on http://%s:%s/webhooks/…", ", ".join(sources), host, port)
    uvicorn.run(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    return 0


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _limit(environment: Mapping[str, str]) -> int:
    text = environment.get(LIMIT_SETTING, "").strip()
    if not text:
        return spool.DEFAULT_LIMIT
    if not text.isdigit():
        raise TieoutError(f"{LIMIT_SETTING}={text!r} is no number of bytes.")
    return int(text)
