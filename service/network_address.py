"""Where a call came from, as far as that can be told."""

from __future__ import annotations

import ipaddress

from starlette.types import Scope

UNKNOWN = "unknown"


def network_address(scope: Scope) -> str:
    """The IP address that a call came from; "unknown" if what stands there is none.

    A proxy on the same machine says for whom it calls (`X-Forwarded-For`), and so may whatever else calls from there:
    nothing but an address gets into the audit.
    """
    told = scope["client"][0] if scope.get("client") else UNKNOWN
    try:
        found = ipaddress.ip_address(told)
    except ValueError:
        return UNKNOWN
    return UNKNOWN if getattr(found, "scope_id", None) else str(found)  # behind % may stand anything
