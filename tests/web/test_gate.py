"""What comes in, what every answer says to browsers, and the one shape of errors."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient

from goldwork.store.database import Database
from goldwork.web.security import Gate
from goldwork.web.settings import Settings, is_local
from goldwork.web.site import NOT_BUILT, Site
from tests.web.conftest import FORM, Stage, User, run_stage

SECURITY = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("GET", "/p/1/work", 200),
        ("GET", "/assets/none.js", 404),
        ("POST", "/", 405),
        ("GET", "/api/health", 200),
        ("GET", "/api/session", 200),
        ("GET", "/api/none", 404),
        ("PUT", "/api/health", 405),
        ("GET", "/api/projects", 401),
        ("POST", "/api/session", 400),
        ("GET", "/api", 404),
    ],
)
def test_every_answer_has_the_security_headers(stage: Stage, method: str, path: str, status: int) -> None:
    response = stage.client.request(method, path)
    assert response.status_code == status
    assert SECURITY.items() <= dict(response.headers).items()
    policy = response.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "strict-transport-security" not in response.headers
    assert "server" not in response.headers
    if path.startswith("/api"):
        assert response.headers["cache-control"] == "no-store"
        assert "sandbox" in policy


# Where requests come from.


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({}, True),
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "none"}, True),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "cross-site", "origin": "http://127.0.0.1:8321"}, False),
        ({"origin": "http://127.0.0.1:8321"}, True),
        ({"origin": "http://127.0.0.1:9999"}, False),
        ({"origin": "https://evil.example"}, False),
        ({"origin": "null"}, False),
    ],
)
def test_what_changes_something_comes_from_our_own_pages(stage: Stage, headers: dict[str, str], allowed: bool) -> None:
    ada = stage.user("Ada")
    response = ada.request("PATCH", "/account", json={"name": "New"}, headers=headers)
    assert response.status_code == (200 if allowed else 403)
    if not allowed:
        assert response.json()["error"]["reason"] == "cross_site"
        assert ada.get("/session").json()["account"]["name"] == "Ada"
    assert ada.get("/session", headers=headers).status_code == 200, "reading is harmless"


def test_signing_in_from_another_site_is_refused(stage: Stage) -> None:
    response = stage.nobody.post(
        "/session", {"email": "a@b", "password": "x"}, headers={"sec-fetch-site": "cross-site"}
    )
    assert response.status_code == 403


def test_programs_with_a_token_need_no_origin(stage: Stage) -> None:
    ada = stage.user("Ada", administrator=True)
    token = ada.post("/tokens", {"label": "x"}).json()["token"]
    script = User(stage, headers={"authorization": f"Bearer {token}", "origin": "https://notebook.example"})
    assert script.post("/projects", {"name": "P", "form": FORM}).status_code == 201


@pytest.mark.parametrize("authorization", ["Basic YTpi", "Bearer", "Bearer ", "Bearer x", "x", "Bearer \xff"])
def test_a_bad_authorization_is_nobody_and_hides_the_cookie(stage: Stage, authorization: str) -> None:
    """A foreign page cannot make the browser send the cookie along with a header that skips the check."""
    ada = stage.user("Ada")
    response = ada.get("/session", headers={"authorization": authorization.encode("latin-1")})
    assert response.json()["account"] is None


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("127.0.0.1:8321", True),
        ("localhost:8321", True),
        ("LOCALHOST", True),
        ("[::1]:8321", True),
        ("192.0.2.7", True),
        ("evil.example", False),
        ("evil.example:8321", False),
        ("127.0.0.1.evil.example", False),
        ("localhost.evil.example", False),
        ("", False),
    ],
)
def test_only_names_of_ours_are_answered(stage: Stage, host: str, known: bool) -> None:
    response = stage.client.get("/api/health", headers={"host": host})
    assert response.status_code == (200 if known else 400)
    if not known:
        assert response.json()["error"]["reason"] == "host"


def test_names_behind_a_proxy_and_of_a_public_address() -> None:
    assert Settings(behind_proxy=True).knows("gold.example")
    public = Settings(behind_proxy=True, public_url="https://gold.example/")
    assert public.knows("gold.example")
    assert not public.knows("other.example")
    assert public.url_for("gold.example") == "https://gold.example"
    assert Settings(host="0.0.0.0", insecure=True).url_for("192.0.2.7:8321") == "http://192.0.2.7:8321"
    assert Settings(host="::1", port=1).url == "http://[::1]:1"


@pytest.mark.parametrize(
    ("host", "local"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("::", False)],
)
def test_what_is_local(host: str, local: bool) -> None:
    assert is_local(host) is local


# Over HTTPS.


@pytest.fixture
def secure_stage(sqlite_database: Database, tmp_path: Path) -> Iterator[Stage]:
    yield from run_stage(sqlite_database, tmp_path, Settings(behind_proxy=True))


def test_over_https_cookies_are_bound_to_the_host(secure_stage: Stage) -> None:
    from goldwork.services import links

    with secure_stage.database.write() as connection:
        made = links.make_administrator_link(connection, secure_stage.database.now(connection))
    used = secure_stage.nobody.post("/link/use", {"token": made.secret, "name": "Ada"})
    cookie = used.headers["set-cookie"]
    assert cookie.startswith("__Host-goldwork=")
    flags = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert {"secure", "httponly", "samesite=strict", "path=/"} <= flags
    assert not any(flag.startswith("domain") for flag in flags)
    assert "max-age=31536000" in used.headers["strict-transport-security"]


def test_over_plain_http_cookies_are_kept_from_scripts_and_other_sites(stage: Stage) -> None:
    from goldwork.services import links

    with stage.database.write() as connection:
        made = links.make_administrator_link(connection, stage.database.now(connection))
    cookie = stage.nobody.post("/link/use", {"token": made.secret, "name": "Ada"}).headers["set-cookie"]
    assert "httponly" in cookie.lower()
    assert "samesite=strict" in cookie.lower()
    assert "secure" not in cookie.lower()


def test_the_back_off_goes_by_the_address_that_the_proxy_saw(secure_stage: Stage) -> None:
    """The last entry is the proxy's; those before it are whatever the client claims."""
    from goldwork.services.signin import FREE

    body = {"email": "x@example.org", "password": "wrong"}
    from goldwork.services import signin

    with secure_stage.database.write() as connection:
        now = secure_stage.database.now(connection)
        for number in range(FREE["address"] + 8):
            email = f"{number}@example.org"
            try:
                signin.claim_attempt(connection, email, "203.0.113.9", now + number * 10**6)
            except Exception:
                raise AssertionError(number) from None
    slow = secure_stage.nobody.post("/session", body, headers={"x-forwarded-for": "198.51.100.1, 203.0.113.9"})
    assert slow.status_code == 429
    free = secure_stage.nobody.post("/session", body, headers={"x-forwarded-for": "203.0.113.9, 198.51.100.1"})
    assert free.status_code == 401


