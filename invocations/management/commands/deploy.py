"""Make a function what its code is now: created, changed or left alone. With --watch again after every change."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from invocations.errors import LambdaplayError
from invocations.forms import ConfigurationForm, refusal_sentence
from invocations.forms.settling import settled
from invocations.management import making
from invocations.management.refusing import Refused, RefusingCommand
from invocations.models import FunctionVersion
from invocations.runtime.archive import state_of
from invocations.values import Scope

LOOK_SECONDS = 0.3


class Command(RefusingCommand):
    help = (
        "Make a function what its code is now: it is created when it is not there, changed when code or settings "
        "differ, and left alone otherwise. With --watch again after every change, until Ctrl-C."
    )
    examples = (
        "deploy ./orders",
        "deploy ./orders --watch",
        "deploy app.py --name orders --timeout 30 --variable STAGE=test",
        "deploy build/orders.zip --runtime nodejs22.x --handler index.handler --publish",
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("path", nargs="?", default=".", help="a folder, a source file or a .zip; default: here")
        parser.add_argument("--name", help="default: the folder's or file's own name")
        making.add_settings(parser)
        parser.add_argument("--watch", action="store_true", help="go on: deploy again whenever the code changes")

    def work(self, scope: Scope, options: dict[str, Any]) -> None:
        path = Path(options["path"])
        name = options["name"] or _name(path.resolve())
        seen = state_of(path)
        self._deploy(scope, name, path, options)
        if not options["watch"]:
            return
        self.stdout.write(f"Watching {path} for changes. Ctrl-C ends it.")
        try:
            self._watch(scope, name, path, seen, options)
        except KeyboardInterrupt:
            return

    def _watch(self, scope: Scope, name: str, path: Path, seen: frozenset[object], options: dict[str, Any]) -> None:
        for _ in pauses():
            now = state_of(path)
            if now == seen:
                continue
            seen = now
            try:
                self._deploy(scope, name, path, options)
            except Refused as refusal:  # a file that is just being saved, or a mistake: the next change may mend it
                self.stderr.write(str(refusal))
            except LambdaplayError as error:
                self.stderr.write(refusal_sentence(error))

    def _deploy(self, scope: Scope, name: str, path: Path, options: dict[str, Any]) -> None:
        zipped = making.package(path)
        existing = making.existing(scope, name)
        if existing is None:
            word, made = "Created", making.create(scope, name, path, zipped, options)
        elif _is_same(existing, zipped, options):
            word, made = "Unchanged", existing
        else:
            word, made = "Changed", making.update(scope, existing, zipped, options)
        settled(scope, name)
        self.stdout.write(f"{word}: {making.arn_of(made)}")
        self.stdout.flush()


def pauses() -> Iterator[None]:
    """Between two looks at the files."""
    while True:
        time.sleep(LOOK_SECONDS)
        yield


def _name(path: Path) -> str:
    return path.name if path.is_dir() else path.stem


def _is_same(latest: FunctionVersion, zipped: bytes, options: dict[str, Any]) -> bool:
    """Equal content gives equal bytes, so the checksum tells. Publishing is asked for even so."""
    before = ConfigurationForm.initial_of(latest)
    changed = {field for field, value in making.given(options).items() if value != before[field]}
    return not changed and not options["publish"] and latest.code_sha256 == hashlib.sha256(zipped).hexdigest()
