"""The shared-decision sheet as one self-contained page: no script, nothing from elsewhere, one side of A4."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from data_contracts.manifest import PolicyManifest
from data_contracts.style_hash import style_hash
from service.contact import Contact
from service.event import Event
from service.history_keeper import Kept
from service.sheet import sheet_of
from service.sheet_order import guideline_for
from service.sheet_setting import setting_for

ENCODING = "utf-8"
FOOTER = " " * 190
"""As long as what the footer says beside names and roles."""
STYLE = re.compile(rb"<style>(.*?)</style>", re.S)


def sheet_page(
    kept: Kept, review: Event, release: Event, manifest: PolicyManifest, contacts: Sequence[Contact]
) -> bytes:
    """The page as UTF-8; every text in it is escaped, the same input gives the same bytes.

    Args:
        kept: the recommendation.
        review, release: who stands for it.
        manifest: of the policy that answered.
        contacts: whom to call in a crisis.
    """
    sheet = sheet_of(kept.answer, manifest)
    page = (
        _environment()
        .get_template("sheet.html.j2")
        .render(
            sheet=sheet,
            guideline=guideline_for(kept.answer),
            record=kept.record,
            holds_until=kept.holds_until,
            review=review,
            release=release,
            contacts=contacts,
            courses=sum(arm.episodes for arm in manifest.arms) // 10 * 10,
            confidence=round(kept.answer.confidence * 100),
            setting=setting_for(sheet, contacts, f"{review.by} {review.role} {release.by} {release.role} {FOOTER}"),
            css=Markup(_css()),  # noqa: S704 - our own file; it has no part that comes from outside
            style_hash=style_hash(_css().encode(ENCODING)),
        )
    )
    return page.encode(ENCODING)


def content_security_policy(page: bytes) -> str:
    """What a browser may do with the page: apply its own style, and nothing else."""
    style = STYLE.search(page)
    allowed = f"style-src {style_hash(style.group(1))}; " if style else ""
    return f"default-src 'none'; {allowed}base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


@cache
def _environment() -> Environment:
    loader = PackageLoader("service")
    found = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    found.filters["day"] = lambda moment: f"{moment.day} {moment:%B %Y}"
    return found


@cache
def _css() -> str:
    loader = _environment().loader
    assert loader is not None  # noqa: S101 - narrows the type
    return loader.get_source(_environment(), "sheet.css")[0]
