"""The commands of the intake, and their options: `tieout receive`, `consume` and `watch`."""

from __future__ import annotations

import argparse
import os
from typing import Any

from orchestration.home import Home

RECEIVER_PORT = 8600
BODY_SECONDS = 30.0
"""How long the body of a webhook, 1 MiB at most, may take to come."""


def add_commands(commands: Any) -> None:
    """Add them to the command line's parser."""
    receive = commands.add_parser(
        "receive", help="receive webhooks of Stripe and of who speaks Standard Webhooks"
    )
    receive.add_argument("--host", default="127.0.0.1", help="put what ends TLS before it")
    receive.add_argument("--port", type=int, default=RECEIVER_PORT)
    receive.add_argument(
        "--body-seconds",
        type=float,
        default=BODY_SECONDS,
        metavar="SECONDS",
        help="how long a body may take to come, before it is answered 408 (default: %(default)g)",
    )
    receive.set_defaults(command=_receive)

    consume = commands.add_parser("consume", help="take events from a Redis stream")
    consume.add_argument(
        "--url",
        default=os.environ.get("TIEOUT_STREAM_URL", "redis://127.0.0.1:6379/0"),
        help="address of the broker (default: $TIEOUT_STREAM_URL)",
    )
    consume.add_argument("--stream", default="tieout:events")
    consume.add_argument("--group", default="tieout")
    consume.add_argument("--name", help="of this consumer in its group (default: the host's)")
    consume.set_defaults(command=_consume)

    watch = commands.add_parser(
        "watch", help="stay, and run as soon as events, files or decisions of people ask for it"
    )
    watch.set_defaults(command=_watch)


def _consume(options: argparse.Namespace) -> int:
    from orchestration.intake import consumer

    return consumer.consume(
        Home.from_environment(), options.url, options.stream, options.group, options.name
    )


def _watch(options: argparse.Namespace) -> int:
    from orchestration.intake import watch

    return watch.watch(Home.from_environment())


def _receive(options: argparse.Namespace) -> int:
    from orchestration.intake import receiver

    return receiver.serve(Home.from_environment(), options.host, options.port, options.body_seconds)
