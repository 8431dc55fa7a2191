"""The headers of a page that we show and did not write: it runs and reaches nothing, its styles are its own."""

from __future__ import annotations

from functools import lru_cache
from html.parser import HTMLParser

from data_contracts.style_hash import style_hash

MOST = 100
"""Styles of a document that are told, each by its hash: some 5 kB of header. More do not count."""

HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
POLICY = (
    "sandbox; default-src 'none'; style-src {styles}; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'"
)


def foreign_headers(page: bytes = b"") -> dict[str, str]:
    """Of a page by a worker or a study: its policy of content tells its styles by their hashes.

    Style attributes take `'unsafe-hashes'`, which lets those very texts count and no other. Only documents of before
    hold any: the lab writes one style element and nothing beside.

    Args:
        page: in UTF-8; empty for what is no page.
    """
    elements, attributes = _styles(page) if page else ((), ())
    # An attribute that the header has no room for makes a drawing plain; without the element nothing can be read.
    told = [*elements, *(("'unsafe-hashes'", *attributes) if attributes else ())]
    return {"Content-Security-Policy": POLICY.format(styles=" ".join(told) or "'none'"), **HEADERS}


class _Styles(HTMLParser):
    """Gathers the texts of style elements and style attributes, as a browser reads them."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: dict[str, None] = {}
        self.attributes: dict[str, None] = {}
        self._within: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """What an element is styled by."""
        for name, value in attrs:
            if name == "style" and value is not None:
                self.attributes[value] = None
        if tag == "style":
            self._within = []

    def handle_data(self, data: str) -> None:
        """Part of a text."""
        if self._within is not None:
            self._within.append(data)

    def handle_endtag(self, tag: str) -> None:
        """The end of a style element."""
        if tag == "style" and self._within is not None:
            self.elements["".join(self._within)] = None
            self._within = None


@lru_cache(maxsize=16)
def _styles(page: bytes) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Hashes of elements and of attributes, as a policy of content writes them, ``MOST`` in all."""
    found = _Styles()
    found.feed(page.decode("utf-8", "replace").replace("\r\n", "\n"))
    found.close()
    elements = [*found.elements][:MOST]
    attributes = [*found.attributes][: MOST - len(elements)]
    return tuple(style_hash(one.encode()) for one in elements), tuple(style_hash(one.encode()) for one in attributes)
