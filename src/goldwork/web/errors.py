"""One shape for every error: `{"error": {"code", "message", "reason"?, "where"?, "details"?}}`.

`code` is for programs and never changes once published, `message` is a sentence for people with the mend, `reason`
tells apart what one code may mean, `where` names the place in the request.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Literal

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException

from goldwork.errors import (
    AnswerError,
    ConflictError,
    ForbiddenError,
    GoldworkError,
    InputError,
    NotFoundError,
    RateLimitedError,
    TooLargeError,
    UnauthenticatedError,
    UnknownNameError,
)

logger = logging.getLogger("goldwork.web")

Code = Literal[
    "bad_answer",
    "bad_input",
    "conflict",
    "error",
    "forbidden",
    "method_not_allowed",
    "not_found",
    "rate_limited",
    "too_large",
    "unauthenticated",
    "unknown_name",
]


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """What went wrong."""

    code: Code
    message: str
    reason: str | msgspec.UnsetType = msgspec.UNSET
    where: str | msgspec.UnsetType = msgspec.UNSET
    details: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET


class ErrorBody(msgspec.Struct, frozen=True):
    """The body of every answer that is not a success."""

    error: Problem


STATUS: Mapping[type[GoldworkError], int] = {
    AnswerError: 400,
    TooLargeError: 413,
    UnknownNameError: 400,
    InputError: 400,
    UnauthenticatedError: 401,
    ForbiddenError: 403,
    NotFoundError: 404,
    ConflictError: 409,
    RateLimitedError: 429,
}
"""The status of each error; what is not here is our own fault and says nothing of itself."""
CODES: Mapping[int, Code] = {
    400: "bad_input",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "too_large",
    429: "rate_limited",
    500: "error",
}
MESSAGES: Mapping[int, str] = {
    404: "there is nothing at this address.",
    405: "this address does not take that method.",
    413: "the body is too large.",
}
OUR_FAULT = "something went wrong on the server. It was logged; trying again later may help."

encode = msgspec.json.Encoder().encode


def describe(error: Exception) -> tuple[int, ErrorBody, dict[str, str]]:
    """Status, body and headers for an exception. What nobody foresaw is a 500 that gives nothing away."""
    if isinstance(error, GoldworkError):
        for kind in type(error).__mro__:
            if kind in STATUS:
                return STATUS[kind], ErrorBody(_problem(error)), _headers(error)
    if isinstance(error, msgspec.ValidationError | msgspec.DecodeError):
        message, where = _split(str(error))
        return 400, ErrorBody(Problem("bad_input", message, where=where)), {}
    if isinstance(error, HTTPException) and error.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
        return _from_litestar(error)
    return 500, ErrorBody(Problem("error", OUR_FAULT)), {}


def _problem(error: GoldworkError) -> Problem:
    details = dict(error.details)
    reason = getattr(error, "reason", None) or details.pop("reason", None) or msgspec.UNSET
    where = getattr(error, "where", None) or msgspec.UNSET
    message = error.message
    if isinstance(where, str):
        message = message.removeprefix(f"{where}: ")
    code: Any = error.code
    return Problem(code, message, reason, where, details or msgspec.UNSET)


def _headers(error: GoldworkError) -> dict[str, str]:
    return {"Retry-After": str(error.seconds)} if isinstance(error, RateLimitedError) else {}


def _split(message: str) -> tuple[str, str | msgspec.UnsetType]:
    """Msgspec's "Expected `int`, got `str` - at `$.count`" as the message and the place."""
    text, found, path = message.partition(" - at `")
    place = path.rstrip("`").removeprefix("$").removeprefix(".")
    return f"{text[:1].lower()}{text[1:].rstrip('.')}.", place if found and place else msgspec.UNSET


def _from_litestar(error: HTTPException) -> tuple[int, ErrorBody, dict[str, str]]:
    status = error.status_code if error.status_code in CODES else 400
    message = MESSAGES.get(status, "")
    where: str | msgspec.UnsetType = msgspec.UNSET
    if not message:
        message, where = _split(error.detail or HTTPStatus(status).phrase)
        extra: Any = error.extra
        if isinstance(extra, list) and extra and isinstance(extra[0], dict):
            message, _ = _split(str(extra[0].get("message", message)))
            key = str(extra[0].get("key", ""))
            if key == "data":
                message = "a JSON body is expected."
            elif key:
                where = key
    allow = {name: value for name, value in (error.headers or {}).items() if name.lower() == "allow"}
    return status, ErrorBody(Problem(CODES[status], message, where=where)), allow


def respond(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """The exception handler of the whole application."""
    status, body, headers = describe(error)
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.error("%s %s failed", request.method, request.scope["path"], exc_info=error)
    return Response(encode(body), status_code=status, media_type="application/json", headers=headers)
