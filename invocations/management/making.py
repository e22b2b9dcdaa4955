"""Functions from a path, for the commands that make and change them."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from invocations.decisions.code_guess import candidates, guess
from invocations.decisions.runtime_names import supported
from invocations.errors import ResourceNotFound
from invocations.flows.functions import create_function, find, update_code, update_configuration
from invocations.flows.versions import publish_version
from invocations.forms import ConfigurationForm, CreateFunctionForm
from invocations.forms.settling import settled
from invocations.forms.variables import variables_to_text
from invocations.management.refusing import Refused, checked
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
_CUSTOM = "provided.al2023"


def add_settings(parser: CommandParser) -> None:
    """The options that both commands have."""
    parser.add_argument("--handler", help="default: guessed from the files' names and text, for example app.handler")
    parser.add_argument("--runtime", help="default: what the files look like; of Python the one that runs this command")
    parser.add_argument("--role", help="any well-formed role ARN")
    parser.add_argument("--description")
    parser.add_argument("--timeout", metavar="SECONDS", type=int)
    parser.add_argument("--memory", metavar="MB", type=int)
    parser.add_argument("--tmp", metavar="MB", type=int)
    parser.add_argument("--variable", metavar="NAME=VALUE", action="append", help="may be given more than once")
    parser.add_argument("--network", choices=("endpoint", "internet", "host"))
    parser.add_argument("--publish", action="store_true", help="publish a version of it")


def package(path: Path) -> bytes:
    """Zip what is there: a folder, one source file, or a zip as it is."""
    try:
        if path.is_dir():
            return from_folder(path)
        if path.suffix == ".zip":
            return path.read_bytes()
        return from_source(path.name, path.read_text())
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"The code cannot be read: {error}.") from error


def existing(scope: Scope, name: str) -> FunctionVersion | None:
    try:
        return find(scope, name).version
    except ResourceNotFound:
        return None


def given(options: Mapping[str, Any]) -> dict[str, Any]:
    """The form's fields for the options that were given."""
    fields = {field: options[option] for option, field in _SETTINGS.items() if options[option] is not None}
    if options["variable"] is not None:
        pairs = [pair.partition("=") for pair in options["variable"]]
        wrong = [name for name, equals, _ in pairs if not name or not equals]
        if wrong:
            raise Refused(f"--variable must read NAME=value, not {wrong[0]!r}.")
        fields["variables"] = variables_to_text({name: value for name, _, value in pairs})
    return fields


def create(scope: Scope, name: str, path: Path, zipped: bytes, options: Mapping[str, Any]) -> FunctionVersion:
    defaults = {
        name: field.initial for name, field in ConfigurationForm.base_fields.items() if field.initial is not None
    }
    form = CreateFunctionForm(
        {**defaults, **_guesses(path), **given(options), "name": name, "publish": options["publish"]}
    )
    checked(form)
    return create_function(scope, form.draft(store(zipped)))


def update(scope: Scope, latest: FunctionVersion, zipped: bytes, options: Mapping[str, Any]) -> FunctionVersion:
    name = latest.function.name
    form = ConfigurationForm({**ConfigurationForm.initial_of(latest), **given(options)})
    checked(form)
    latest = settled(scope, name)
    if given(options):
        update_configuration(scope, name, form.changes())
        settled(scope, name)
    changed = update_code(scope, name, store(zipped))
    if not options["publish"]:
        return changed
    settled(scope, name)
    return publish_version(scope, name)


def arn_of(made: FunctionVersion) -> str:
    return made.function.arn(None if made.version == "$LATEST" else made.version)


def _guesses(path: Path) -> dict[str, str]:
    found = guess(_texts(path))
    if found is None:
        return {"runtime": _python_here(), "handler": "app.handler"}
    return {"runtime": _runtime(found.kind), "handler": found.handler}


def _texts(path: Path) -> dict[str, str]:
    """The files that a guess is made from; what cannot be read says something by its name."""
    if path.is_dir():
        files = [path / name for name in candidates() if (path / name).is_file()]
    else:
        files = [] if path.suffix == ".zip" else [path]
    return {file.name: file.read_text(errors="replace") for file in files}


def _runtime(kind: str) -> str:
    if kind == "python":
        return _python_here()
    if kind == "nodejs":
        return [name for name in supported() if name.startswith("nodejs")][-1]
    return _CUSTOM


def _python_here() -> str:
    here = f"python3.{sys.version_info.minor}"
    return here if here in supported() else "python3.12"
