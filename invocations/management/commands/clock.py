"""Read and steer product time from a shell."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.db import OperationalError, ProgrammingError

from invocations.decisions.product_time import FROZEN, REAL, SCALED, BadSteering, span_seconds
from invocations.errors import LambdaplayError
from invocations.flows.clock import ClockReading, advance, set_mode, state, step
from invocations.forms import refusal_sentence
from invocations.management.refusing import HelpfulCommand, Refused

ACTIONS = ("show", "real", "scale", "freeze", "advance", "next")


class Command(HelpfulCommand):
    help = (
        "The product clock. Without an argument: show it. `real`, `scale 60` (sixty times as fast), `freeze`, "
        "`advance 90` or `advance 1h30m`, `next` (to where the next wait ends). A running server follows within a "
        "second. Exit code 2: refused."
    )
    examples = ("clock", "clock advance 1h30m", "clock next", "clock scale 60", "clock freeze", "clock real --json")

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", nargs="?", default="show", choices=ACTIONS)
        parser.add_argument("value", nargs="?", help="of scale: the factor; of advance: seconds, or 1h30m")
        parser.add_argument("--json", action="store_true", help="print what /_lambdaplay/clock answers")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            reading = _act(options["action"], options["value"])
        except BadSteering as trouble:
            raise Refused(str(trouble)) from trouble
        except LambdaplayError as trouble:
            raise Refused(refusal_sentence(trouble)) from trouble
        except (OperationalError, ProgrammingError) as trouble:
            raise Refused(f"The database cannot be used ({trouble}). `manage.py up` prepares it.") from trouble
        self.stdout.write(json.dumps(_document(reading)) if options["json"] else sentence(reading))


def _act(action: str, value: str | None) -> ClockReading:
    if action in ("scale", "advance"):
        if value is None:
            raise BadSteering(f"`clock {action}` takes a {'factor' if action == 'scale' else 'span of time'}.")
        return set_mode(SCALED, _factor(value)) if action == "scale" else advance(span_seconds(value))
    if value is not None:
        raise BadSteering(f"`clock {action}` takes no value.")
    if action == "show":
        return state()
    if action == "next":
        reading = step()
        if reading is None:
            raise BadSteering("Nothing waits on the clock: there is nothing to step to.")
        return reading
    return set_mode({"real": REAL, "freeze": FROZEN}[action])


def _factor(text: str) -> float:
    try:
        return float(text.removeprefix("x"))
    except ValueError:
        raise BadSteering(f"{text!r} is no factor; it is a number, for example 60.") from None


def _document(reading: ClockReading) -> dict[str, Any]:
    return {
        "mode": reading.mode,
        "factor": reading.factor,
        "now": reading.now.isoformat(),
        "offset_seconds": reading.offset_seconds,
    }


def sentence(reading: ClockReading) -> str:
    mode = f"scaled x{reading.factor:g}" if reading.mode == SCALED else reading.mode
    return (
        f"{reading.now:%Y-%m-%d %H:%M:%S} UTC, {mode}, {reading.offset_seconds:+.3f} s from real time "
        f"({reading.real:%Y-%m-%d %H:%M:%S} UTC)"
    )
