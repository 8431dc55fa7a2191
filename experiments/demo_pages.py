"""Opens the pages of the demo as a newcomer would: from the first one, by their links."""

from __future__ import annotations

from collections.abc import Callable, Collection
from html.parser import HTMLParser
from urllib.parse import urldefrag, urljoin, urlsplit

from data_contracts.errors import NotReady

CLICKS = 2
"""How many links away from the first page a newcomer may look."""


def open_pages(read: Callable[[str], str], wanted: Collection[str]) -> tuple[str, ...]:
    """Open all that lies within two clicks of the first page.

    Args:
        read: gives the text at an address of the service, or raises.
        wanted: addresses that one click has to lead to.

    Returns:
        The addresses that were opened, the first page first.

    Raises:
        NotReady: no link of the first page leads to one that is wanted.
    """
    opened: dict[str, str] = {"/": read("/")}
    newest = ["/"]
    for _ in range(CLICKS):
        ahead = dict.fromkeys(link for page in newest for link in _links(page, opened[page]))
        newest = [link for link in ahead if link not in opened]
        opened.update((link, read(link)) for link in newest)
    missing = sorted(set(wanted) - set(_links("/", opened["/"])))
    if missing:
        raise NotReady(f"The first page does not lead to {', '.join(missing)}.")
    return tuple(opened)


def _links(page: str, text: str) -> list[str]:
    found = _Links()
    found.feed(text)
    whole = [urldefrag(urljoin(page, href)).url for href in found.links]
    return [link for link in whole if not urlsplit(link).netloc]


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        """Note where a link, a style or a script of the page leads."""
        self.links += [value for name, value in attrs if name in ("href", "src") and value]
