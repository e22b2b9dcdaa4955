from __future__ import annotations

import random
import shutil
import signal
import sys
import tempfile
from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from lambdaplay.chaos import sources, storm
from lambdaplay.chaos.house import House


class Command(BaseCommand):
    help = (
        "Prove on this machine that nothing accepted is lost: start a house of its own, send events into it while its "
        "processes are killed at random, and count what came of them; with --messages or --records, the same with "
        "queues and a stream that are mapped to a function. Your own house and its data are not touched."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--events", type=int, help="asynchronous ones (default: 1000, with a source 0)")
        parser.add_argument("--messages", type=int, default=0, help="through SQS, half of them through a FIFO queue")
        parser.add_argument("--records", type=int, default=0, help="through a Kinesis stream of four shards")
        parser.add_argument("--kills", type=int, help="default: 40, of sources 20")
        parser.add_argument("--seed", type=int, help="repeat a storm")
        parser.add_argument("--database", help="a DATABASE_URL of an empty database (default: SQLite)")
        parser.add_argument("--broker", help="a CELERY_BROKER_URL (default: the embedded broker)")

    def handle(self, *args: Any, **options: Any) -> None:
        seed = random.SystemRandom().randrange(1_000_000) if options["seed"] is None else options["seed"]
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the house is stopped on the way out
        place = Path(tempfile.mkdtemp(prefix="lpc-"))
        house = House(place, database=options["database"], broker=options["broker"])
        try:
            house.start()
            broken = self._rage(house, seed, options)
        finally:
            house.stop()
        if broken:
            self.stdout.write(f"What is left of the house: {place}")
            sys.exit(1)
        shutil.rmtree(place, ignore_errors=True)

    def _rage(self, house: House, seed: int, options: dict[str, Any]) -> bool:
        """The storms that were asked for, one after the other; whether one of them broke something."""
        messages, records, kills = options["messages"], options["records"], options["kills"]
        events = options["events"]
        if events is None:
            events = 0 if messages or records else 1000
        broken, say = False, self.stdout.write
        if messages or records:
            fallen = 20 if kills is None else kills
            found = sources.rage(house, messages=messages, records=records, kills=fallen, seed=seed, say=say)
            say(_source_table(found))
            broken = found.broken
        if events:
            outcome = storm.rage(house, events=events, kills=40 if kills is None else kills, seed=seed, say=say)
            say(_table(outcome))
            broken = broken or outcome.broken
        return broken


def _source_table(outcome: sources.Outcome) -> str:
    verdict = outcome.verdict
    ends = ", ".join(f"{count} {name}" for name, count in outcome.outcomes.most_common())
    rows = [
        ("messages", outcome.messages, "accepted, half of them by a FIFO queue"),
        ("records", outcome.records, f"accepted, in {sources.SHARDS} shards"),
        ("sent again", outcome.resent, "requests whose answer never came"),
        ("kill -9", outcome.kills.total(), _kills(outcome.kills)),
        ("unprocessed", len(verdict.unprocessed), "accepted, and no call had it"),
        ("out of order", len(verdict.out_of_order), "had before the one in front of it under the same key"),
        ("left behind", outcome.left, "messages still in their queue"),
        ("unrecorded", len(verdict.unrecorded), "accepted, and no batch's row says that it was done"),
        ("recorded twice", len(verdict.recorded_twice), "done by the rows of two batches"),
        ("wrongly recorded", len(verdict.wrongly_recorded), "done by a row, and no call had it"),
        ("processed again", verdict.again, "after an error, or a worker's death"),
        ("batches", outcome.outcomes.total(), ends),
    ]
    return _lines(rows, outcome.seconds, outcome.seed)


def _table(outcome: storm.Outcome) -> str:
    rows = [
        ("accepted", len(outcome.accepted), f"{outcome.refused} refused with an error to the caller"),
        ("kill -9", outcome.kills.total(), _kills(outcome.kills)),
        ("lost", len(outcome.lost), "accepted, and nobody knows of it"),
        ("stuck", len(outcome.stuck), "never came to an end"),
        ("wrongly recorded", len(outcome.wrongly_recorded), "recorded as succeeded, but never ran"),
        ("undelivered", len(outcome.undelivered), "ended, and its destination was not told"),
        ("attempts cut short", outcome.cut_short, "their runner died; each is shown"),
        ("ran again", outcome.ran_again, "after an attempt that was cut short"),
        ("told again", outcome.told_again, "a destination got the same record twice"),
    ]
    return _lines(rows, outcome.seconds, outcome.seed)


def _kills(kills: Counter[str]) -> str:
    return ", ".join(f"{count} {name.removeprefix('lp-')}" for name, count in sorted(kills.items()))


def _lines(rows: list[tuple[str, int, str]], seconds: float, seed: int) -> str:
    lines = [f"{name:<20}{count:>7}  {meaning}" for name, count, meaning in rows]
    return "\n".join([*lines, f"{seconds:.0f} s, seed {seed}"])
