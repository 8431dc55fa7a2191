"""The acknowledgement page: what safety rules ask for, and who says that it was done. Without script."""

from __future__ import annotations

import base64
import hashlib
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from service import routes_recommendations
from service.history_keeper import Kept
from service.storage.acknowledgements import ACTION

STYLE = (
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:40rem;margin:2rem auto;padding:0 1rem;color:#111}"
    "label{display:block;margin:.8rem 0 .2rem}input[type=text]{width:100%;padding:.4rem;font:inherit}"
    "button{margin-top:1rem;padding:.5rem 1rem;font:inherit}"
)
_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    **routes_recommendations.PRIVATE,
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_HASH}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def acknowledgement_page(kept: Kept) -> bytes:
    """The page as UTF-8; every text in it is escaped."""
    findings = [one for one in kept.answer.safety.findings if one.rule in kept.answer.safety.waiting]
    text = _template().render(findings=findings, done=kept.event(ACTION), style=STYLE)
    return text.encode("utf-8")


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("service"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("acknowledgement.html.j2")
