from __future__ import annotations

import random
import shutil
import sys
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from lambdaplay.chaos.house import House
from lambdaplay.chaos.storm import Outcome, rage


class Command(BaseCommand):
    help = (
        "Prove on this machine that nothing accepted is lost: start a house of its own, send events into it while its "
        "processes are killed at random, and count what came of them. Your own house and its data are not touched."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--events", type=int, default=1000)
        parser.add_argument("--kills", type=int, default=40)
        parser.add_argument("--seed", type=int, help="repeat a storm")
        parser.add_argument("--database", help="a DATABASE_URL of an empty database (default: SQLite)")
        parser.add_argument("--broker", help="a CELERY_BROKER_URL (default: the embedded broker)")

    def handle(self, *args: Any, **options: Any) -> None:
        seed = random.SystemRandom().randrange(1_000_000) if options["seed"] is None else options["seed"]
        place = Path(tempfile.mkdtemp(prefix="lpc-"))
        house = House(place, database=options["database"], broker=options["broker"])
        try:
            house.start()
            outcome = rage(house, events=options["events"], kills=options["kills"], seed=seed, say=self.stdout.write)
        finally:
            house.stop()
        self.stdout.write(_table(outcome))
        if outcome.broken:
            self.stdout.write(f"What is left of the house: {place}")
            sys.exit(1)
        shutil.rmtree(place, ignore_errors=True)


def _table(outcome: Outcome) -> str:
    kills = ", ".join(f"{count} {name.removeprefix('lp-')}" for name, count in sorted(outcome.kills.items()))
    rows = [
        ("accepted", len(outcome.accepted), f"{outcome.refused} refused with an error to the caller"),
        ("kill -9", outcome.kills.total(), kills),
        ("lost", len(outcome.lost), "accepted, and nobody knows of it"),
        ("stuck", len(outcome.stuck), "never came to an end"),
        ("wrongly recorded", len(outcome.wrongly_recorded), "recorded as succeeded, but never ran"),
        ("undelivered", len(outcome.undelivered), "ended, and its destination was not told"),
        ("attempts cut short", outcome.cut_short, "their runner died; each is shown"),
        ("ran again", outcome.ran_again, "after an attempt that was cut short"),
        ("told again", outcome.told_again, "a destination got the same record twice"),
    ]
    lines = [f"{name:<20}{count:>7}  {meaning}" for name, count, meaning in rows]
    return "\n".join([*lines, f"{outcome.seconds:.0f} s, seed {outcome.seed}"])
