"""Where a page sends a browser next: never to another site."""

from __future__ import annotations

import re
from urllib.parse import quote

LOCAL = re.compile(r"/(?![/\\])[A-Za-z0-9_\-./~?&=%]*")
"""An absolute path of our own: a second slash, or a backslash, would name a host."""

MOST = 500
HOME = "/"
LOGIN = "/login"
LOGOUT = "/logout"


def local_path(text: str) -> str:
    """The address if it is a path here that somebody could want to go to, else the first page."""
    own = len(text) <= MOST and LOCAL.fullmatch(text) and not text.startswith((LOGIN, LOGOUT))
    return text if own else HOME


def login_address(after: str) -> str:
    """The address at which to log in and then go on."""
    wanted = local_path(after)
    return LOGIN if wanted == HOME else f"{LOGIN}?next={quote(wanted, safe='/')}"
