from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from lambdaplay.supervisor.claim import Refused
from lambdaplay.supervisor.up import up


class Command(BaseCommand):
    help = "Start everything: broker, companion, environment host, web, workers and beat, as one tree."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            code = up()
        except Refused as refusal:
            raise CommandError(str(refusal)) from None
        sys.exit(code)
