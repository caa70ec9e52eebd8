"""One writer per process, with group commit.

Requests queue up while a transaction commits; the next transaction takes them all. A request is answered after
the commit, so what was acknowledged is durable. Each request stands in a savepoint (hot handlers: the group does,
and a failed group is run again one by one), so a request that fails takes nobody down with it. Only what ends the whole
transaction, such as a full disk, fails all that is in it.

**Invariant: what was acknowledged is durable; who hears of an error may send again.**
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, wait
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, Transaction
from sqlalchemy.exc import DBAPIError

from goldwork.store.database import Database

R = TypeVar("R")
Q = TypeVar("Q")
Work = Callable[[Connection], R]
Handler = Callable[[Connection, list[Q]], Sequence["R | Exception"]]

GROUP = 256
"""Requests in one transaction: bounds how long the first waits for the last."""


class Request:
    """One piece of work, and whoever waits for it: a thread (`Future`) or an event loop."""

    __slots__ = ("body", "error", "handler", "loop", "result", "waiter")

    def __init__(self, handler: Any, body: Any, waiter: Any, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self.handler = handler
        self.body = body
        self.waiter = waiter
        self.loop = loop
        self.result: Any = None
        self.error: BaseException | None = None

    def settle(self) -> None:
        if self.loop is not None and self.waiter.done():
            return
        if self.error is not None:
            self.waiter.set_exception(_raisable(self.error) if self.loop else self.error)
        else:
            self.waiter.set_result(self.result)


class Writer:
    """The process's only writer. Three queues: hot requests, single ones, and bulk, of which a group takes one."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._hot: deque[Request] = deque()
        self._single: deque[Request] = deque()
        self._bulk: deque[Request] = deque()
        self._ready = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._loop, name="goldwork-writer", daemon=True)
        self._thread.start()

    def run(self, work: Work[R]) -> R:
        """Run `work` in a savepoint of the next transaction; returns after the commit, raises what `work` raised."""
        return self._wait(self._single, work)

    def run_bulk(self, work: Work[R]) -> R:
        """As `run`, after everything that waits: for imports and sweeps, at most 500 rows at a time."""
        return self._wait(self._bulk, work)

    async def run_async(self, work: Work[R]) -> R:
        """As `run`, without blocking the event loop."""
        return cast(R, await self._await(self._single, None, work))

    async def many_async(self, handler: Handler[Q, R], request: Q) -> R:
        """Have `handler` answer `request` together with all others of the same handler in the group.

        `handler` gets the requests in the order they came and gives a result or an exception for each.
        """
        return cast(R, await self._await(self._hot, handler, request))

    def many(self, handler: Handler[Q, R], requests: Iterable[Q]) -> list[R]:
        """As `many_async`, from a thread. Raises the first exception, after all have been settled."""
        queued: list[tuple[Request, Future[R]]] = []
        for body in requests:
            future: Future[R] = Future()
            queued.append((Request(handler, body, future), future))
        self._push(self._hot, *(request for request, _ in queued))
        wait(future for _, future in queued)
        return [future.result() for _, future in queued]

    def close(self) -> None:
        """Finish what is queued, then stop."""
        with self._ready:
            self._closing = True
            self._ready.notify()
        self._thread.join()

    def _wait(self, queue: deque[Request], work: Work[R]) -> R:
        future: Future[R] = Future()
        self._push(queue, Request(None, work, future))
        return future.result()

    async def _await(self, queue: deque[Request], handler: Any, body: Any) -> Any:
        loop = asyncio.get_running_loop()
        waiter = loop.create_future()
        self._push(queue, Request(handler, body, waiter, loop))
        return await waiter

    def _push(self, queue: deque[Request], *requests: Request) -> None:
        with self._ready:
            if self._closing:
                raise RuntimeError("the writer is closed")
            queue.extend(requests)
            self._ready.notify()

    def _next_group(self) -> list[Request]:
        with self._ready:
            while not (self._hot or self._single or self._bulk or self._closing):
                self._ready.wait()
            group = [self._hot.popleft() for _ in range(min(GROUP, len(self._hot)))]
            group += [self._single.popleft() for _ in range(min(GROUP, len(self._single)))]
            if self._bulk:
                group.append(self._bulk.popleft())
            return group

    def _loop(self) -> None:
        connection: Connection | None = None
        while group := self._next_group():
            try:
                connection, transaction = self._begin(connection)
                with transaction:
                    self._answer(connection, group)
                    self._must_stand(connection)
            except BaseException as error:  # noqa: BLE001 whatever it is, whoever waits must hear of it
                error = _first_word(error)
                for request in group:
                    request.result, request.error = None, error
                _discard(connection)
                connection = None
            _deliver(group)
        _discard(connection)

    def _begin(self, connection: Connection | None) -> tuple[Connection, Transaction]:
        """A transaction, on another connection where the one at hand has been lost meanwhile."""
        if connection is not None:
            try:
                return connection, connection.begin()
            except DBAPIError:
                _discard(connection)
        connection = self.database.connect()
        return connection, connection.begin()

    def _must_stand(self, connection: Connection) -> None:
        if not self.database.is_standing(connection):
            raise RuntimeError("the transaction was ended by the database")

    def _answer(self, connection: Connection, group: list[Request]) -> None:
        by_handler: dict[Any, list[Request]] = {}
        for request in group:
            by_handler.setdefault(request.handler, []).append(request)
        for handler, requests in by_handler.items():
            if handler is None:
                for request in requests:
                    self._one(connection, request, request.body)
            else:
                self._many(connection, handler, requests)

    def _one(self, connection: Connection, request: Request, work: Work[Any]) -> None:
        try:
            with connection.begin_nested():
                request.result = work(connection)
        except Exception as error:
            if not self.database.is_standing(connection):
                raise
            request.error = error

    def _many(self, connection: Connection, handler: Handler[Any, Any], requests: list[Request]) -> None:
        """The group in one savepoint; where it fails as a whole, each request in one of its own."""
        try:
            with connection.begin_nested():
                answers = handler(connection, [request.body for request in requests])
                if len(answers) != len(requests):
                    raise RuntimeError(f"{len(requests)} requests got {len(answers)} answers")
        except Exception as error:
            if not self.database.is_standing(connection):
                raise
            if len(requests) == 1:
                requests[0].error = error
                return
            for request in requests:
                self._many(connection, handler, [request])
            return
        for request, answer in zip(requests, answers, strict=True):
            if isinstance(answer, Exception):
                request.error = answer
            else:
                request.result = answer


