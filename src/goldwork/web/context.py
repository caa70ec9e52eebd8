"""What every request has at hand: who asks, what they may, and ways to the database that do not block the loop.

Each route says in its options who may use it (`for_member("manager")` and its neighbours below); `Admission`
looks the person up before the request's body is read, and a route that says nothing is refused at the start.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import re
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

import litestar
import msgspec
from litestar.types import ASGIApp, Receive, Send

from goldwork.errors import ForbiddenError, InputError, NotFoundError, TooLargeError
from goldwork.services import access, signin
from goldwork.services.access import MAX_ID, WHO, Member, Person, Role
from goldwork.services.assign import Assigner
from goldwork.services.collect import Asked, Collector
from goldwork.services.forms import current_form
from goldwork.store.database import Connection, Database
from goldwork.store.home import Home
from goldwork.store.probe import Probe
from goldwork.store.writer import Writer
from goldwork.web.settings import Settings

READ_THREADS = 4
TIDY_SECONDS = 3600
HASH_THREADS = 2
"""Passwords hashed at the same time: each takes 64 MiB for a tenth of a second."""

_HALF = re.compile(
    rb"(?<!\\)(?:\\\\)*"
    rb"(?:\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})*"
    rb"(\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)
"""An escape of half a character (a lone surrogate), after whole ones."""

P = ParamSpec("P")
R = TypeVar("R")


# Who may use a route: its options.


def for_anyone() -> dict[str, Any]:
    """Nobody needs to be signed in."""
    return {"who": "anyone"}


def for_person(*, session: bool = False) -> dict[str, Any]:
    """Whoever is signed in. `session`: in person, not by an API token."""
    return {"who": "person", "session": session}


def for_consenting() -> dict[str, Any]:
    """Whoever is signed in and has accepted the notice."""
    return {"who": "consenting"}


def for_member(least: Role) -> dict[str, Any]:
    """Members of the path's project, from the role `least` upwards."""
    return {"who": "member", "least": least}


def for_administrator() -> dict[str, Any]:
    """Administrators of this server."""
    return {"who": "administrator"}


