"""The committed description of the API is the server's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from goldwork.web.app import create_api
from goldwork.web.openapi import describe, render, routes

COMMITTED = Path(__file__).parents[2] / "openapi.json"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    found: dict[str, Any] = describe(create_api())
    return found


def operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [operation for path in document["paths"].values() for operation in path.values()]


def test_the_committed_file_is_what_the_server_says() -> None:
    assert COMMITTED.read_bytes() == render(), "run: python -m goldwork.web.openapi openapi.json"


def test_every_operation_has_a_name_of_its_own_and_says_what_it_does(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for operation in operations(document)]
    assert len(set(names)) == len(names) == len(list(routes(create_api())))
    assert all(operation["summary"].endswith(".") for operation in operations(document))
    assert all(operation["tags"] for operation in operations(document))


def test_every_answer_has_a_type(document: dict[str, Any]) -> None:
    for operation in operations(document):
        for status, response in operation["responses"].items():
            if status != "204" and "$ref" not in response:
                assert response["content"], operation["operationId"]
        assert {"400", "500"} <= set(operation["responses"])


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    text = msgspec.json.encode(document).decode()
    for part in text.split('"$ref":"#/')[1:]:
        found: Any = document
        for step in part.partition('"')[0].split("/"):
            found = found[step]


def test_what_goes_in_is_strict(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for operation in operations(document):
        content = operation.get("requestBody", {}).get("content", {})
        if "application/json" in content:
            name = content["application/json"]["schema"]["$ref"].rpartition("/")[2]
            assert schemas[name]["additionalProperties"] is False, name
