"""The gate before the application: which requests come in, and what every answer says to browsers.

One ASGI layer around everything, so that no route can be without it. It is on the way of every request and costs
a few microseconds.
"""

from __future__ import annotations

from typing import Any

from litestar.types import ASGIApp, Message, Receive, Send

from goldwork.web.errors import CODES, ErrorBody, Problem, encode
from goldwork.web.settings import Settings

SAFE = frozenset(("GET", "HEAD", "OPTIONS"))
MAX_HOSTS = 1000
"""Host headers remembered as known, so that each is judged once."""

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self' blob:; "
    "connect-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
DATA_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
"""What the API answers is data: opened as a page, it may do nothing."""
COMMON = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), display-capture=(), usb=(), payment=()",
}
HSTS = {"strict-transport-security": "max-age=31536000"}

Headers = list[tuple[bytes, bytes]]


def _raw(headers: dict[str, str]) -> Headers:
    return [(name.encode(), value.encode()) for name, value in headers.items()]


class Gate:
    """Checks Host, and for requests that change something where they come from; adds the security headers."""

    def __init__(self, api: ASGIApp, site: ASGIApp, settings: Settings) -> None:
        self._api = api
        self._site = site
        self._settings = settings
        common = COMMON | (HSTS if settings.secure else {})
        self._page = _raw({"content-security-policy": PAGE_POLICY} | common)
        self._data = _raw({"content-security-policy": DATA_POLICY} | common)
        self._fresh = [*self._data, (b"cache-control", b"no-store")]
        self._hosts: set[bytes] = set()

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._api(scope, receive, send)
            else:
                await send({"type": "websocket.close", "code": 1008, "reason": ""})
            return
        path = scope["path"]
        is_api = path.startswith("/api/") or path == "/api"
        page, fresh, kept = self._page, self._fresh, self._data

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers: Any = message["headers"]
                if not is_api:
                    extra = page
                elif any(name == b"cache-control" for name, _ in headers):
                    extra = kept
                else:
                    extra = fresh
                message["headers"] = [*headers, *extra]
            await send(message)

        refusal = self._refusal(scope)
        if refusal is not None:
            await refuse(guarded, *refusal)
        elif is_api:
            await self._api(scope, receive, guarded)
        else:
            await self._site(scope, receive, guarded)

    def _refusal(self, scope: Any) -> tuple[int, str, str] | None:
        """(status, reason, message) for a request that does not come in."""
        host = origin = site = b""
        token = False
        for name, value in scope["headers"]:
            if name == b"host":
                host = value
            elif name == b"origin":
                origin = value
            elif name == b"sec-fetch-site":
                site = value
            elif name == b"authorization":
                token = True
        if host not in self._hosts:
            if not self._settings.knows(host.decode("latin-1")):
                return 400, "host", "this server does not answer to that host name. Use the address it printed."
            if len(self._hosts) < MAX_HOSTS:
                self._hosts.add(host)
        if scope["method"] in SAFE or token or self._is_own(host, origin, site):
            return None
        return 403, "cross_site", "this request came from another site's page."

    def _is_own(self, host: bytes, origin: bytes, site: bytes) -> bool:
        """Whether a request that changes something comes from our own pages, or from no browser at all.

        Browsers say by Sec-Fetch-Site where a request comes from, older ones and plain HTTP by Origin. One with
        neither header is a program, which holds no cookie that another site could abuse.
        """
        if site:
            return site in (b"same-origin", b"none")
        if not origin:
            return True
        return origin.partition(b"://")[2] == host or origin == self._settings.public_url.rstrip("/").encode()


async def refuse(send: Send, status: int, reason: str, message: str) -> None:
    """Answer an error in the one shape."""
    body = encode(ErrorBody(Problem(CODES[status], message, reason=reason)))
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