def _first_word(error: BaseException) -> BaseException:
    """Why the database ended a transaction, rather than that its savepoints are gone with it."""
    first, earlier = error, error.__context__
    while earlier is not None:
        first, earlier = earlier if isinstance(earlier, DBAPIError) else first, earlier.__context__
    return first


def _raisable(error: BaseException) -> Exception:
    """What a future of an event loop takes and what does not end the loop."""
    if isinstance(error, Exception) and not isinstance(error, StopIteration):
        return error
    wrapped = RuntimeError(f"raised while writing: {error!r}")
    wrapped.__cause__ = error
    return wrapped


def _discard(connection: Connection | None) -> None:
    if connection is not None:
        with contextlib.suppress(Exception):
            connection.close()


def _deliver(group: list[Request]) -> None:
    """Wake every waiter: threads one by one, an event loop once for all of its own."""
    loops: dict[asyncio.AbstractEventLoop, list[Request]] = {}
    for request in group:
        if request.loop is None:
            request.settle()
        else:
            loops.setdefault(request.loop, []).append(request)
    for loop, requests in loops.items():
        with contextlib.suppress(RuntimeError):  # the loop has closed: nobody waits any more
            loop.call_soon_threadsafe(_settle_all, requests)


def _settle_all(requests: list[Request]) -> None:
    for request in requests:
        request.settle()
