"""What Apprise does for geogate: mail, webhooks by a plugin of our own, and services by URL; answers are words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import requests
from apprise import Apprise, AppriseAsset
from apprise.plugins.base import NotifyBase
from apprise.plugins.email import NotifyEmail

if TYPE_CHECKING:
    from geogate.notifications.receivers import MailServer

WAITS_S: Final = 15
_SECURITY: Final = {"smtps": "ssl", "smtp+starttls": "starttls", "smtp": "insecure"}
_GOOD: Final = range(200, 300)


class WebHook(NotifyBase):  # type: ignore[no-untyped-call] # Apprise is typed in part
    """One document for one webhook; redirections are not followed, since the address is the secret."""

    service_name = "webhook"  # type: ignore[assignment]
    secure_protocol = "geogate-hook"  # type: ignore[assignment]
    request_rate_per_sec = 0

    def __init__(self, url: str, document: dict[str, Any]) -> None:
        super().__init__(asset=_asset())  # type: ignore[no-untyped-call]
        self._url = url
        self._document = document
        self.why = "it was not tried"

    def url(self, *_: Any, **__: Any) -> str:
        """Give no address away."""
        return "geogate-hook://"

    def send(self, *_: Any, **__: Any) -> bool:
        """Post the document, and keep why that failed."""
        try:
            answer = requests.post(
                self._url,
                data=json.dumps(self._document).encode(),
                headers={"content-type": "application/json", "user-agent": "geogate"},
                timeout=WAITS_S,
                allow_redirects=False,
            )
        except requests.Timeout:
            self.why = "the webhook did not answer in time"
        except (requests.RequestException, ValueError):
            self.why = "the webhook cannot be reached"
        else:
            good = answer.status_code in _GOOD
            self.why = "" if good else f"the webhook answered {answer.status_code}"
        return not self.why


def post(url: str, document: dict[str, Any]) -> str:
    """Post a document; give why it could not be, empty where it was."""
    hook = WebHook(url, document)
    return "" if _told(hook, title="", body="geogate") else hook.why


def mail(address: str, server: MailServer, *, title: str, body: str) -> str:
    """Send a mail of plain text; it is made of its parts, so that nothing is parsed that somebody wrote."""
    plugin = NotifyEmail(  # type: ignore[no-untyped-call]
        host=server.host,
        smtp_host=server.host,
        port=server.port,
        user=server.user or None,
        password=server.password or None,
        from_addr=server.sender,
        targets=[address],
        secure_mode=_SECURITY[server.security],
        format="text",
        cto=WAITS_S,
        asset=_asset(),
    )
    return "" if _told(plugin, title=title, body=body) else "the mail server does not answer, or did not take it"


def service(url: str, *, body: str) -> str:
    """Tell a service that Apprise knows."""
    plugin = Apprise.instantiate(url, asset=_asset(), suppress_exceptions=True)
    if plugin is None:
        return "the address is none that Apprise knows"
    return "" if _told(plugin, title="geogate", body=body) else "the service does not answer, or did not take it"


def _asset() -> AppriseAsset:
    asset = AppriseAsset(app_id="geogate", app_desc="geogate", app_url="", storage_mode="memory")
    asset.async_mode = False
    return asset


def _told(plugin: NotifyBase, *, title: str, body: str) -> bool:
    apprise = Apprise(asset=plugin.asset)
    apprise.add(plugin)
    return bool(apprise.notify(body=body, title=title, body_format="text"))
