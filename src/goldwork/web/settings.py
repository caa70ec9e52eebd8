"""How the server is reached: decides links, cookies and what a request has to carry."""

from __future__ import annotations

import ipaddress
import socket

import msgspec


class Settings(msgspec.Struct, frozen=True):
    """Where the server listens and what stands before it.

    `tls`: it serves HTTPS itself. `behind_proxy`: one proxy stands before it, ends HTTPS and passes
    X-Forwarded-For. `insecure`: plain HTTP on an address that is not local, by the operator's wish. `public_url`: the
    address people use, where it is not the one the server listens on.
    """

    host: str = "127.0.0.1"
    port: int = 8321
    tls: bool = False
    behind_proxy: bool = False
    insecure: bool = False
    public_url: str = ""

    @property
    def secure(self) -> bool:
        """Whether people reach the server over HTTPS."""
        return self.tls or self.behind_proxy

    @property
    def cookie(self) -> str:
        """The session cookie's name. Cookies of one host are shared by its ports: plain HTTP tells them apart."""
        return "__Host-goldwork" if self.secure else f"goldwork-{self.port}"

    @property
    def url(self) -> str:
        """The server's own idea of its address, without a slash at the end."""
        if self.public_url:
            return self.public_url.rstrip("/")
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::", "") else self.host  # noqa: S104
        host = f"[{host}]" if ":" in host else host
        return f"{'https' if self.secure else 'http'}://{host}:{self.port}"

    def url_for(self, host: str) -> str:
        """The address to put before a link, for a request that came to `host` (its Host header)."""
        if self.public_url or not host:
            return self.url
        return f"{'https' if self.secure else 'http'}://{host}"

    def knows(self, host: str) -> bool:
        """Whether a request may carry this Host header.

        A foreign page can make a name of its own point here (DNS rebinding), but neither an IP address nor a name
        of ours. A proxy chooses by the name already.
        """
        name = _name_of(host)
        if name in ("localhost", self.host.lower(), socket.gethostname().lower()):
            return True
        if self.public_url:
            return name == _name_of(self.public_url.partition("://")[2].partition("/")[0])
        return self.behind_proxy or is_address(name)


def _name_of(host: str) -> str:
    """A Host header without its port and brackets, in small letters."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()


def is_address(name: str) -> bool:
    """Whether the name is an IP address."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def is_local(host: str) -> bool:
    """Whether what listens on `host` is reached from this machine alone."""
    if host == "localhost":
        return True
    return is_address(host) and ipaddress.ip_address(host).is_loopback
