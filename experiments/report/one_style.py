"""A finished page whose style is one element, told by its hash in the page's own policy of content."""

from __future__ import annotations

import re
from collections.abc import Iterator

from data_contracts.style_hash import style_hash

HEAD = '<meta charset="utf-8">'
DRAWN = "svg * { stroke-linejoin: round; stroke-linecap: butt; }"
"""What every drawing of matplotlib says of its strokes, in a style element of its own."""

_DRAWING = re.compile(r"<svg .*?</svg>", re.DOTALL)
_OWN_STYLE = re.compile(r'<style type="text/css">\*\{stroke-linejoin: round; stroke-linecap: butt\}</style>')
_TAG = re.compile(r"<[a-zA-Z][^<>]*>")
_STYLE = re.compile(r' style="([^"]*)"')


def one_style(page: str) -> str:
    """The page with its drawings' styles as classes of its only style element, and a policy that names that element.

    A policy of content can tell one element by one hash; style attributes would need ``'unsafe-hashes'`` and a hash
    each (https://www.w3.org/TR/CSP3/#unsafe-hashes-usage).

    Args:
        page: of our templates, with one style element outside of its drawings; drawings are of `drawing`, whose texts
            and attributes hold no ``<`` and no ``>`` but those of tags.

    Raises:
        ValueError: a style would be left that the policy forbids.
    """
    classes: dict[str, str] = {}

    def named(tag: re.Match[str]) -> str:
        if "class=" in tag.group() and _STYLE.search(tag.group()):
            raise ValueError("an element of a drawing has a class and a style")
        return _STYLE.sub(lambda found: f' class="{_class(classes, found.group(1))}"', tag.group())

    page = _DRAWING.sub(lambda drawing: _TAG.sub(named, _OWN_STYLE.sub("", drawing.group())), page)
    page = page.replace("</style>", "\n".join((*_rules(classes), "</style>")), 1)
    styles = re.findall(r"<style[^>]*>(.*?)</style>", page, re.DOTALL)
    if len(styles) != 1:
        raise ValueError(f"a page of the lab has one style element, and this has {len(styles)}")
    return page.replace(HEAD, f"{HEAD}\n{_policy(styles[0])}", 1)


def _class(classes: dict[str, str], style: str) -> str:
    return classes.setdefault(style, f"d{len(classes) + 1}")


def _rules(classes: dict[str, str]) -> Iterator[str]:
    if classes:
        yield DRAWN
    for style, name in classes.items():
        yield f".{name} {{ {style.replace('&quot;', chr(34)).replace('&amp;', '&')} }}"


def _policy(style: str) -> str:
    content = f"default-src 'none'; style-src {style_hash(style.encode())}; img-src data:"
    return f'<meta http-equiv="Content-Security-Policy" content="{content}">'
