from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from invocations.flows.examples import seed


class Command(BaseCommand):
    help = "Create the example functions that do not exist. `up` does it once, on the first run."

    def handle(self, *args: Any, **options: Any) -> None:
        for name, made in seed():
            if options["verbosity"] > 0:
                self.stdout.write(f"{name}: {'created' if made else 'exists already, left alone'}")
