from __future__ import annotations

import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from lambdaplay.supervisor.claim import Refused
from lambdaplay.supervisor.up import up


class Command(BaseCommand):
    help = "Start everything: broker, companion, environment host, web, workers and beat, as one tree."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--no-companion",
            action="store_true",
            help="without S3, DynamoDB and the other services of the companion, as LAMBDAPLAY_COMPANION=none",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["no_companion"]:
            settings.LAMBDAPLAY_COMPANION = "none"  # the parts are forks of this process
        try:
            code = up()
        except Refused as refusal:
            raise CommandError(str(refusal)) from None
        sys.exit(code)
