"""Sending one message to one destination through apprise, and saying what came of it.

Addresses hold secrets: they live in here only, what apprise logs stays in here, and what is said of
a failure is freed of them. apprise takes a third of a second to load, so functions import it: runs
that have nothing to tell do without it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode

from orchestration.alerting import secret_values
from orchestration.alerting.after_run import FILE
from orchestration.alerting.outbox import Notification
from orchestration.alerting.routes import Configuration
from orchestration.alerting.yaml_file import ConfigurationError
from orchestration.home import Home, TieoutError

LONGEST_DETAIL = 300

_KEY_ARGUMENTS = ("dedup", "alias", "entity_id")
"""By what name services take the key of an alert, where they know one."""

_LEFT_BUT_UNANSWERED = re.compile(
    r"Read timed out|ReadTimeout|Connection aborted|RemoteDisconnected|Connection reset|"
    r"Connection broken|ChunkedEncoding|unexpectedly closed",
    re.IGNORECASE,
)
"""The message was handed over, and no answer came: it may have arrived."""


@dataclass(frozen=True)
class Sent:
    """What came of it. `detail` is free of secrets."""

    outcome: Literal["delivered", "failed", "unknown"]
    detail: str = ""


@dataclass(frozen=True)
class Service:
    """A destination that can be sent to.

    `knows_key`: it takes the key of an alert, so that the same message twice is one to its people,
    and a resolution closes what it opened.
    """

    name: str
    knows_key: bool
    url: str
    secrets: frozenset[str]


def service(home: Home, configuration: Configuration, destination: str) -> Service:
    """What stands behind a destination.

    Raises:
        TieoutError: when it has no address that apprise understands, a secret has no value, or
            stands in the file itself.
    """
    import apprise

    where = f"{home.root / FILE}, destinations.{destination}"
    written = configuration.destinations.get(destination)
    if written is None:
        raise ConfigurationError(f"{home.root / FILE} has no destination {destination!r} any more.")
    url = secret_values.filled(written, home, where)
    _keep_quiet()
    plugin = apprise.Apprise.instantiate(url, suppress_exceptions=True)
    if plugin is None:
        scheme = url.partition("://")[0]
        known = scheme if "://" in url and re.fullmatch(r"[a-z0-9]{2,20}", scheme) else "(hidden)"
        raise ConfigurationError(
            f"{where}: apprise does not understand this address (it begins with {known}). How each "
            "service is written stands at https://appriseit.com/services."
        )
    if not secret_values.PLACEHOLDER.search(written) and plugin.url(privacy=True) != plugin.url():
        raise ConfigurationError(
            f"{where}: this address holds a secret. Write it as ${{NAME}}, and set the environment "
            f"variable NAME or put it under [{secret_values.SECTION}] in "
            f"{secret_values.secrets_file(home)}."
        )
    return Service(
        name=str(plugin.service_name),
        knows_key=_key_argument(plugin) is not None,
        url=url,
        secrets=frozenset(_secrets(written, url)),
    )


def send(home: Home, to: Service, notification: Notification) -> Sent:
    """Send it once. Nothing is raised: what goes wrong is what came of it."""
    import apprise

    from orchestration.alerting import redirects

    _keep_quiet()
    asset = apprise.AppriseAsset(
        app_id="tieout",
        app_desc="tieout alerts",
        app_url="",
        async_mode=False,
        # where services keep the number of what they opened, for those that close it by that
        storage_path=str(home.runs / "alerting"),
        storage_mode=apprise.PersistentStoreMode.FLUSH,
    )
    try:
        plugin = _plugin(_with_key(to, notification), asset)
        target = apprise.Apprise(asset=asset)
        target.add(plugin)
        with redirects.heard() as pointed_to:
            result = target.notify(
                title=notification.title,
                body=notification.body,
                body_format=apprise.NotifyFormat.MARKDOWN,
                notify_type=_kind(apprise, notification),
                log_level=logging.DEBUG,
            )
        said = [str(entry.message) for entry in result.logs() if entry.level == "WARNING"]
        heard = [str(entry.message) for entry in result.logs()]
    except Exception as error:  # a plugin's own fault is no reason to stop telling others
        return Sent("failed", _safe(f"{to.name}: {type(error).__name__}: {error}", to))
    if pointed_to:
        return Sent(
            "failed",
            _safe(
                f"{to.name}: it redirects to {pointed_to[0]}, which is not followed, because a "
                f"redirected message loses its content. Write the address behind it in {FILE}.",
                to,
            ),
        )
    if result:
        return Sent("delivered")
    detail = _safe(f"{to.name}: {said[-1] if said else 'it did not take the message'}", to)
    if result.status is apprise.AppriseResultStatus.TIMEOUT or any(
        _LEFT_BUT_UNANSWERED.search(line) for line in heard
    ):
        return Sent("unknown", detail)
    return Sent("failed", detail)


def _plugin(url: str, asset: Any) -> Any:
    import apprise

    if url.startswith("opsgenie://"):
        from orchestration.alerting import opsgenie

        return opsgenie.of(url, asset)
    return apprise.Apprise.instantiate(url, asset=asset)


def _kind(apprise: Any, notification: Notification) -> Any:
    """Services map success to closing, and failure to what is loudest."""
    if notification.event == "resolved":
        return apprise.NotifyType.SUCCESS
    if notification.event == "test" or notification.severity == "info":
        return apprise.NotifyType.INFO
    return (
        apprise.NotifyType.FAILURE
        if notification.severity == "page"
        else apprise.NotifyType.WARNING
    )


def _key_argument(plugin: Any) -> str | None:
    """By what argument a service takes the key of an alert and closes it later; None without."""
    arguments = plugin.template_args
    if "map" not in tuple(arguments.get("action", {}).get("values", ())):
        return None
    return next((name for name in _KEY_ARGUMENTS if name in arguments), None)


def _with_key(to: Service, notification: Notification) -> str:
    """The address with the alert's key, where the service takes one; one message for all, and none
    that is redirected."""
    import apprise

    plugin: Any = apprise.Apprise.instantiate(to.url)
    more = {"overflow": "truncate", "redirect": "no"}
    key = _key_argument(plugin)
    if key is not None:
        more |= {key: notification.dedup_key, "action": "map"}
    elif plugin.secure_protocol in ("jsons", "xmls", "forms"):
        # a webhook can tell what it has seen by these
        more |= {
            ":event": notification.event,
            ":severity": notification.severity,
            ":dedup_key": notification.dedup_key,
            ":notification_id": notification.notification_id,
        }
    base, _, query = to.url.partition("?")
    kept = [(name, value) for name, value in parse_qsl(query, True) if name not in more]
    return f"{base}?{urlencode([*kept, *more.items()])}"


@cache
def _keep_quiet() -> None:
    """What apprise logs may hold addresses and messages: it goes to no log of this process. Nor do
    the paths that its HTTP library tells at its lowest level: for chats these are the secret."""
    logging.getLogger("urllib3").setLevel(logging.INFO)
    logger = logging.getLogger("apprise")
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    logger.addHandler(logging.NullHandler())


def _secrets(written: str, url: str) -> Iterable[str]:
    """The parts of an address that came from outside the file."""
    pattern = "(.*)".join(map(re.escape, secret_values.PLACEHOLDER.split(written)[::2]))
    match = re.fullmatch(pattern, url, re.DOTALL)
    for value in match.groups() if match else [url]:
        yield value
        yield from (part for part in re.split(r"[/:@?&=]+", value) if len(part) >= 6)


def _safe(text: str, to: Service) -> str:
    for secret in sorted(to.secrets, key=len, reverse=True):
        if secret:
            text = text.replace(secret, "***")
    return " ".join(text.split())[:LONGEST_DETAIL]


def check(home: Home, configuration: Configuration) -> dict[str, Service | TieoutError]:
    """Each destination, or why it cannot be used. Nothing is sent."""
    found: dict[str, Service | TieoutError] = {}
    for name in configuration.destinations:
        try:
            found[name] = service(home, configuration, name)
        except TieoutError as error:
            found[name] = error
    return found
