"""`tieout benchmark events`: from the moment an event is durable to its match in the publication.

A company with a settled history takes in events at a steady rate, through the real receiver and,
where a broker is here, the real consumer; `tieout watch` makes the runs, and Dagster's daemon
leaves them to it. All of it, and who sends and looks, has two cores. Then, while more events come,
receiver, consumer, watch, daemon and the run's dbt process are killed with -9 at seeded moments and
started again, as a service manager does. At the end every event that a sender was told of is held
against the raw rows and the publication.
"""

from __future__ import annotations

import json
import random
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from orchestration import run_records, steps
from orchestration.benchmarks import timed
from orchestration.benchmarks.days import new_home
from orchestration.benchmarks.intake_services import (
    LONGEST_WAIT,
    SECRET,
    STREAM,
    Services,
    on_two_cores,
    running,
)
from orchestration.files import quoted
from orchestration.home import Home, TieoutError, parse_as_of, wall_clock
from orchestration.intake import signatures, spool

WANTED_P95 = 60.0
WANTED_SHARE = 0.95
"""Of the rate that was asked for: with less sent, the figures are of another rate."""

SENDERS = 8
LARGE_EVERY = 200
"""One charge in so many is of an amount that the seed of policies lets wait for nothing."""

STREAMED_EVERY = 5
"""One pair in so many comes by the stream."""


@dataclass
class Result:
    """What was measured. Seconds; `sent` are pairs of an invoice and the charge that pays it.

    `reached` are events a second that were taken, `streamed` None where there was no broker.
    """

    cores: int
    history: int
    rate: float
    reached: float
    sent: int
    streamed: int | None
    latencies: list[float]
    latencies_of_large: list[float]
    runs: int
    run_seconds: list[float]
    run_steps: dict[str, float]
    cpu_per_run: float
    kills: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    unmatched: int = 0


def run(
    size: int = 100_000,
    seconds: float = 300,
    rate: float = 50,
    kill_seconds: float = 120,
    kills_of_each: int = 2,
    seed: int = 7,
    home: Home | None = None,
) -> Result:
    """Measure on a company of about `size` invoices, or in `home`, which is reconciled already.

    Args:
        rate: events a second.
        kill_seconds: how long events come while processes are killed, after what is measured.

    Raises:
        TieoutError: when a run fails before the events come, or they never become visible.
    """
    if home is not None:
        with on_two_cores() as cores:
            return _measured(home, cores, seconds, rate, kill_seconds, kills_of_each, seed)
    with new_home() as made, on_two_cores() as cores:
        steps.land_demo(made, wall_clock().date() - timedelta(days=1), invoices=size)
        # the first run seals what it decides, the second reads that: then the history is settled
        for as_of in (wall_clock() - timedelta(hours=2), wall_clock()):
            timed.run(made, as_of.replace(microsecond=0))
        return _measured(made, cores, seconds, rate, kill_seconds, kills_of_each, seed)


def table(result: Result) -> str:
    """The result as text."""
    streamed = (
        "NO CONSUMER: redis-server or its client is not here, so all came by webhooks"
        if result.streamed is None
        else f"{result.streamed * 2:,} of them by the stream"
    )
    lines = [
        f"cores                           {result.cores:>10}",
        f"settled history                 {result.history:>10,} invoices",
        f"events                          {result.sent * 2:>10,} ({result.reached:.1f} a second of "
        f"{result.rate:.0f}, {streamed})",
        *_shown("durable to visible match", result.latencies, f"wanted: < {WANTED_P95:.0f} s"),
        *_shown("of them large ones", result.latencies_of_large, ""),
        *_shown("a run", result.run_seconds, f"{result.runs} runs"),
        f"processor time of a run         {result.cpu_per_run:>8.1f} s",
        *(f"  {name:30}{value:>8.1f} s" for name, value in result.run_steps.items()),
        f"killed with -9                  {len(result.kills):>10}  {', '.join(result.kills)}",
        f"lost, doubled, without a match  {len(result.lost):>10}, {len(result.doubled)}, "
        f"{result.unmatched}",
    ]
    return "\n".join(lines) + "\n"


def failures(result: Result) -> list[str]:
    """What is not as it has to be."""
    found = [
        f"{len(of)} {what}, such as {of[0]}"
        for what, of in (("events lost", result.lost), ("rows doubled", result.doubled))
        if of
    ]
    if result.unmatched:
        found.append(f"{result.unmatched} charges without a match")
    if result.reached < WANTED_SHARE * result.rate:
        found.append(f"{result.reached:.1f} events a second, and {result.rate:.0f} are wanted")
    if result.streamed == 0:
        found.append("nothing came by the stream, though a broker is here")
    if (p95 := percentile(result.latencies, 0.95)) > WANTED_P95:
        found.append(f"{p95:.1f} s from durable to visible (p95), and {WANTED_P95:.0f} are wanted")
    return found


