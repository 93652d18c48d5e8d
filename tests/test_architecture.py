"""Imports point down only; each framework has its room; the request path stays light."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.waiting import PATIENCE_S

pytestmark = pytest.mark.every_case

ROOT = Path(__file__).resolve().parent.parent

FLOORS: tuple[frozenset[str], ...] = tuple(
    map(
        frozenset,
        [
            {"catchments.core"},
            {"catchments.geometry", "catchments.runtime"},
            {"catchments.changes"},
            {"catchments.store"},
            {"catchments.lookup"},
            {"catchments.readers"},
            {"catchments.editions", "catchments.bulk"},
            {"maps"},
            {"catchments.web"},
            {"catchments.commands"},
            {"catchments.requests"},
            {"app"},
        ],
    )
)
"""Rooms from the lowest floor to the highest. A room is a package with all in it."""

ROOMS = {room for floor in FLOORS for room in floor}

BELOW_ALL = {"catchments.__version__"}
"""What the package's own `__init__` has, for every room; it imports nothing."""

_OF_REQUESTS = (
    "catchments.requests.web",
    "catchments.requests.commands",
    "catchments.requests.application",
)
KEPT_IN = {
    "flask": ("catchments.web", "catchments.commands", *_OF_REQUESTS, "app"),
    "click": ("catchments.commands", "catchments.requests.commands", "app"),
    "pygeoapi": ("catchments.web.ogc",),
    "authlib": ("catchments.web.accounts",),
    "folium": ("maps",),
    "branca": ("maps",),
    "fontTools": ("maps",),
    "PIL": ("maps",),
    "pikepdf": ("maps",),
    "sqlalchemy": ("catchments.store", "catchments.lookup.search", "catchments.requests.store"),
    "alembic": ("catchments.store", "catchments.requests.store"),
}
"""Libraries, extensions such as flask_compress included, and the only rooms that know them."""

HEAVY = {
    "pandas",
    "geopandas",
    "folium",
    "branca",
    "pyogrio",
    "pyarrow",
    "dask",
    "distributed",
    "matplotlib",
    "fontTools",
    "PIL",
    "pikepdf",
    "rasterio",
    "rtree",
}
SELDOM = {"requests", "cryptography", "pybreaker", "tornado", "pygeoapi"}
"""What a server imports when something is sent, sealed, or asked elsewhere: most workers never."""


# --- the rule -------------------------------------------------------------------------------------


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = sorted([ROOT / "app.py", *ROOT.glob("catchments/**/*.py"), *ROOT.glob("maps/**/*.py")])
MODULES = {module_name(path): path for path in FILES}


@cache
def nodes(source: str) -> tuple[ast.AST, ...]:
    """All nodes of a module, parsed once for all tests that ask."""
    return tuple(ast.walk(ast.parse(source)))


