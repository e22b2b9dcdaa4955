"""What the commands share: refusals as sentences with exit code 2, and where functions are looked for."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError, ProgrammingError
from django.forms import Form

from invocations.errors import LambdaplayError
from invocations.forms import form_sentence, refusal_sentence
from invocations.values import Scope


class Refused(CommandError):
    """Ends a command with its sentence on stderr and exit code 2."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence, returncode=2)


class RefusingCommand(BaseCommand):
    """A command about functions: `work` does it, refusals of any floor become sentences."""

    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--region", default=settings.LAMBDAPLAY_REGION, help="default: %(default)s")
        parser.add_argument("--account", default=settings.LAMBDAPLAY_ACCOUNT, help="default: %(default)s")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self.work(Scope(options["account"], options["region"]), options)
        except LambdaplayError as error:
            raise Refused(refusal_sentence(error)) from error
        except (OperationalError, ProgrammingError) as error:
            raise Refused(f"The database cannot be used ({error}). `manage.py up` prepares it.") from error

    def work(self, scope: Scope, options: dict[str, Any]) -> None:
        raise NotImplementedError


def checked(form: Form) -> None:
    """Raise Refused with what is wrong with the form, field by field."""
    if not form.is_valid():
        raise Refused(form_sentence(form, fields=True))