def _shown(name: str, values: list[float], note: str) -> list[str]:
    if not values:
        return []
    return [
        f"{name:30}  p50 {percentile(values, 0.5):>6.1f} s   p95 {percentile(values, 0.95):>6.1f} s"
        f"   most {max(values):>6.1f} s   {note}"
    ]


def percentile(values: list[float], share: float) -> float:
    """The value that this share does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _measured(
    home: Home,
    cores: int,
    seconds: float,
    rate: float,
    kill_seconds: float,
    kills_of_each: int,
    seed: int,
) -> Result:
    with running(home) as services:
        watching = Visible(home)
        sender = Sender(home, services, first=int(time.time()) * 100_000)
        before = {record.name for record in run_records.read(home, 1000)}
        cpu = services.cpu("watch")
        began = time.monotonic()
        sender.send(seconds, rate)
        reached = len(sender.charges) * 2 / max(seconds, time.monotonic() - began)
        watching.wait_for(sender.charges)
        _wait_for_the_end_of_runs(home)
        cpu = services.cpu("watch") - cpu
        records = [
            record
            for record in run_records.read(home, 1000)
            if record.name not in before and record.outcome == "published"
        ]
        measured = watching.latencies(home, sender.charges)
        large = watching.latencies(home, sender.large)
        sent = len(sender.charges)
        streamed = None if services.broker_port is None else len(sender.streamed)
        kills: list[str] = []
        if kill_seconds:
            killer = threading.Thread(
                target=services.kill_at_random,
                args=(kill_seconds, kills_of_each, random.Random(seed), kills),
            )
            killer.start()
            sender.send(kill_seconds, rate)
            killer.join()
            watching.wait_for(sender.charges)
        lost, doubled, unmatched = _held_against(home, sender)
    took = [
        (record.ended_at - record.started_at).total_seconds()
        for record in records
        if record.ended_at is not None
    ]
    by_step: dict[str, list[float]] = {}
    for record in records:
        for step in record.steps:
            by_step.setdefault(step.name, []).append(step.seconds or 0.0)
    return Result(
        cores=cores,
        history=_history(home) - len(sender.charges),
        rate=rate,
        reached=reached,
        sent=sent,
        streamed=streamed,
        latencies=measured,
        latencies_of_large=large,
        runs=len(records),
        run_seconds=took,
        run_steps={name: percentile(values, 0.5) for name, values in by_step.items()},
        cpu_per_run=cpu / max(1, len(records)),
        kills=kills,
        lost=lost,
        doubled=doubled,
        unmatched=unmatched,
    )


class Sender:
    """Sends invoices and the charges that pay them, and repeats until it is answered."""

    def __init__(self, home: Home, services: Services, first: int) -> None:
        self._services = services
        self._customers = _customers(home)
        self.first = self._next = first
        self._guard = threading.Lock()
        self.charges: set[int] = set()
        self.large: set[int] = set()
        self.streamed: set[int] = set()
        self._broker = None
        if services.broker_port is not None:
            import redis

            self._broker = redis.Redis(port=services.broker_port)

    def send(self, seconds: float, rate: float) -> None:
        """Send `rate` events a second for so long; a pair is two."""
        until = time.monotonic() + seconds
        threads = [
            threading.Thread(target=self._send, args=(until, 2 * SENDERS / rate, number))
            for number in range(SENDERS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _send(self, until: float, pause: float, number: int) -> None:
        due = time.monotonic() + pause * number / SENDERS
        while due < until:
            time.sleep(max(0.0, due - time.monotonic()))
            due += pause
            with self._guard:
                pair = self._next
                self._next += 1
            bodies = self._bodies(pair)
            if self._broker is not None and pair % STREAMED_EVERY == 0:
                for body in bodies:
                    self._broker.xadd(STREAM, {"source": "stripe", "body": body})
                self.streamed.add(pair)
            else:
                for body in bodies:
                    while not self._post(body):
                        time.sleep(0.2)
            self.charges.add(pair)
            if pair % LARGE_EVERY == 0:
                self.large.add(pair)

    def _bodies(self, pair: int) -> tuple[bytes, bytes]:
        now = int(time.time())
        customer = self._customers[pair % len(self._customers)]
        amount = (1_500_000 if pair % LARGE_EVERY == 0 else 1_000) + pair % 9_973
        invoice = {
            "id": f"in_{pair}", "number": f"EV-{pair}", "currency": "eur", "total": amount,
            "created": now, "due_date": now + 14 * 86_400, "metadata": {"customer_id": customer},
        }  # fmt: skip
        charge = {
            "id": f"ch_{pair}", "amount": amount, "currency": "eur", "created": now,
            "balance_transaction": f"txn_{pair}", "payment_intent": f"pi_{pair}",
            "metadata": {"customer_id": customer, "invoice_number": f"EV-{pair}"},
        }  # fmt: skip
        return (
            _event(f"evt_i{pair}", "invoice.finalized", invoice, now),
            _event(f"evt_c{pair}", "charge.succeeded", charge, now),
        )

    def _post(self, body: bytes) -> bool:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._services.port}/webhooks/stripe",
            data=body,
            headers={"stripe-signature": signatures.sign_stripe(SECRET, body, int(time.time()))},
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return int(answer.status) == 200
        except (urllib.error.URLError, OSError):
            return False


class Visible:
    """When the match of each charge was first in the served publication."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._seen: dict[int, datetime] = {}
        self._served: Path | None = None
        self._is_ended = False
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._is_ended:
            served = self._home.serving.resolve()
            if served != self._served:
                at = wall_clock()
                try:
                    for pair in _matched(served):
                        self._seen.setdefault(pair, at)
                    self._served = served
                except duckdb.Error:  # the next one took its place
                    pass
            time.sleep(0.2)

    def wait_for(self, pairs: set[int]) -> None:
        """Raises:
        TieoutError: when some do not become visible.
        """
        deadline = time.monotonic() + LONGEST_WAIT
        while missing := pairs - set(self._seen):
            if time.monotonic() > deadline:
                raise TieoutError(
                    f"{len(missing)} of {len(pairs)} charges have no match after "
                    f"{LONGEST_WAIT:.0f} s, such as txn_{min(missing)}."
                )
            time.sleep(0.2)

    def latencies(self, home: Home, pairs: set[int]) -> list[float]:
        """Seconds from the spool's commit to the publication."""
        with spool.connected(home) as connection:
            durable = dict(
                connection.execute(
                    "select event_id, received_at from events where event_id like 'evt_c%'"
                ).fetchall()
            )
        return [
            (self._seen[pair] - parse_as_of(durable[f"evt_c{pair}"])).total_seconds()
            for pair in pairs
        ]


