"""Create a function from a file, a folder or a zip; or update one."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from invocations.decisions.runtime_names import supported
from invocations.errors import ResourceNotFound
from invocations.flows.functions import create_function, find, update_code, update_configuration
from invocations.flows.versions import publish_version
from invocations.forms import ConfigurationForm, CreateFunctionForm
from invocations.forms.settling import settled
from invocations.forms.variables import variables_to_text
from invocations.management.refusing import Refused, RefusingCommand, checked
from invocations.models import FunctionVersion
from invocations.runtime.code import from_folder, from_source, store
from invocations.values import Scope

# option: form field
_SETTINGS = {
    "runtime": "runtime",
    "handler": "handler",
    "role": "role",
    "description": "description",
    "timeout": "timeout_seconds",
    "memory": "memory_mb",
    "tmp": "tmp_mb",
    "network": "network",
}


class Command(RefusingCommand):
    help = (
        "Create a function from a source file, a folder or a .zip package; with --update, change the one of that name."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("name")
        parser.add_argument("--code", required=True, metavar="PATH", help="a source file, a folder or a .zip")
        parser.add_argument("--handler", help="default: <file>.handler, or app.handler")
        parser.add_argument("--runtime", help="default: the Python that runs this command")
        parser.add_argument("--role", help="any well-formed role ARN")
        parser.add_argument("--description")
        parser.add_argument("--timeout", metavar="SECONDS", type=int)
        parser.add_argument("--memory", metavar="MB", type=int)
        parser.add_argument("--tmp", metavar="MB", type=int)
        parser.add_argument("--variable", metavar="NAME=VALUE", action="append", help="may be given more than once")
        parser.add_argument("--network", choices=("endpoint", "internet", "host"))
        parser.add_argument("--publish", action="store_true", help="publish a version of it")
        parser.add_argument("--update", action="store_true", help="change the function if it exists")

    def work(self, scope: Scope, options: dict[str, Any]) -> None:
        code = Path(options["code"])
        package = _package(code)
        existing = _existing(scope, options["name"]) if options["update"] else None
        if existing is None:
            made = _create(scope, code, package, options)
        else:
            made = _update(scope, existing, package, options)
        settled(scope, options["name"])
        self.stdout.write(made.function.arn(None if made.version == "$LATEST" else made.version))


def _package(path: Path) -> bytes:
    try:
        if path.is_dir():
            return from_folder(path)
        if path.suffix == ".zip":
            return path.read_bytes()
        return from_source(path.name, path.read_text())
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"The code cannot be read: {error}.") from error


def _existing(scope: Scope, name: str) -> FunctionVersion | None:
    try:
        return find(scope, name).version
    except ResourceNotFound:
        return None


def _given(options: dict[str, Any]) -> dict[str, Any]:
    """The form's fields for the options that were given."""
    fields = {field: options[option] for option, field in _SETTINGS.items() if options[option] is not None}
    if options["variable"] is not None:
        pairs = [pair.partition("=") for pair in options["variable"]]
        wrong = [name for name, equals, _ in pairs if not name or not equals]
        if wrong:
            raise Refused(f"--variable must read NAME=value, not {wrong[0]!r}.")
        fields["variables"] = variables_to_text({name: value for name, _, value in pairs})
    return fields


def _create(scope: Scope, code: Path, package: bytes, options: dict[str, Any]) -> FunctionVersion:
    defaults = {
        name: field.initial for name, field in ConfigurationForm.base_fields.items() if field.initial is not None
    }
    guesses = {"runtime": _runtime_here(), "handler": f"{code.stem if code.suffix == '.py' else 'app'}.handler"}
    values = {**defaults, **guesses, **_given(options), "name": options["name"], "publish": options["publish"]}
    form = CreateFunctionForm(values)
    checked(form)
    return create_function(scope, form.draft(store(package)))


def _runtime_here() -> str:
    here = f"python3.{sys.version_info.minor}"
    return here if here in supported() else "python3.12"


def _update(scope: Scope, latest: FunctionVersion, package: bytes, options: dict[str, Any]) -> FunctionVersion:
    name = latest.function.name
    form = ConfigurationForm({**ConfigurationForm.initial_of(latest), **_given(options)})
    checked(form)
    latest = settled(scope, name)
    if _given(options):
        update_configuration(scope, name, form.changes())
        settled(scope, name)
    changed = update_code(scope, name, store(package))
    if not options["publish"]:
        return changed
    settled(scope, name)
    return publish_version(scope, name)
