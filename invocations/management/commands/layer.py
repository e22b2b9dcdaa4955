"""Layers from a shell: published from a folder or a zip, listed, deleted, put under a function."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from invocations.flows import layers
from invocations.flows.functions import ConfigurationChanges, update_configuration
from invocations.flows.layers import LayerDraft
from invocations.flows.pages import everything
from invocations.forms.layers import LayerForm
from invocations.forms.settling import settled
from invocations.management.refusing import Refused, RefusingCommand, checked
from invocations.models import LayerVersion
from invocations.runtime.code import from_folder, store
from invocations.values import Scope


class Command(RefusingCommand):
    help = "Layers: publish a folder or a .zip (seen below /opt), list, delete a version, choose those of a function."

    examples = (
        "layer publish tools ./tools --runtime python3.12 --runtime python3.13",
        "layer list",
        "layer list tools --json",
        "layer use orders arn:aws:lambda:us-east-1:000000000000:layer:tools:1",
        "layer delete tools 1",
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        verbs = parser.add_subparsers(dest="verb", required=True)
        publish = verbs.add_parser("publish", help="make the layer's next version; prints its ARN")
        publish.add_argument("name")
        publish.add_argument("path", help="a folder or a .zip, for example with python/ in it")
        publish.add_argument("--runtime", dest="runtimes", action="append", default=[], help="it is for this runtime")
        publish.add_argument("--architecture", dest="architectures", action="append", default=[])
        publish.add_argument("--description", default="")
        publish.add_argument("--license", dest="license_info", default="")
        listing = verbs.add_parser("list", help="the newest version of each layer, or all versions of one")
        listing.add_argument("name", nargs="?")
        listing.add_argument("--json", action="store_true", help="one JSON array")
        delete = verbs.add_parser("delete", help="delete a version; functions that have it keep it")
        delete.add_argument("name")
        delete.add_argument("version", type=int)
        use = verbs.add_parser(
            "use", help="the layers of a function from now on, later ones over earlier; none: no more"
        )
        use.add_argument("function")
        use.add_argument("arns", nargs="*", metavar="ARN", help="of a layer's version")

    def work(self, scope: Scope, options: dict[str, Any]) -> None:
        getattr(self, f"_{options['verb']}")(scope, options)

    def _publish(self, scope: Scope, options: dict[str, Any]) -> None:
        form = LayerForm({name: options[name] for name in LayerForm.base_fields})
        checked(form)
        given = form.cleaned_data
        draft = LayerDraft(
            store(_package(Path(options["path"]))),
            description=given["description"],
            runtimes=given["runtimes"] or None,
            architectures=given["architectures"] or None,
            license_info=given["license_info"] or None,
        )
        self.stdout.write(layers.publish(scope, given["name"], draft).arn)

    def _list(self, scope: Scope, options: dict[str, Any]) -> None:
        name = options["name"]
        rows = everything(
            lambda marker: (
                layers.list_layers(scope, None, None, marker, None)
                if name is None
                else layers.list_versions(scope, name, None, None, marker, None)
            )
        )
        if options["json"]:
            self.stdout.write(json.dumps([_document(row) for row in rows]))
            return
        if not rows:
            self.stdout.write("No layers. `manage.py layer publish NAME PATH` makes one.")
        for row in rows:
            self.stdout.write(f"{row.arn}  {row.code_size:,} bytes  {row.description}".rstrip())

    def _delete(self, scope: Scope, options: dict[str, Any]) -> None:
        layers.delete(scope, options["name"], options["version"])
        self.stdout.write(f"Version {options['version']} of {options['name']} is not there any more.")

    def _use(self, scope: Scope, options: dict[str, Any]) -> None:
        settled(scope, options["function"])
        changes = ConfigurationChanges(layers=tuple(options["arns"]))
        row = update_configuration(scope, options["function"], changes)
        settled(scope, options["function"])
        count = len(options["arns"])
        self.stdout.write(f"{row.function.name} has {count or 'no'} layer{'' if count == 1 else 's'}.")


def _package(path: Path) -> bytes:
    try:
        return from_folder(path) if path.is_dir() else path.read_bytes()
    except OSError as error:
        raise Refused(f"The layer's files cannot be read: {error}.") from error


def _document(row: LayerVersion) -> dict[str, Any]:
    return {
        "arn": row.arn,
        "version": row.version,
        "description": row.description,
        "runtimes": row.runtimes,
        "architectures": row.architectures,
        "bytes": row.code_size,
    }