# Errors.


def shape(response: Any) -> dict[str, Any]:
    """The error; asserts that it is of the one shape."""
    assert response.headers["content-type"].startswith("application/json")
    body = response.json()
    assert set(body) == {"error"}
    error: dict[str, Any] = body["error"]
    assert {"code", "message"} <= set(error) <= {"code", "message", "reason", "where", "details"}
    assert error["message"].endswith(".")
    return error


@pytest.mark.parametrize(
    ("method", "path", "options", "status", "code", "where"),
    [
        ("GET", "/none", {}, 404, "not_found", None),
        ("GET", "/projects/x", {}, 404, "not_found", None),
        ("GET", "/projects/1/jobs/99999999999999999999", {}, 404, "not_found", None),
        ("GET", f"/projects/{2**63}", {}, 404, "not_found", None),
        ("GET", "/projects/0", {}, 404, "not_found", None),
        ("PUT", "/projects", {}, 405, "method_not_allowed", None),
        ("HEAD", "/projects", {}, 405, None, None),
        ("POST", "/projects", {"content": b""}, 400, "bad_input", None),
        ("POST", "/projects", {"content": b"{"}, 400, "bad_input", None),
        ("POST", "/projects", {"content": b"\xff\xfe"}, 400, "bad_input", None),
        ("POST", "/projects", {"content": b"[]"}, 400, "bad_input", None),
        ("POST", "/projects", {"content": b"null"}, 400, "bad_input", None),
        ("POST", "/projects", {"content": b"[" * 100_000}, 400, "bad_input", None),
        ("POST", "/projects", {"json": {"name": "P"}}, 400, "bad_input", None),
        ("POST", "/projects", {"json": {"name": "P", "form": FORM, "admin": True}}, 400, "bad_input", None),
        ("POST", "/projects", {"json": {"name": 1, "form": FORM}}, 400, "bad_input", "name"),
        ("POST", "/projects", {"json": {"name": "P", "form": FORM, "overlap": "3"}}, 400, "bad_input", "overlap"),
        ("POST", "/projects", {"json": {"name": "P", "form": FORM, "overlap": 0}}, 400, "bad_input", "overlap"),
        ("POST", "/projects", {"json": {"name": "P", "form": FORM, "overlap": 1e99}}, 400, "bad_input", "overlap"),
        ("POST", "/projects", {"json": {"name": "\x00", "form": FORM}}, 400, "bad_input", "name"),
        ("POST", "/projects", {"json": {"name": "P", "form": {"questions": []}}}, 400, "bad_input", "form"),
        ("POST", "/tokens", {"content": b'{"label": "\\ud800"}'}, 400, "bad_input", None),
        ("GET", "/projects/1/consensus?limit=x", {}, 400, "bad_input", "limit"),
        ("GET", "/projects/1/consensus?limit=0", {}, 400, "bad_input", "limit"),
        ("GET", "/projects/1/consensus?sort=name", {}, 400, "bad_input", "sort"),
        ("GET", "/projects/1/consensus?after=%00", {}, 400, "bad_input", "after"),
        ("GET", "/projects/1/consensus?question=none", {}, 400, "bad_input", "question"),
        ("GET", "/projects/1/media/..%2f..%2fgoldwork.db", {}, 404, "not_found", None),
        ("POST", "/projects/1/media", {"content": b"<svg onload=alert(1)>"}, 400, "bad_input", None),
        ("POST", "/projects/1/imports", {"json": {"file": "../../etc/passwd"}}, 404, "not_found", None),
    ],
)
def test_errors_have_one_shape(
    stage: Stage, method: str, path: str, options: dict[str, Any], status: int, code: str | None, where: str | None
) -> None:
    ada = stage.user("Ada", administrator=True)
    assert stage.project(ada) == 1
    response = ada.request(method, path, **options)
    assert response.status_code == status, response.text
    if method == "HEAD":
        return
    error = shape(response)
    assert error["code"] == code
    assert where is None or error["where"] == where
    if status == 405:
        assert "GET" in response.headers["allow"]