@cache
def imports(source: str, module: str, *, is_package: bool = False) -> tuple[str, ...]:
    """Return the full name of everything that a module imports, wherever in it."""
    package = module if is_package else module.rpartition(".")[0]
    names: list[str] = []
    for node in nodes(source):
        if isinstance(node, ast.Import):
            names += (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names += (f"{origin(node, package)}.{alias.name}" for alias in node.names)
    return tuple(names)


def origin(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    above = package.split(".")[: len(package.split(".")) - node.level + 1]
    return ".".join([*above, *([node.module] if node.module else [])])


def is_in(name: str, room: str) -> bool:
    return name == room or name.startswith(f"{room}.")


def room_of(name: str) -> str | None:
    return next((room for room in ROOMS if is_in(name, room)), None)


def floor_of(room: str) -> int:
    return next(n for n, floor in enumerate(FLOORS) if room in floor)


def complaints(source: str, module: str, *, is_package: bool = False) -> list[str]:
    """Return a sentence for each import of a module that the rule forbids."""
    room = room_of(module)
    if room is None:
        return [f"{module} is on no floor: give it one in {Path(__file__).name}."]
    names = list(imports(source, module, is_package=is_package))
    found = (upward(room, name) or misplaced(module, name) for name in names)
    return [
        f"{module} imports {name}, {why}." for name, why in zip(names, found, strict=True) if why
    ]


def upward(room: str, name: str) -> str | None:
    if name in BELOW_ALL:
        return None
    target = room_of(name)
    if target is None:
        ours = name.partition(".")[0] in {"catchments", "maps", "app"}
        return "which is on no floor" if ours else None
    if target == room:
        return None
    return "which is not below it" if floor_of(target) >= floor_of(room) else None


def misplaced(module: str, name: str) -> str | None:
    library = name.partition(".")[0]
    library = library if library in KEPT_IN else library.partition("_")[0]
    rooms = KEPT_IN.get(library, (module,))
    if any(is_in(module, room) for room in rooms):
        return None
    return f"but only {' and '.join(rooms)} may know {library}"


# --- the house ------------------------------------------------------------------------------------

PACKAGE = "catchments"
"""The package's own `__init__` belongs to no floor; it must import nothing."""


@pytest.mark.parametrize("module", [name for name in MODULES if name != PACKAGE])
def test_a_module_imports_only_what_is_below_it(module):
    path = MODULES[module]
    source = path.read_text(encoding="utf-8")
    assert complaints(source, module, is_package=path.name == "__init__.py") == []


def test_the_package_itself_imports_nothing():
    source = MODULES[PACKAGE].read_text(encoding="utf-8")
    assert list(imports(source, PACKAGE, is_package=True)) == []


def test_every_room_on_a_floor_exists():
    assert MODULES.keys() >= ROOMS


def test_the_rooms_of_every_kept_library_use_it():
    used = {name for path in FILES for name in imports(path.read_text(encoding="utf-8"), "x")}
    roots = {name.partition(".")[0] for name in used}
    assert roots | {root.partition("_")[0] for root in roots} >= KEPT_IN.keys()


# --- requests for support are apart ---------------------------------------------------------------

REQUESTS = "catchments.requests"
STATELESS = (
    "catchments.core",
    "catchments.runtime",
    "catchments.store.accounts",
    "catchments.store.engine",
    "catchments.store.integrity",
    "catchments.store.outbox",
    "catchments.store.schema",
    "catchments.lookup.guidance",
    "catchments.web.accounts",
    "catchments.web.common",
    "catchments.web.front",
    "catchments.web.spoken",
    "catchments.commands.console",
    "catchments.commands.serving",
    "catchments.commands.upkeep.trail_verdicts",
)
"""What requests may use of the rest: words, errors, accounts, pages' parts; nothing of editions."""
STATE = ("catchments.web.common.services",)
"""What hands out editions, whoever asks."""


def used_by_requests() -> set[str]:
    of_requests = [module for module in MODULES if is_in(module, REQUESTS)]
    return {name for module in of_requests for name in imported_modules(module)}


def test_requests_use_only_what_has_no_state():
    others = {n for n in used_by_requests() if not is_in(n, REQUESTS)} - {PACKAGE}
    assert {n for n in others if not any(is_in(n, room) for room in STATELESS)} == set()
    assert others.isdisjoint(STATE)


def test_nothing_but_the_application_knows_requests():
    knowing = {module for module in MODULES if any(is_in(n, REQUESTS) for n in imported(module))}
    assert {module for module in knowing if not is_in(module, REQUESTS)} <= {"app"}


def imported(module: str) -> set[str]:
    return imported_modules(module) if module != PACKAGE else set()


# --- no circle, no crowd, no endless module -------------------------------------------------------

MODULES_AT_MOST = 16
LINES_AT_MOST = 500


def imported_modules(module: str) -> set[str]:
    """The modules of ours that a module imports, wherever in it; not the packages they are in."""
    path = MODULES[module]
    source = path.read_text(encoding="utf-8")
    names = imports(source, module, is_package=path.name == "__init__.py")
    return {nearest for name in names if (nearest := module_of(name))} - {module}


def module_of(name: str) -> str | None:
    """Return the module that has a name, which may be the module itself."""
    return name if name in MODULES else (above := name.rpartition(".")[0]) and module_of(above)


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Return one circle of a graph, or none: a list of names each of which leads to the next."""
    try:
        tuple(TopologicalSorter(graph).static_order())
    except CycleError as error:
        return [error.args[1]]
    return []


def test_no_modules_import_each_other_in_a_circle():
    assert circles({module: imported_modules(module) for module in MODULES}) == []


def test_a_circle_is_found():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}})
    assert not circles({"a": {"b", "c"}, "b": {"c"}})


@cache
def folders() -> dict[Path, set[str]]:
    """Folders of ours → the modules and packages that a reader sees in each."""
    inside: dict[Path, set[str]] = {}
    for path in FILES:
        if path.parent != ROOT and path.name != "__init__.py":
            inside.setdefault(path.parent, set()).add(path.stem)
    for folder in list(inside):
        if folder.parent != ROOT and "versions" not in folder.parts:
            inside.setdefault(folder.parent, set()).add(folder.name)
    return inside


@pytest.mark.parametrize("folder", sorted(folders()), ids=str)
def test_no_folder_is_crowded(folder):
    assert len(folders()[folder]) <= MODULES_AT_MOST


@pytest.mark.parametrize("module", MODULES)
def test_no_module_is_endless(module):
    assert len(MODULES[module].read_text(encoding="utf-8").splitlines()) <= LINES_AT_MOST


# --- the rule can fail ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("module", "source", "complaint"),
    [
        ("catchments.core.model", "import catchments.lookup.snapshot", "which is not below it"),
        ("catchments.core.model", "from catchments.lookup.snapshot import X", "which is not below"),
        ("catchments.core.model", "from catchments import lookup", "which is not below it"),
        ("catchments.core.model", "from .. import lookup", "which is not below it"),
        ("catchments.core.model", "from ..lookup.snapshot import X", "which is not below it"),
        ("catchments.core.model", "def f():\n    from catchments import web", "which is not below"),
        (
            "catchments.geometry.coordinates",
            "if TYPE_CHECKING:\n    from catchments.lookup.resolver import Resolver",
            "which is not below it",
        ),
        ("catchments.geometry.x", "from catchments.runtime import logs", "which is not below it"),
        ("catchments.geometry.x", "from catchments.changes import apply", "which is not below it"),
        ("catchments.store.made_up", "import catchments.readers.report", "which is not below it"),
        ("catchments.store.made_up", "from ..readers import report", "which is not below it"),
        ("catchments.bulk.made_up", "from catchments.editions import x", "which is not below it"),
        ("catchments.web.made_up", "from catchments.commands import setup", "which is not below"),
        ("maps.made_up", "import app", "which is not below it"),
        ("maps.made_up", "from catchments.nowhere import x", "which is on no floor"),
        ("catchments.lookup.resolver", "import flask", "may know flask"),
        ("catchments.lookup.resolver", "from flask_wtf import x", "may know flask"),
        ("catchments.lookup.resolver", "import sqlalchemy as sa", "may know sqlalchemy"),
        ("catchments.web.v1.made_up", "import pygeoapi.api", "may know pygeoapi"),
        ("maps.made_up", "from flask import request", "may know flask"),
        ("catchments.web.made_up", "import folium.features", "may know folium"),
        ("catchments.web.made_up", "from branca.element import Figure", "may know branca"),
        ("catchments.commands.made_up", "import sqlalchemy as sa", "may know sqlalchemy"),
        ("catchments.editions.publishing", "from alembic import op", "may know alembic"),
        ("catchments.made_up", "", "is on no floor"),
    ],
)
def test_the_rule_finds_what_it_forbids(module, source, complaint):
    found = complaints(source, module)
    assert len(found) == 1
    assert found[0].startswith(module)
    assert complaint in found[0]


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("catchments.core.model", "import datetime\nfrom shapely import Point"),
        ("catchments.web.made_up", "from catchments import __version__"),
        ("catchments.geometry.x", "from catchments.geometry.cell_grid import compile_grid"),
        ("catchments.lookup.x", "from catchments.store import Store"),
        ("catchments.lookup.search.addresses.book", "import sqlalchemy as sa"),
        ("catchments.store.made_up", "from . import schema\nfrom catchments.changes import apply"),
        ("catchments.store.migrations.versions.x", "import sqlalchemy\nfrom alembic import op"),
        ("catchments.commands.made_up", "from catchments.web.common.services import EXTENSION"),
        ("catchments.web.made_up", "from flask import request\nfrom maps import leaflet"),
        ("maps.made_up", "import folium\nfrom catchments.readers.report import Progress"),
        ("app", "import flask_compress\nfrom catchments.commands import groups"),
    ],
)
def test_the_rule_lets_the_rest_be(module, source):
    assert complaints(source, module) == []


# --- the request path -----------------------------------------------------------------------------

SERVING = """
import sys
from catchments.web import application
from catchments.core.settings import Settings

client = application.web_app(Settings(database_url=sys.argv[1])).test_client()
statuses = [client.get(path).status_code for path in sys.argv[2:]]
print(*statuses)
print(*sorted(module.partition(".")[0] for module in sys.modules))
"""


def said(*words: str) -> str:
    return subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=True,
    ).stdout


def test_a_command_imports_no_page_and_flask_s_own_have_them_all():
    imported = said("-c", "import app, sys; app.create_app(); print(*sys.modules)").split()
    assert [name for name in imported if is_in(name, "catchments.web.pages")] == []
    assert [name for name in imported if is_in(name, "catchments.web.staff")] == []
    assert HEAVY & {name.partition(".")[0] for name in imported} == set()
    assert "/v1/provider" in said("app.py", "routes")
    assert "/v1/provider" in said("-m", "flask", "routes")


def test_resolving_a_file_builds_no_application_and_imports_nothing_of_one():
    program = "catchments.commands.resolving"
    imported = said("-c", f"import {program}, sys; print(*sys.modules)").split()
    assert program in imported
    assert [name for name in imported if is_in(name, "flask")] == []
    assert [name for name in imported if is_in(name, "catchments.web")] == []


def test_nothing_is_to_be_awaited():
    # `MultilingualFlask.ensure_sync` counts on it.
    found = [
        (module, node.name)
        for module, path in MODULES.items()
        for node in nodes(path.read_text(encoding="utf-8"))
        if isinstance(node, ast.AsyncFunctionDef)
    ]
    assert found == []


def test_serving_a_request_leaves_tables_and_map_makers_unimported(tmp_path):
    paths = ["/provider?school_id=54", "/", "/map", "/healthz"]
    served = subprocess.run(
        [sys.executable, "-c", SERVING, f"sqlite:///{tmp_path / 'fresh.sqlite'}", *paths],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert served.returncode == 0, served.stderr
    statuses, modules = served.stdout.splitlines()[-2:]
    assert set(statuses.split()) <= {"200", "503"}
    assert "flask" in modules.split()
    assert (HEAVY | SELDOM) & set(modules.split()) == set()


APPLICATIONS = ("catchments.web.application", "catchments.requests.application")


def test_whoever_imports_the_application_alone_has_every_address_of_it():
    # A test that imports a module of views registers them; a server does not import tests.
    views = {n for n, p in MODULES.items() if "\n@blueprint." in p.read_text(encoding="utf-8")}
    served = subprocess.run(
        [sys.executable, "-c", f"import sys, {', '.join(APPLICATIONS)}; print(*sys.modules)"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=True,
    )
    assert views - set(served.stdout.split()) == set()
    assert len(views) > 20


# --- what parses bytes that others wrote ----------------------------------------------------------

NATIVE_PARSERS = {
    "from_wkb",
    "from_wkt",
    "from_geojson",
    "from_ragged_array",
    "shape",
    "pyogrio",
    "fiona",
    "osgeo",
    "lxml",
    "pyarrow",
    "geopandas",
    "openpyxl",
    "PIL",
}
"""What hands bytes or text to a geometry library, or to another parser that is not Python."""

PARSES = {
    "catchments.geometry.wkb": "checks the type words before it reads.",
    "catchments.bulk": "a program of its own, for files; geometries go through geometry.wkb.",
    "catchments.readers": "reads files in a program of its own: the command line, or an upload's.",
    "catchments.store.editions": "reads rows of our own database, which our own to_wkb wrote.",
    "maps": "writes files of editions.",
}
"""The rooms that may, each with the reason; no web room is among them."""


@cache
def parsers_named(source: str) -> set[str]:
    """What of the native parsers a module speaks of, as an import or an attribute."""
    attributes = {node.attr for node in nodes(source) if isinstance(node, ast.Attribute)}
    called = {
        node.func.id
        for node in nodes(source)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    imported = {part for name in imports(source, "catchments.made_up") for part in name.split(".")}
    # `array.shape` is a number of rows; `shape(…)` and `geometry.shape` are what is meant.
    return NATIVE_PARSERS & ((attributes - {"shape"}) | called | imported)


def test_nothing_native_parses_what_a_browser_carries():
    found = {
        module: named
        for module, path in MODULES.items()
        if not any(is_in(module, room) for room in PARSES)
        and (named := parsers_named(path.read_text(encoding="utf-8")))
    }
    assert found == {}


def test_every_room_that_parses_still_does():
    for room in PARSES:
        sources = [
            p.read_text(encoding="utf-8") for name, p in MODULES.items() if is_in(name, room)
        ]
        assert set().union(*map(parsers_named, sources)), room


@pytest.mark.parametrize(
    "source",
    [
        "import shapely\nshapely.from_wkb(b'')",
        "from shapely import from_wkt",
        "import shapely.wkt\nfrom shapely.geometry import shape",
        "def f():\n    import pyogrio.raw",
        "from lxml import etree",
    ],
)
def test_the_rule_finds_a_native_parser(source):
    assert parsers_named(source)