def _matched(publication: Path) -> list[int]:
    """Charges of the benchmark that a match has applied."""
    with duckdb.connect(str(publication), read_only=True) as connection:
        rows = connection.execute(
            "select item_id from marts.fct_receipts "
            "where contains(item_id, 'txn_') and reconciliation_status = 'applied'"
        ).fetchall()
    return [int(item_id.partition("txn_")[2]) for (item_id,) in rows]


def _wait_for_the_end_of_runs(home: Home) -> None:
    """A publication is seen before its run has ended and said how long it took."""
    while any(record.outcome == "running" for record in run_records.read(home, 1)):
        time.sleep(0.2)


def _held_against(home: Home, sender: Sender) -> tuple[list[str], list[str], int]:
    """What was lost, what is there more than once, and how many charges have no match."""
    lost, doubled = [], []
    wanted = {
        "gateway_transactions": ("transaction_id", {f"txn_{pair}" for pair in sender.charges}),
        "billing_invoices": ("invoice_id", {f"in_{pair}" for pair in sender.charges}),
    }
    with duckdb.connect() as connection:
        for feed, (key, sent) in wanted.items():
            files = quoted(str(home.feed_raw(feed) / "*.parquet"))
            rows = connection.execute(
                f"select {key}, count(*) from read_parquet({files}, union_by_name = true) "
                f"where {key} similar to '(txn|in)_[0-9]{{12,}}' group by {key}"
            ).fetchall()
            # a home that was given may hold those of an earlier benchmark
            found = {of: n for of, n in rows if int(of.partition("_")[2]) >= sender.first}
            lost += sorted(sent - set(found))
            doubled += sorted(of for of, number in found.items() if number > 1)
            doubled += sorted(set(found) - sent)  # nobody sent it
        served = quoted(str(home.serving.resolve()))
        connection.execute(f"attach {served} as served (read_only)")
        for mart in ("fct_receipts", "fct_invoices"):
            key = "item_id" if mart == "fct_receipts" else "invoice_id"
            doubled += [
                str(of)
                for (of,) in connection.execute(
                    f"select {key} from served.marts.{mart} group by {key} having count(*) > 1"
                ).fetchall()
            ]
    matched = set(_matched(home.serving.resolve()))
    return lost, doubled, len(sender.charges - matched)


def _customers(home: Home) -> list[str]:
    with duckdb.connect(str(home.serving.resolve()), read_only=True) as connection:
        rows = connection.execute(
            "select customer_id from marts.dim_customers where tier = 'standard' or tier is null "
            "order by customer_id"
        ).fetchall()
    if not rows:
        raise TieoutError(f"{home.root} has no customers; give a home with a reconciled company.")
    return [str(customer_id) for (customer_id,) in rows]


def _history(home: Home) -> int:
    with duckdb.connect(str(home.serving.resolve()), read_only=True) as connection:
        [(number,)] = connection.execute("select count(*) from marts.fct_invoices").fetchall()
    return int(number)


def _event(event_id: str, event_type: str, item: dict[str, object], now: int) -> bytes:
    told = {"id": event_id, "object": "event", "type": event_type, "created": now}
    return json.dumps({**told, "data": {"object": item}}).encode()