def test_a_body_beyond_the_limit_is_refused_before_it_is_read(stage: Stage) -> None:
    ada = stage.user("Ada", administrator=True)
    project = stage.project(ada)
    for path, size in ((f"/projects/{project}/submits", 2 * 2**20), ("/tokens", 2**20), ("/projects", 2 * 2**20)):
        response = ada.request("POST", path, content=b" " * (size + 1))
        assert response.status_code == 413, path
        assert shape(response)["code"] == "too_large"
        pieces = (b" " * 65536 for _ in range(size // 65536 + 1))
        response = ada.request("POST", path, content=pieces)
        assert response.status_code == 413, "without a length, too"
    claimed = ada.request("POST", "/tokens", content=b"{}", headers={"content-length": str(10**15)})
    assert claimed.status_code == 413


def test_what_nobody_foresaw_gives_nothing_away(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from goldwork.services import projects

    def broken(*_: Any) -> None:
        raise RuntimeError("SECRET detail in /home/secret")

    monkeypatch.setattr(projects, "list_projects", broken)
    response = stage.user("Ada").get("/projects")
    assert response.status_code == 500
    assert shape(response)["code"] == "error"
    assert "SECRET" not in response.text
    assert "SECRET" in caplog.text
    assert SECURITY.items() <= dict(response.headers).items()


def test_options_say_what_there_is_and_nothing_else(stage: Stage) -> None:
    response = stage.client.request("OPTIONS", "/api/projects", headers={"origin": "https://evil.example"})
    assert response.status_code == 204
    assert not any(name.startswith("access-control") for name in response.headers)


# The front end.


@pytest.fixture
def site(tmp_path: Path) -> TestClient[Any]:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html>the page")
    (tmp_path / "favicon.svg").write_text("<svg/>")
    (tmp_path / ".build-stamp").write_text("hidden")
    (tmp_path / "assets" / "index-abc.js").write_text("let x = 1;\n" * 1000)
    site = Site(tmp_path)
    return TestClient(Gate(site, site, Settings()), base_url="http://127.0.0.1:8321")


@pytest.mark.parametrize("path", ["/", "/signin", "/p/7/work", "/link", "/.build-stamp", "/../../etc/passwd"])
def test_every_address_is_the_page(site: TestClient[Any], path: str) -> None:
    response = site.get(path)
    assert (response.status_code, response.text) == (200, "<!doctype html>the page")
    assert response.headers["cache-control"] == "no-cache"
    policy = response.headers["content-security-policy"]
    for part in ("script-src 'self'", "img-src 'self' blob:", "connect-src 'self'", "form-action 'self'"):
        assert part in policy
    again = site.get(path, headers={"if-none-match": response.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_assets_are_kept_for_ever_and_compressed(site: TestClient[Any]) -> None:
    response = site.get("/assets/index-abc.js", headers={"accept-encoding": "gzip"})
    assert "immutable" in response.headers["cache-control"]
    assert response.headers["content-encoding"] == "gzip"
    assert response.headers["content-type"].startswith("text/javascript")
    assert int(response.headers["content-length"]) < 1000
    assert response.text.startswith("let x")
    plain = site.get("/assets/index-abc.js", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert gzip.compress(plain.content)
    assert site.head("/assets/index-abc.js").content == b""
    assert site.get("/assets/old-def.js").status_code == 404


def test_a_missing_front_end_says_what_to_do(tmp_path: Path) -> None:
    site = Site(tmp_path / "none")
    response = TestClient(Gate(site, site, Settings()), base_url="http://127.0.0.1:8321").get("/")
    assert (response.status_code, response.content) == (503, NOT_BUILT)
