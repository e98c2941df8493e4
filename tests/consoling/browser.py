"""A real browser without a window, as a person behind the proxy uses it; a request to any other host fails a test."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from consoling.visitor import GROUPS, USER
from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, Page

AXE = Path(__file__).parents[1] / "console" / "vendor" / "axe.min.js"
WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 360, "height": 780}
MAP_MS = 90_000
ARGUMENTS = [
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--font-render-hinting=none",
]


def chromium() -> str:
    """Find Chromium."""
    found = [path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))]
    assert found, "there is no Chromium: run infra/system-packages.sh"
    return found[0]


@contextmanager
def browsing() -> Iterator[Browser]:
    """Begin the browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


class Person:
    """Somebody at the browser; ``strange`` are requests to other hosts, ``errors`` what pages complained of."""

    def __init__(self, browser: Browser, url: str, name: str, *groups: str, **look: Any) -> None:
        headers = {USER: name, GROUPS: ",".join(groups)}
        self.context: BrowserContext = browser.new_context(
            viewport=look.pop("viewport", WIDE), extra_http_headers=headers, reduced_motion="reduce", **look
        )
        self.url = url
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(60_000)
        self.strange: list[str] = []
        self.errors: list[str] = []
        self.page.on("request", lambda request: self._heard(request.url))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)

    def _heard(self, url: str) -> None:
        if not url.startswith((self.url, "blob:" + self.url, "data:")):
            self.strange.append(url)

    def go(self, path: str) -> Page:
        """Load a page; that of a release with its map."""
        self.page.goto(self.url + path)
        if self.page.locator("#map").count():
            self.page.wait_for_selector("#map[data-ready]", timeout=MAP_MS)
        return self.page

    def scrolls_sideways(self) -> bool:
        return bool(self.page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))

    def complaints(self) -> list[str]:
        """Ask axe what people who use a screen reader or a keyboard would stumble over."""
        # The strict policy of pages lets nobody add a script; DevTools evaluate past it.
        self.page.evaluate(AXE.read_text(encoding="utf-8") + "; true")
        found = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [f"{each['id']}: {node['html'][:160]}" for each in found["violations"] for node in each["nodes"]]

    def leave(self) -> None:
        """Close the page, which must have asked nobody else and complained of nothing."""
        self.context.close()
        assert self.strange == []
        assert self.errors == []
