"""Entity tags: whoever has an answer already can ask whether it is still the same, and is not sent it again."""

from __future__ import annotations

import hashlib

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

EVENT_STREAM = "text/event-stream"
UNTAGGED = frozenset({"/healthz", "/readyz", "/metrics"})
"""What is new each time."""


class EntityTags:
    """ASGI middleware: `ETag` on what GET gives, and 304 without a body for who names it in `If-None-Match`.

    The tag is a hash of the body, the same in every replica. What is read is remembered by the audit all the same. A
    stream of events has no end to wait for, and gets none.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request."""
        if scope["type"] != "http" or scope["method"] != "GET" or scope["path"] in UNTAGGED:
            await self.app(scope, receive, send)
            return
        begun: list[Message] = []
        body = bytearray()

        async def gathering(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200 and not _streams(message):
                begun.append(message)
            elif not begun:
                await send(message)
            else:
                body.extend(message.get("body", b""))
                if not message.get("more_body", False):
                    await _send(begun[0], bytes(body), Headers(scope=scope), send)

        await self.app(scope, receive, gathering)


async def _send(start: Message, body: bytes, asked: Headers, send: Send) -> None:
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = MutableHeaders(raw=list(start["headers"]))
    headers["ETag"] = tag
    if _known(tag, ",".join(asked.getlist("if-none-match"))):
        del headers["content-length"]
        del headers["content-type"]
        start, body = {**start, "status": 304}, b""
    await send({**start, "headers": headers.raw})
    await send({"type": "http.response.body", "body": body})


def _streams(start: Message) -> bool:
    return Headers(raw=start["headers"]).get("content-type", "").startswith(EVENT_STREAM)


def _known(tag: str, names: str) -> bool:
    """Whether the header names the tag; weakly compared, as RFC 9110 has it for If-None-Match."""
    held = {name.strip().removeprefix("W/") for name in names.split(",")}
    return tag in held or held == {"*"}
