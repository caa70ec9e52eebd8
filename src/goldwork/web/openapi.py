"""The API's description, OpenAPI 3.1, made from the routes themselves.

Written to `openapi.json` by `python -m goldwork.web.openapi FILE`; a test compares the committed file with what this
makes. Every answer is described, the errors too, so that a typed client can be generated from it.
"""

from __future__ import annotations

import inspect
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, get_args, get_origin

import msgspec
from litestar import Litestar, Response
from litestar.handlers import HTTPRouteHandler
from litestar.response import File
from litestar.routes import HTTPRoute

import goldwork
from goldwork.tasks import task_type
from goldwork.tasks.form import Form
from goldwork.tasks.questions import Field
from goldwork.web.app import create_api
from goldwork.web.errors import CODES, ErrorBody
from goldwork.web.media import FileResponse

PLACE = "#/components/schemas/{name}"
JSON = "application/json"
ERRORS = {
    400: "The request does not fit: `where` says what, `message` how to mend it.",
    401: "Nobody is signed in, or not any more.",
    403: "Not allowed; `reason` may say why.",
    404: "Not there, or not yours.",
    409: "The present state does not admit it; `reason` says why.",
    413: "The body is too large.",
    429: "Too many attempts; `Retry-After` says how many seconds to wait.",
    500: "The server's own fault.",
}
BY_WHO: dict[str, tuple[int, ...]] = {
    "anyone": (),
    "person": (401, 403),
    "consenting": (401, 403),
    "member": (401, 403, 404),
    "administrator": (401, 403),
}
DONE = {200: "Done.", 201: "Made.", 202: "Begun.", 204: "Done; there is nothing to say."}


class DrawnQuestion(msgspec.Struct, frozen=True):
    """One question as it is drawn."""

    name: str
    title: str
    help: str
    optional: bool
    form: Form


class DrawnForm(msgspec.Struct, frozen=True):
    """What the workbench draws."""

    fields: list[Field]
    questions: list[DrawnQuestion]


class Route(NamedTuple):
    """One method of one address."""

    path: str
    method: str
    handler: HTTPRouteHandler


def routes(api: Litestar) -> list[Route]:
    """Every route of the API, by address and method; what is got may be asked for by HEAD as well."""
    found = [
        Route(route.path_format, str(method), handler)
        for route in api.routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        for method in handler.http_methods - {"OPTIONS", "HEAD"}
    ]
    return sorted(found, key=lambda one: (one.path, one.method))


def describe(api: Litestar) -> dict[str, Any]:
    """The whole document."""
    found = routes(api)
    answered = [_type_of(one.handler) for one in found]
    bodies = [field.annotation for one in found if (field := one.handler.parsed_data_field)]
    form = _form_types()
    answers = [one for each in answered for one in _parts(each)]
    wanted = [*dict.fromkeys([ErrorBody, DrawnForm, *form, *answers, *bodies])]
    schemas, components = msgspec.json.schema_components(wanted, ref_template=PLACE)
    by_type = dict(zip(wanted, schemas, strict=True))
    paths: dict[str, Any] = {}
    for one, answer in zip(found, answered, strict=True):
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one, answer, by_type)
    document = {
        "openapi": "3.1.0",
        "info": {
            "title": "goldwork",
            "version": goldwork.__version__,
            "summary": "Collect human judgements and guard their quality.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(components.items())),
            "responses": _error_responses(by_type[ErrorBody]),
            "securitySchemes": {
                "session": {"type": "apiKey", "in": "cookie", "name": "__Host-goldwork"},
                "token": {"type": "http", "scheme": "bearer"},
            },
        },
    }
    tidied: dict[str, Any] = _tidy(document)
    return tidied


def _form_types() -> list[Any]:
    """`ProjectForm` with its task types spelt out: the services read it by their registry."""
    settings: Any = None
    for name in task_type.names():
        settings = task_type.get(name) if settings is None else settings | task_type.get(name)
    question = msgspec.defstruct(
        "Question",
        [("name", str), ("title", str), ("task", settings), ("help", str, ""), ("optional", bool, False)],
        namespace={"__doc__": "One question: `name` is the column in exports."},
    )
    form = msgspec.defstruct(
        "ProjectForm",
        [
            ("questions", list[question]),  # type: ignore[valid-type]
            ("fields", list[Field], msgspec.field(default_factory=list)),
        ],
        namespace={"__doc__": "What is asked about an item, and what is shown of it."},
    )
    return [form]


def _type_of(handler: HTTPRouteHandler) -> Any:
    """What the handler answers, or None where that is no JSON."""
    if isinstance(declared := handler.opt.get("answers"), type):
        return declared
    answered = handler.parsed_fn_signature.return_type.annotation
    if get_origin(answered) is Response:
        (answered,) = get_args(answered)
    return None if answered in (None, type(None), bytes, File, FileResponse) else answered


