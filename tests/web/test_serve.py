"""`goldwork serve` as a process: how it starts, what it prints, how it ends."""

from __future__ import annotations

import re
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import psutil
import pytest

from tests.conftest import LiveServer, fresh_database

START = 3.0
"""Seconds until the first page, on a machine that does nothing else."""
SLOW = 3.0
"""How many times slower a machine with other work may be."""
IDLE_MB = 200

pytestmark = pytest.mark.slow


def run(*arguments: str, home: Path | None = None) -> subprocess.CompletedProcess[str]:
    place = ["--home", str(home)] if home else []
    command = [sys.executable, "-m", "goldwork.cli", *arguments, *place]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def wait_until(what: Callable[[], object], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.05)


def test_first_link_first_page_and_a_clean_end(start_server: Callable[..., LiveServer]) -> None:
    begin = time.monotonic()
    server = start_server()
    assert httpx.get(server.url).status_code in (200, 503)
    assert time.monotonic() - begin < START * SLOW
    secret = server.first_link.partition("#")[2]
    assert server.first_link.startswith(f"{server.url}/link#")
    port = server.url.rpartition(":")[2]
    used = httpx.post(f"{server.url}/api/link/use", json={"token": secret, "name": "Ada"})
    assert used.status_code == 201
    assert f"goldwork-{port}" in used.cookies
    memory = psutil.Process(server.process.pid).memory_info().rss / 2**20
    assert memory < IDLE_MB, f"{memory:.0f} MB"

    wait_until(lambda: any("worker" in child.cmdline() for child in psutil.Process(server.process.pid).children()))
    children = psutil.Process(server.process.pid).children()
    assert server.stop() == 0
    assert not any(child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in children)
    assert "Traceback" not in "".join(server.output)

    again = start_server(home=server.home)
    assert again.first_link == "", "there is an account now"


def test_the_home_is_its_owners_alone(start_server: Callable[..., LiveServer]) -> None:
    server = start_server("--no-worker")
    assert stat.S_IMODE(server.home.stat().st_mode) == 0o700
    assert not psutil.Process(server.process.pid).children()


def test_ctrl_c_ends_it(start_server: Callable[..., LiveServer]) -> None:
    server = start_server()
    server.process.send_signal(signal.SIGINT)
    assert server.process.wait(20) == 0


def test_a_dead_worker_is_begun_again(start_server: Callable[..., LiveServer]) -> None:
    server = start_server()
    process = psutil.Process(server.process.pid)
    wait_until(process.children)
    (first,) = process.children()
    first.kill()
    wait_until(lambda: any(child.pid != first.pid for child in process.children()))
    assert httpx.get(f"{server.url}/api/health").json()["status"] == "ok"


def test_no_worker_outlives_a_killed_server(start_server: Callable[..., LiveServer]) -> None:
    server = start_server()
    process = psutil.Process(server.process.pid)
    wait_until(process.children)
    (worker,) = process.children()
    process.kill()
    process.wait(20)
    wait_until(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE)


def test_children_inherit_no_socket(start_server: Callable[..., LiveServer]) -> None:
    server = start_server()
    process = psutil.Process(server.process.pid)
    wait_until(process.children)
    (worker,) = process.children()
    assert [one for one in worker.net_connections() if one.status == psutil.CONN_LISTEN] == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--host", "0.0.0.0"], "plain HTTP on 0.0.0.0"),
        (["--host", "::"], "plain HTTP on ::"),
        (["--tls-cert", "none.pem"], "belong together"),
        (["--tls-cert", "none.pem", "--tls-key", "none.pem"], "there is no file none.pem"),
        (["--port", "99999"], "must be 0 to 65535"),
        (["--database", "mysql://x/y"], "must be an SQLite file or PostgreSQL"),
        (["--host", "192.0.2.1", "--insecure-http"], "cannot listen on 192.0.2.1"),
    ],
)
def test_bad_options_are_one_line_and_exit_2(tmp_path: Path, options: list[str], said: str) -> None:
    ended = run("serve", *options, home=tmp_path / "home")
    assert ended.returncode == 2
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.stdout == ""


def test_a_taken_port_says_so(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        ended = run("serve", "--port", str(other.getsockname()[1]), home=tmp_path / "home")
    assert ended.returncode == 2
    assert "--port" in ended.stderr


def test_plain_http_on_a_network_has_a_banner(start_server: Callable[..., LiveServer]) -> None:
    server = start_server("--host", "0.0.0.0", "--insecure-http", "--no-worker")
    assert any(line.startswith("WARNING: plain HTTP") for line in server.output)
    assert httpx.get(f"{server.url}/api/session").json()["server"]["insecure"] is True


def test_https(start_server: Callable[..., LiveServer], tmp_path: Path) -> None:
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    try:
        subprocess.run([*made, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("openssl is not installed")
    server = start_server("--tls-cert", str(certificate), "--tls-key", str(key), "--no-worker")
    assert server.url.startswith("https://")
    secret = server.first_link.partition("#")[2]
    used = httpx.post(f"{server.url}/api/link/use", json={"token": secret, "name": "Ada"}, verify=False)
    assert used.status_code == 201
    assert used.headers["set-cookie"].startswith("__Host-goldwork=")
    assert "strict-transport-security" in used.headers


def test_accounts_from_the_command_line(live_server: LiveServer) -> None:
    """Beside the running server, which notices at once."""
    home, url = live_server.home, live_server.url
    assert run("account", "list", home=home).stdout == ""
    made = run("account", "administrator", "--url", url, home=home)
    secret = made.stdout.strip().removeprefix(f"{url}/link#")
    first = live_server.first_link.partition("#")[2]
    refused = httpx.post(f"{url}/api/link/use", json={"token": first, "name": "Eve"})
    assert refused.status_code == 404, "the newer administrator's link replaces the older one"
    with httpx.Client(base_url=f"{url}/api") as ada:
        body = {"token": secret, "name": "Ada", "email": "ada@example.org"}
        assert ada.post("/link/use", json=body).status_code == 201
        assert re.search(r"^ +1 +Ada +ada@example.org +administrator$", run("account", "list", home=home).stdout)
        link = run("account", "link", "ada@example.org", "--url", url, home=home).stdout
        with httpx.Client(base_url=f"{url}/api") as other:
            token = link.strip().partition("#")[2]
            assert other.post("/link/use", json={"token": token}).json()["account"]["name"] == "Ada"
        ended = run("account", "deactivate", "1", home=home)
        assert (ended.returncode, "only administrator" in ended.stderr) == (2, True)
        run("account", "administrator", home=home)
        assert run("account", "erase", "1", home=home).returncode == 2
        assert ada.get("/session").json()["account"]["name"] == "Ada"
    assert run("account", "erase", "7", "--yes", home=home).returncode == 2
    assert run("account", "invite", "7", "manager", home=home).returncode == 2


@pytest.mark.postgres
def test_on_postgresql(start_server: Callable[..., LiveServer], request: pytest.FixtureRequest) -> None:
    with fresh_database("postgres", request) as url:
        server = start_server("--database", url)
        used = httpx.post(
            f"{server.url}/api/link/use", json={"token": server.first_link.partition("#")[2], "name": "Ada"}
        )
        assert used.status_code == 201
        session = httpx.get(f"{server.url}/api/session", cookies=used.cookies).json()
        assert session["account"]["name"] == "Ada"
        assert not (server.home / "goldwork.db").exists()
        assert server.stop() == 0


def test_help_is_quick_and_light() -> None:
    code = "import sys, goldwork.cli; goldwork.cli.parser(); print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"litestar", "sqlalchemy", "uvicorn"} & set(loaded)
