"""Makes pages: templates with every text escaped, under a policy that lets nothing run but our own files."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING

from fastapi import Request, Response

from data_contracts.arm_labels import capital
from service.access.rights import right_of
from service.pages.asset import load_assets
from service.pages.forgery import FIELD, set_cookie, token_for
from service.pages.formats import Formats, formats_for
from service.pages.icons import people
from service.pages.texts import Texts, language_for, texts_in
from service.version import VERSION

if TYPE_CHECKING:
    from jinja2 import Environment

    from service.access.principal import Principal

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
DOORS = {
    "/": "frame.patients",
    "/studies": "frame.studies",
    "/models": "frame.models",
    "/oversight": "frame.oversight",
}
"""The first page of each kind of work, and what it is called."""

FRAMING = {"Content-Security-Policy": f"{POLICY}; frame-src 'self'"}
"""Of a page that shows another of ours in a frame."""

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # with no-referrer browsers send our own forms with the origin "null"
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Vary": "Accept-Language, Cookie",
}


def page(request: Request, template: str, status: int = 200, **content: object) -> Response:
    """A page, or the part of one that htmx puts in its place.

    Args:
        request: whose languages, and whose form token, it is made for.
        template: its name.
        status: of the answer.
        content: what the template shows.
    """
    texts, formats = spoken(request)
    who = principal_in(request)
    text = (
        _environment()
        .get_template(template)
        .render(
            t=texts,
            f=formats,
            assets=load_assets(),
            form_field=FIELD,
            form_token=token_for(request),
            version=VERSION,
            doors=DOORS if who is None else doors_for(who),
            who=who,
            at=request.url.path,
            signed_in=getattr(request.state, "signed_in", False),
            people=people,
            moment=datetime.fromisoformat,
            **content,
        )
    )
    response = Response(text, status, HEADERS, media_type="text/html")
    set_cookie(request, response)
    return response


def spoken(request: Request) -> tuple[Texts, Formats]:
    """Texts and formats of the reader's language."""
    accepted = request.headers.get("accept-language", "")
    return texts_in(language_for(accepted)), formats_for(accepted)


def principal_in(request: Request) -> Principal | None:
    """Who was found to call, admitted or not; None on pages that answer anybody."""
    actor = getattr(request.state, "actor", None)
    return None if actor is None else actor.principal


def asks_for_part(request: Request) -> bool:
    """Whether htmx asks, which replaces a part of the page."""
    return request.headers.get("hx-request") == "true"


def doors_for(who: Principal) -> dict[str, str]:
    """Those that are open to somebody."""
    return {door: name for door, name in DOORS.items() if right_of(f"GET {door}").roles & who.roles}


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined  # not needed to start

    made = Environment(
        loader=PackageLoader("service.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["capital"] = capital
    return made