class Server:
    """One process's services: database, writer, pools, and the hot handlers with what they remember."""

    def __init__(self, home: Home, database: Database, writer: Writer, settings: Settings) -> None:
        self.home = home
        self.database = database
        self.writer = writer
        self.settings = settings
        self.cookie = settings.cookie.encode()
        self.readers = ThreadPoolExecutor(READ_THREADS, "goldwork-read")
        self.hashers = ThreadPoolExecutor(HASH_THREADS, "goldwork-hash")
        self.people = Probe(database, WHO, self.readers)
        self.assigner = Assigner(database)
        self.collector = Collector(database)
        self._asked: dict[tuple[int, int], tuple[Asked, dict[str, str]]] = {}
        self._touching: set[int] = set()
        self._background: set[asyncio.Task[None]] = set()

    async def read(self, function: Callable[Concatenate[Connection, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """`function(connection, ...)` in a read transaction, in a thread."""

        def work() -> R:
            with self.database.read() as connection:
                return function(connection, *args, **kwargs)

        return await self._in(self.readers, work)

    async def write(self, function: Callable[Concatenate[Connection, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """`function(connection, ...)` by the writer; returns after the commit."""
        return await self.writer.run_async(lambda connection: function(connection, *args, **kwargs))

    async def thread(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """`function(...)` in a reader's thread."""
        return await self._in(self.readers, functools.partial(function, *args, **kwargs))

    async def hash(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """`function(...)` in one of the few threads for passwords."""
        return await self._in(self.hashers, functools.partial(function, *args, **kwargs))

    async def _in(self, pool: Executor, work: Callable[[], R]) -> R:
        return await asyncio.get_running_loop().run_in_executor(pool, work)

    async def asked(self, project_id: int, form_version: int) -> tuple[Asked, dict[str, str]]:
        """A project's form, and how each field of its items is shown. A form's version never changes."""
        key = (project_id, form_version)
        if key not in self._asked:
            asked = await self.read(self.collector.asked, project_id, form_version)
            self._asked[key] = asked, asked.form.shows()
        return self._asked[key]

    async def current_fields(self, project_id: int) -> dict[str, str]:
        """How each field is shown by the form in force."""
        return (await self.read(current_form, project_id)).shows()

    def touch(self, person: Person, now: int) -> None:
        """Write, in the background and once, that the person's token is in use."""
        if person.token in self._touching:
            return
        self._touching.add(person.token)
        task = asyncio.get_running_loop().create_task(self._touch(person, now))
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _touch(self, person: Person, now: int) -> None:
        try:
            await self.write(signin.touch, person, now)
        finally:
            self._touching.discard(person.token)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """While the application runs: forget what has expired, now and every hour; then stop the pools.

        Database and writer belong to whoever made the server.
        """
        tidying = asyncio.get_running_loop().create_task(self._tidy())
        try:
            yield
        finally:
            tidying.cancel()
            await asyncio.gather(*self._background, tidying, return_exceptions=True)
            self._close()

    async def _tidy(self) -> None:
        while True:
            await self.write(signin.forget_expired, now_ms())
            await asyncio.sleep(TIDY_SECONDS)

    def _close(self) -> None:
        self.readers.shutdown()
        self.hashers.shutdown()
        self.people.close()


class Request(litestar.Request[Any, Any, Any]):
    """A request that knows its server and who sent it, and reads its body strictly."""

    @property
    def server(self) -> Server:
        """The process's services."""
        return cast(Server, self.app.state["server"])

    @property
    def caller(self) -> Person | None:
        """Who is signed in, if anybody."""
        return cast("Person | None", self.scope.get("goldwork.person"))

    @property
    def person(self) -> Person:
        """Who is signed in."""
        return access.signed_in(self.caller)

    @property
    def member(self) -> Member:
        """Who is signed in, as a member of the path's project."""
        return cast(Member, self.scope["goldwork.member"])  # type: ignore[typeddict-item]

    @property
    def address(self) -> str:
        """The client's network address; behind a proxy, the one the proxy saw."""
        if self.server.settings.behind_proxy and (passed := self.headers.get("x-forwarded-for")):
            return passed.rpartition(",")[2].strip()
        return self.client.host if self.client else ""

    async def body(self) -> bytes:
        """The whole body. Raises TooLargeError beyond the route's limit, as soon as that is known."""
        if not hasattr(self, "_whole"):
            limit = self.route_handler.resolve_request_max_body_size()
            self._whole = await read_body(self.scope["headers"], self.receive, limit or 0)
        return self._whole

    async def json(self) -> Any:
        """The body as the handler's `data`: fields that are not asked for, and values of another type, are refused."""
        field = self.route_handler.parsed_data_field
        assert field is not None
        return decode(await self.body(), field.annotation)


async def read_body(headers: Iterable[tuple[bytes, bytes]], receive: Receive, limit: int) -> bytes:
    """A request's body of at most `limit` bytes. Raises TooLargeError; InputError where the client has gone."""
    for name, value in headers:
        if name == b"content-length" and value.isdigit() and int(value) > limit:
            raise too_large(limit)
    body = bytearray()
    while True:
        message: Any = await receive()
        if message["type"] != "http.request":
            raise InputError("the request ended before its body did.")
        body += message.get("body", b"")
        if len(body) > limit:
            raise too_large(limit)
        if not message.get("more_body", False):
            return bytes(body)


def too_large(limit: int) -> TooLargeError:
    """What is said of a body beyond its limit."""
    return TooLargeError(f"the body may have {limit:,} bytes.")


def decode(body: bytes, annotation: Any) -> Any:
    """A body as what it is annotated as. Raises InputError where it is no JSON, ValidationError where it is another."""
    try:
        return _decoder(annotation).decode(body)
    except msgspec.ValidationError:
        raise
    except RecursionError:
        raise InputError("the JSON is nested too deeply.", where="body") from None
    except msgspec.DecodeError as error:
        if half := _HALF.search(body):
            said = f"{half.group(1).decode()} at byte {half.start(1)} is half a character: its other half is missing."
            raise InputError(f"the text {said}", where="body") from None
        raise InputError(f"{str(error).rstrip('.')}.", where="body") from None


@functools.cache
def _decoder(annotation: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(annotation)


def now_ms() -> int:
    """This machine's time, for what needs no better: whether a token has expired."""
    return time.time_ns() // 1_000_000


def credential(headers: list[tuple[bytes, bytes]], cookie: bytes) -> str:
    """The token a request carries: `Authorization: Bearer`, else the session cookie; empty where there is neither."""
    found = b""
    for name, value in headers:
        if name == b"authorization":
            scheme, _, secret = value.partition(b" ")
            return secret.strip().decode("latin-1") if scheme.lower() == b"bearer" else ""
        if name == b"cookie":
            for pair in value.split(b";"):
                key, _, given = pair.strip().partition(b"=")
                found = given if key == cookie else found
    return found.decode("latin-1")


class Admission:
    """Around every route: looks up who asks, and refuses whom the route is not for.

    A middleware rather than a guard, for which the framework would copy the route's handler on every request.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Serve one request of the route that was found for it."""
        await admit(scope["litestar_app"].state["server"], scope, scope["route_handler"].opt)
        await self._app(scope, receive, send)


async def admit(server: Server, scope: Any, options: Mapping[str, Any]) -> None:
    """Put who asks into the scope. Raises UnauthenticatedError, ForbiddenError or NotFoundError by the options."""
    who = options.get("who")
    project_id: int = scope["path_params"].get("project_id", 0)
    person, role = None, None
    if secret := credential(scope["headers"], server.cookie):
        asked = project_id if 0 < project_id <= MAX_ID else 0
        row = await server.people.first(hash=access.digest(secret), project=asked)
        now = now_ms()
        found = access.read_person(row, now)
        if found is not None:
            person, role = found
            if signin.is_stale(person, now):
                server.touch(person, now)
    scope["goldwork.person"] = person
    if who == "member":
        scope["goldwork.member"] = access.admit(person, project_id, role).require(options["least"])
    elif who == "consenting":
        access.consenting(person)
    elif who == "administrator":
        access.administrator(person)
    elif who == "person" and access.signed_in(person).kind != "session" and options["session"]:
        raise ForbiddenError("an API token may not do this: sign in.", reason="session_needed")
    if any(isinstance(value, int) and value > MAX_ID for value in scope["path_params"].values()):
        raise NotFoundError("there is nothing at this address.")
