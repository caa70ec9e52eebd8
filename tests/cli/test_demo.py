"""`goldwork demo`, run as people run it: it moves, it lets one judge beside it, and it leaves nothing behind."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import httpx
import psutil
import pytest

from goldwork.cli import demo, main

PATIENCE = 60.0
LINK = r"http://127\.0\.0\.1:\d+/link#\S+"
START = 15.0
"""Seconds to the first page: 3 on a machine that does nothing else."""

posix = pytest.mark.skipif(os.name != "posix", reason="process groups and signals as POSIX has them")


class Demo:
    """A running demonstration in a process group and a temporary folder of its own."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.lines: queue.Queue[str] = queue.Queue()
        command = [sys.executable, "-m", "goldwork.cli", "demo", "--no-browser", "--port", "0", *options]
        environment = os.environ | {"TMPDIR": str(folder), "PYTHONUNBUFFERED": "1"}
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            cwd=folder,
            start_new_session=True,
        )
        self.said: list[str] = []
        streams = (self.process.stdout, self.process.stderr)
        self.readers = [threading.Thread(target=self._read, args=(stream,), daemon=True) for stream in streams]
        for reader in self.readers:
            reader.start()

    def _read(self, stream: Any) -> None:
        for line in stream:
            self.said.append(line)
            self.lines.put(line)

    def find(self, pattern: str) -> str:
        """The first match in what it prints from now on."""
        deadline = time.monotonic() + START
        while time.monotonic() < deadline:
            with contextlib.suppress(queue.Empty):
                if found := re.search(pattern, self.lines.get(timeout=0.1)):
                    return found.group(0)
        pytest.fail(f"no {pattern} in:\n{''.join(self.said)}")

    def wait(self) -> int:
        code = self.process.wait(PATIENCE)
        for reader in self.readers:
            reader.join(PATIENCE)
        return code

    def processes(self) -> list[psutil.Process]:
        """The demonstration and its worker, which names the folder it works in."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                mine = process.pid == self.process.pid or str(self.folder) in " ".join(process.cmdline())
                if mine and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found

    def assert_nothing_is_left(self) -> None:
        """No process and no file."""
        assert self.processes() == []
        assert list(self.folder.iterdir()) == []


@pytest.fixture
def start_demo(tmp_path: Path) -> Iterator[Callable[..., Demo]]:
    running: list[Demo] = []

    def start(*options: str) -> Demo:
        folder = tmp_path / f"tmp-{len(running)}"
        folder.mkdir()
        running.append(Demo(folder, *options))
        return running[-1]

    yield start
    for one in running:
        for process in one.processes():
            with contextlib.suppress(psutil.Error):
                process.kill()
        one.wait()
        for stream in (one.process.stdout, one.process.stderr):
            assert stream is not None
            stream.close()


class Visitor:
    """Whoever opens the printed link."""

    def __init__(self, link: str) -> None:
        url, _, secret = link.partition("/link#")
        self.client = httpx.Client(base_url=url, timeout=PATIENCE)
        self.secret = secret

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def sign_in(self) -> None:
        used = self.client.post("/api/link/use", json={"token": self.secret})
        assert used.status_code == 201, used.text
        assert used.json()["account"]["administrator"]
        version = used.json()["notice"]["version"]
        assert self.client.post("/api/notice", json={"version": version}).status_code == 200

    def projects(self) -> list[dict[str, Any]]:
        return list(self.client.get("/api/projects").json()["projects"])

    def judge(self, project: int) -> dict[str, Any]:
        """Answer one item in the first class."""
        screen = self.client.get(f"/api/projects/{project}/work").json()
        work = self.client.post(f"/api/projects/{project}/next", json={"count": 1}).json()
        assignment = work["assignments"][0]
        for shown in assignment["fields"].values():
            if shown.startswith("/api/"):
                assert self.client.get(shown).headers["content-type"] == "image/png"
        question = screen["form"]["questions"][0]
        value = question["form"]["primitives"][0]["options"][0]["value"]
        body = {
            "id": uuid.uuid4().hex,
            "assignment": assignment["id"],
            "kind": "answer",
            "answers": {question["name"]: value},
            "form_version": work["form_version"],
            "guideline_version": work["guideline_version"],
        }
        sent = self.client.post(f"/api/projects/{project}/submits", json=body)
        assert sent.status_code == 201, sent.text
        return dict(sent.json())


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)


@posix
@pytest.mark.slow
def test_a_demonstration_moves_and_says_how_it_went(start_demo: Callable[..., Demo]) -> None:
    running = start_demo("--seconds", "8", "--speed", "20", "--json")
    with Visitor(running.find(LINK)) as visitor:
        assert "<html" in visitor.client.get("/").text
        visitor.sign_in()
        assert {project["name"] for project in visitor.projects()} == {"Handwritten digits", "Messages to a shop"}
        assert {project["role"] for project in visitor.projects()} == {"manager"}
        wait_until(lambda: all(project["judgements"] > 5 for project in visitor.projects()))
        before = {project["id"]: project["judgements"] for project in visitor.projects()}
        for project in before:
            assert not visitor.judge(project)["surplus"]
        wait_until(lambda: all(project["judgements"] > before[project["id"]] + 1 for project in visitor.projects()))

    assert running.wait() == 0, "".join(running.said)
    running.assert_nothing_is_left()
    [result] = [line for line in running.said if line.startswith("{")]
    outcome = json.loads(result)
    assert outcome["judgements"] == sum(project["judgements"] for project in outcome["projects"])
    assert [project["name"] for project in outcome["projects"]] == ["Handwritten digits", "Messages to a shop"]
    for project in outcome["projects"]:
        assert project["judgements"] > 15
        assert project["annotators"] >= 6
        agreement = project["agreement"]
        assert agreement["low"] < agreement["value"] < agreement["high"]
        assert agreement["items"] > 5
        assert set(project["accuracy"]) == {"majority", "dawid-skene"}
        for score in project["accuracy"].values():
            assert score["low"] <= score["value"] <= score["high"]
            assert score["value"] > 0.5


@posix
@pytest.mark.slow
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_stopped_while_people_judge_it_leaves_nothing(start_demo: Callable[..., Demo], name: str) -> None:
    running = start_demo("--speed", "20")
    with Visitor(running.find(LINK)) as visitor:
        visitor.sign_in()
        wait_until(lambda: any(project["judgements"] > 0 for project in visitor.projects()))
        assert list(running.folder.iterdir()) != []
        assert len(running.processes()) in (2, 3), "the server, its worker, and a model that is being fitted"
        began = time.monotonic()
        if name == "SIGINT":  # a terminal sends it to everybody, and somebody in a hurry twice
            os.killpg(running.process.pid, signal.SIGINT)
            time.sleep(0.05)
            os.killpg(running.process.pid, signal.SIGINT)
        else:
            running.process.send_signal(signal.Signals[name])
        assert running.wait() == 0, "".join(running.said)
        assert time.monotonic() - began < 15
    running.assert_nothing_is_left()
    assert "Traceback" not in "".join(running.said)


@posix
@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.3, 0.8, 1.3, 1.8])
def test_stopped_while_it_starts_it_leaves_nothing(start_demo: Callable[..., Demo], seconds: float) -> None:
    running = start_demo()
    with contextlib.suppress(subprocess.TimeoutExpired):
        running.process.wait(seconds)
    os.killpg(running.process.pid, signal.SIGINT)
    assert running.wait() in (0, 130, -signal.SIGINT), "".join(running.said)
    running.assert_nothing_is_left()


@posix
@pytest.mark.slow
def test_killed_it_takes_its_worker_along(start_demo: Callable[..., Demo]) -> None:
    running = start_demo()
    running.find(LINK)
    wait_until(lambda: len(running.processes()) == 2)
    running.process.kill()
    running.process.wait(PATIENCE)
    wait_until(lambda: running.processes() == [])


def test_json_is_for_a_result(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--json"]) == 2
    assert "--seconds N" in capsys.readouterr().err


@pytest.mark.parametrize(
    "options",
    [["--speed", "0"], ["--speed", "nan"], ["--speed", "1001"], ["--seconds", "-1"], ["--seconds", "soon"]],
)
def test_a_number_out_of_range_is_refused(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["demo", *options])
    assert ended.value.code == 2
    assert f"must be above 0 and at most {'1,000' if '--speed' in options else '86,400'}." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("environment", "platform", "expected"),
    [
        ({}, "linux", False),
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({"DISPLAY": "localhost:10.0", "SSH_CONNECTION": "192.0.2.1 22"}, "linux", False),
        ({}, "darwin", True),
        ({"SSH_TTY": "/dev/ttys001"}, "darwin", False),
        ({}, "win32", True),
    ],
)
def test_a_browser_is_opened_where_it_is_seen(environment: dict[str, str], platform: str, expected: bool) -> None:
    assert demo.has_screen(environment, platform) is expected


def test_without_a_port_a_taken_one_is_no_obstacle() -> None:
    with contextlib.ExitStack() as closing:
        taken = closing.enter_context(socket.socket())
        with contextlib.suppress(OSError):
            taken.bind(("127.0.0.1", 8321))
            taken.listen()
        first = closing.enter_context(demo._listen(None))
        assert first.getsockname()[1] != 8321


def test_opening_a_browser_does_not_wait_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    opened, go = threading.Event(), threading.Event()

    def slow(address: str) -> bool:
        opened.set()
        return go.wait(PATIENCE)

    monkeypatch.setattr("webbrowser.open", slow)
    monkeypatch.setattr("goldwork.cli.demo.has_screen", lambda *_: True)
    demo._open_browser("http://127.0.0.1:1/")
    assert opened.wait(PATIENCE)
    go.set()


def test_two_rounds_from_comparisons_to_a_better_policy(tmp_path: Path) -> None:
    """People teach a reward model, others say blind whether it chose well, twice; then it says how it went."""
    command = [sys.executable, "-m", "goldwork.cli", "demo", "--project", "rlhf", "--no-browser", "--port", "0"]
    ended = subprocess.run(
        [*command, "--speed", "1000", "--seconds", "100"],
        capture_output=True,
        text=True,
        env=os.environ | {"TMPDIR": str(tmp_path)},
        cwd=tmp_path,
        timeout=120,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    rates = [int(rate) for rate in re.findall(r"^round \d: .* (\d+)% of prompts", ended.stdout, re.MULTILINE)]
    assert len(rates) == 2
    assert min(rates) > 50, ended.stdout
    assert list(tmp_path.iterdir()) == []
