"""Closing at Opsgenie by the alert's alias.

apprise (2.3) closes by the id of the request that opened the alert. Opsgenie takes that for the id
of an alert, answers "accepted", and closes nothing; and the id is lost with the process's disk.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import requests
from apprise import AppriseAsset, NotifyType
from apprise.plugins import opsgenie


class ByAlias(opsgenie.NotifyOpsgenie):
    """The service as apprise speaks to it, but for what closes."""

    def send(
        self, body: str, title: str = "", notify_type: NotifyType = NotifyType.INFO, **kwargs: Any
    ) -> bool:
        """Open, or close what the alias names."""
        if notify_type is not NotifyType.SUCCESS or not self.alias:
            return bool(super().send(body, title=title, notify_type=notify_type, **kwargs))
        url = f"{opsgenie.OPSGENIE_API_LOOKUP[self.region_name]}/{quote(self.alias)}/close"
        payload = {"source": self.app_desc, "note": body}
        is_taken, _ = self._fetch(requests.post, url, payload, {"identifierType": "alias"})
        return bool(is_taken)


def of(url: str, asset: AppriseAsset) -> ByAlias:
    """The service behind an address that apprise understands."""
    return ByAlias(asset=asset, **opsgenie.NotifyOpsgenie.parse_url(url))
