"""What the commands share: refusals as sentences with exit code 2, and where functions are looked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser, DjangoHelpFormatter
from django.db import OperationalError, ProgrammingError
from django.forms import Form

from invocations.errors import LambdaplayError
from invocations.forms import form_sentence, refusal_sentence
from invocations.values import Scope

EXAMPLES = "Examples:"


class Refused(CommandError):
    """Ends a command with its sentence on stderr and exit code 2."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence, returncode=2)


class _Help(DjangoHelpFormatter):
    """Folds the description, and leaves the lines of the examples as they are."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        if text.startswith(EXAMPLES):
            return "".join(indent + line for line in text.splitlines(keepends=True))
        return super()._fill_text(text, width, indent)


class HelpfulCommand(BaseCommand):
    """A command whose --help ends with examples, each a line to be typed after `manage.py`."""

    requires_system_checks: list[str] = []
    examples: Sequence[str] = ()

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        if self.examples:
            lines = "".join(f"  manage.py {line}\n" for line in self.examples)
            kwargs |= {"epilog": f"{EXAMPLES}\n{lines}", "formatter_class": _Help}
        return super().create_parser(prog_name, subcommand, **kwargs)


class RefusingCommand(HelpfulCommand):
    """A command about functions: `work` does it, refusals of any floor become sentences."""

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