def _parts(answered: Any) -> tuple[Any, ...]:
    """The structs of a union, of one, or of nothing."""
    if isinstance(answered, types.UnionType):
        return get_args(answered)
    return () if answered is None else (answered,)


def _operation(one: Route, answered: Any, by_type: dict[Any, Any]) -> dict[str, Any]:
    handler, options = one.handler, one.handler.opt
    body, parameters = _body(one, by_type), list(_parameters(one))
    described = inspect.getdoc(handler.fn) or ""
    operation: dict[str, Any] = {
        "operationId": handler.operation_id,
        "tags": sorted(handler.resolve_tags() if hasattr(handler, "resolve_tags") else handler.tags or ()),
        "summary": described.partition("\n")[0],
    }
    if parameters:
        operation["parameters"] = parameters
    if body:
        operation["requestBody"] = body
    success: dict[str, Any] = {"description": DONE[handler.status_code]}
    if answered is not None:
        schemas = [by_type[part] for part in _parts(answered)]
        success["content"] = {JSON: {"schema": schemas[0] if len(schemas) == 1 else {"anyOf": schemas}}}
    elif kinds := options.get("answers"):
        success["content"] = {kind: {"schema": {"type": "string", "format": "binary"}} for kind in kinds}
    operation["responses"] = {str(handler.status_code): success} | _errors(one, bool(body))
    operation["security"] = [] if options["who"] == "anyone" else _security(options)
    return operation


def _security(options: dict[str, Any]) -> list[dict[str, list[str]]]:
    return [{"session": []}] if options.get("session") else [{"session": []}, {"token": []}]


def _body(one: Route, by_type: dict[Any, Any]) -> dict[str, Any] | None:
    field, raw = one.handler.parsed_data_field, one.handler.opt.get("takes")
    if field is not None:
        return {"required": True, "content": {JSON: {"schema": by_type[field.annotation]}}}
    if raw is not None:
        return {"required": True, "content": {raw: {"schema": {"type": "string", "format": "binary"}}}}
    return None


def _parameters(one: Route) -> Iterator[dict[str, Any]]:
    in_path = {part[1:-1] for part in one.path.split("/") if part.startswith("{")}
    for name in sorted(in_path, key=one.path.index):
        integer = name != "content_hash"
        schema = {"type": "integer", "minimum": 1} if integer else {"type": "string"}
        yield {"name": name, "in": "path", "required": True, "schema": schema}
    for name, field in one.handler.parsed_fn_signature.parameters.items():
        if name in in_path or name in ("self", "request", "data"):
            continue
        schema = msgspec.json.schema(field.annotation)
        described: Any = field.kwarg_definition
        if field.has_default:
            schema["default"] = field.default
        for limit, word in (("max_length", "maxLength"), ("ge", "minimum"), ("le", "maximum")):
            if (value := getattr(described, limit, None)) is not None:
                schema[word] = value
        yield {
            "name": name,
            "in": "query",
            "required": not field.has_default,
            "schema": schema,
            "description": getattr(described, "description", None) or "",
        }


def _errors(one: Route, has_body: bool) -> dict[str, Any]:
    options = one.handler.opt
    statuses = {400, 500, *BY_WHO[options["who"]], *options.get("errors", ())}
    if one.method not in ("GET", "HEAD"):
        statuses.add(403)
    if has_body:
        statuses.add(413)
    if "{" in one.path:
        statuses.add(404)
    return {str(status): {"$ref": f"#/components/responses/{_name_of(status)}"} for status in sorted(statuses)}


def _name_of(status: int) -> str:
    return "".join(word.capitalize() for word in CODES[status].split("_"))


def _error_responses(schema: dict[str, Any]) -> dict[str, Any]:
    """Every error by the name of its code."""
    made: dict[str, Any] = {}
    for status, description in ERRORS.items():
        made[_name_of(status)] = {"description": description, "content": {JSON: {"schema": schema}}}
    retry = {"schema": {"type": "integer"}, "required": True, "description": "Seconds to wait."}
    made[_name_of(429)]["headers"] = {"Retry-After": retry}
    return made


def _tidy(value: Any) -> Any:
    """References stand alone, and titles that repeat a component's name go."""
    if isinstance(value, dict):
        if "$ref" in value:
            return {"$ref": value["$ref"]}
        return {name: _tidy(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_tidy(one) for one in value]
    return value


def write(path: Path) -> None:
    """Write the document, in the form in which it is committed."""
    path.write_bytes(render())


def render() -> bytes:
    """The document as it is committed."""
    return msgspec.json.format(msgspec.json.encode(describe(create_api())), indent=1) + b"\n"


if __name__ == "__main__":
    write(Path(sys.argv[1] if len(sys.argv) > 1 else "openapi.json"))
