"""The house is measured: which floor imports which, what stays out of the light core."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parent.parent / "src" / "goldwork"

# docs/: DESIGN's floors. A name not listed here has no floor, and the first test says so.
FLOORS = {
    "errors": 0,
    "registry": 0,
    "judgements": 1,
    "distances": 1,
    "features": 1,
    "items": 1,
    "tasks": 1,
    "agreement": 2,
    "bias": 2,
    "consensus": 2,
    "flags": 2,
    "quality": 2,
    "learning": 2,
    "preference": 2,
    "io": 3,
    "report": 3,
    "sim": 3,
    "testing": 3,
    "store": 4,
    "services": 5,
    "web": 6,
    "cli": 7,
}
APART = 2  # on this floor siblings do not import each other, but for:
NEIGHBOURS = {("quality", "consensus"), ("preference", "consensus")}

DATABASES = {"sqlalchemy", "alembic", "sqlite3", "psycopg", "dbm"}
SOCKETS = {"socket", "socketserver", "ssl", "asyncio", "http", "urllib", "urllib3", "requests", "httpx"}
WEB = {"litestar", "uvicorn", "uvloop", "httptools", "starlette"}

NOT_IN_THE_CORE = {
    "alembic",
    "litestar",
    "narwhals",
    "numba",
    "pandas",
    "polars",
    "pyarrow",
    "scipy",
    "sklearn",
    "sqlalchemy",
    "torch",
    "uvicorn",
}


@dataclass(frozen=True)
class Import:
    """One import as it is written: `module` imports `target`."""

    module: str
    target: str
    line: int
    lazy: bool  # inside a function, or for type checkers only

    def __str__(self) -> str:
        return f"{self.module} (line {self.line}) imports {self.target}"


def modules() -> dict[str, Path]:
    found = {}
    for path in sorted(SOURCE.rglob("*.py")):
        parts = ("goldwork", *path.relative_to(SOURCE).with_suffix("").parts)
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def imports_of(module: str, source: str, *, package: bool) -> Iterator[Import]:
    """Every import in `source`, with relative ones resolved and submodules told from other names."""

    def walk(node: ast.AST, *, lazy: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            inner = lazy or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            if isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
                inner = True
            if isinstance(child, ast.Import):
                for alias in child.names:
                    yield Import(module, alias.name, child.lineno, inner)
            elif isinstance(child, ast.ImportFrom):
                base = child.module or ""
                if child.level:
                    up = module.split(".")[: len(module.split(".")) - child.level + package]
                    base = ".".join([*up, *([base] if base else [])])
                for alias in child.names:
                    full = f"{base}.{alias.name}"
                    yield Import(module, full if full in MODULES else base, child.lineno, inner)
            else:
                yield from walk(child, lazy=inner)

    yield from walk(ast.parse(source), lazy=False)


IMPORTS = [
    found
    for name, path in MODULES.items()
    for found in imports_of(name, path.read_text(encoding="utf-8"), package=path.name == "__init__.py")
]


def room(module: str) -> str:
    """The part of the house: `goldwork.tasks.choice` is in `tasks`; the front door itself is ``."""
    return [*module.split("."), ""][1]


def inside() -> list[Import]:
    return [i for i in IMPORTS if i.target.split(".")[0] == "goldwork" and room(i.module)]


def outside() -> list[tuple[Import, str]]:
    return [(i, i.target.split(".")[0]) for i in IMPORTS if i.target.split(".")[0] != "goldwork"]


def test_every_room_has_a_floor() -> None:
    rooms = {room(module) for module in MODULES} - {"", "__main__"}
    assert rooms <= FLOORS.keys(), "give these a floor in FLOORS, or a place in a room that has one"


def test_imports_go_down() -> None:
    wrong = [
        str(i)
        for i in inside()
        if room(i.module) != "__main__" and FLOORS[room(i.module)] < FLOORS.get(room(i.target), 0)
    ]
    assert wrong == []


def test_nothing_imports_the_front_door() -> None:
    """`goldwork` itself re-exports what the lower floors have; the top floors ask it for the version."""
    top = {"web", "cli", "__main__"}
    wrong = [str(i) for i in inside() if i.target == "goldwork" and room(i.module) not in top]
    assert wrong == [], "import the module that has the name"


def test_siblings_stay_apart() -> None:
    wrong = []
    for i in inside():
        pair = room(i.module), room(i.target)
        on_the_floor = FLOORS.get(pair[0]) == FLOORS.get(pair[1]) == APART
        if on_the_floor and pair[0] != pair[1] and pair not in NEIGHBOURS:
            wrong.append(str(i))
    assert wrong == []


def test_no_circles() -> None:
    """No module needs itself, directly or round about, to be imported."""
    edges: dict[str, set[str]] = {}
    for i in inside():
        if not i.lazy and i.target in MODULES and i.target != i.module:
            edges.setdefault(i.module, set()).add(i.target)
    assert circle(edges) == []


def circle(edges: dict[str, set[str]]) -> list[str]:
    """One circle in a graph, as the names on the way round; empty when there is none."""
    done: set[str] = set()

    def follow(node: str, way: list[str]) -> list[str]:
        if node in way:
            return [*way[way.index(node) :], node]
        if node in done:
            return []
        for following in sorted(edges.get(node, ())):
            if found := follow(following, [*way, node]):
                return found
        done.add(node)
        return []

    for start in sorted(edges):
        if found := follow(start, []):
            return found
    return []


@pytest.mark.parametrize(
    ("libraries", "rooms"),
    [
        pytest.param(DATABASES, {"store", "services"}, id="databases"),
        pytest.param(WEB, {"web", "cli"}, id="web"),
        pytest.param(SOCKETS, {"store", "services", "web", "cli"}, id="sockets"),
    ],
)
def test_libraries_stay_in_their_rooms(libraries: set[str], rooms: set[str]) -> None:
    wrong = [str(i) for i, library in outside() if library in libraries and room(i.module) not in rooms]
    assert wrong == [], f"only {sorted(rooms)} may; take the name from a module there that passes it on"


@pytest.mark.parametrize("code", ["import goldwork", "import goldwork; goldwork.Judgements"])
def test_front_door_is_light(code: str) -> None:
    """The core needs numpy, and nothing that is large, reads data frames or serves."""
    loaded = loaded_by(code)
    assert loaded & NOT_IN_THE_CORE == set()
    assert "numpy" in loaded or "Judgements" not in code


def loaded_by(code: str) -> set[str]:
    """The top-level packages that a fresh Python has loaded after running `code`."""
    code += "; import sys; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


# The rules themselves are tested on small houses.


def test_imports_are_read_as_python_reads_them() -> None:
    source = """
import sqlalchemy.orm
from ..errors import InputError
from . import choice
from goldwork.tasks import form
if TYPE_CHECKING:
    from goldwork import judgements
def late():
    import scipy
"""
    found = [(i.target, i.lazy) for i in imports_of("goldwork.tasks.scale", source, package=False)]
    assert found == [
        ("sqlalchemy.orm", False),
        ("goldwork.errors", False),
        ("goldwork.tasks.choice", False),
        ("goldwork.tasks.form", False),
        ("goldwork.judgements", True),
        ("scipy", True),
    ]
    found = [(i.target, i.lazy) for i in imports_of("goldwork.tasks", "from . import choice", package=True)]
    assert found == [("goldwork.tasks.choice", False)]


def test_a_circle_is_found() -> None:
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"a"}}) == ["a", "b", "c", "a"]
    assert circle({"a": {"b", "c"}, "b": {"c"}}) == []


def test_serving_loads_no_model() -> None:
    """Models are fitted in a process of their own; the web process loads nothing to fit them with."""
    code = "import goldwork.web.server, goldwork.services.learning, sys"
    code += "; print(*[name for name in ('sklearn', 'scipy.optimize', 'scipy.sparse') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
