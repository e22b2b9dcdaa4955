"""`python -m bench`: measure, print the table, write the JSON."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from bench import report
from bench.goals import Result
from bench.rows import boto, cold, control, events, fronts, history, mappings, queues, recovery, tree, warm, web
from bench.workshop import ROOT, Absent, Workshop

GROUPS: dict[str, ModuleType] = {
    "web": web,
    "boto": boto,
    "control": control,
    "events": events,
    "fronts": fronts,
    "queues": queues,
    "mappings": mappings,
    "history": history,
    "warm": warm,
    "cold": cold,
    "recovery": recovery,
    "tree": tree,
}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", action="append", choices=sorted(GROUPS), help="may be given more than once")
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds behind each median (default 5)")
    parser.add_argument("--seconds", type=float, default=2.0, help="how long a side is called in a round (default 2)")
    parser.add_argument("--quick", action="store_true", help="one short round: does it work?")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lambdaplay-bench"
    parser.add_argument("--cache", type=Path, default=cache, help="where peers stay installed (default %(default)s)")
    return parser.parse_args()


def main() -> int:
    options = _arguments()
    if options.quick:
        options.rounds, options.seconds = 1, 0.3
    place = Path(os.environ.get("LAMBDAPLAY_HOME") or ROOT / "var") / "bench.json"
    _forget_configuration()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    results: list[Result] = []
    print(report.head(), flush=True)
    with Workshop(options.rounds, options.seconds, options.cache.absolute()) as shop:
        for name in options.only or GROUPS:
            for result in _measured(GROUPS[name], shop):
                results.append(result)
                print(report.line(result), flush=True)
    report.write(place, report.document(results, options.rounds, options.seconds))
    print(f"\nWritten to {place}")
    return 1 if any(result.verdict == "miss" for result in results) else 0


def _measured(group: ModuleType, shop: Workshop) -> Iterator[Result]:
    """The group's results; what breaks in the middle leaves the rest of its figures absent, with the reason."""
    left = {figure.key: figure for figure in group.FIGURES}
    try:
        for result in group.measure(shop):
            left.pop(result.figure.key)
            yield result
    except Exception as error:
        if not isinstance(error, Absent):
            traceback.print_exc()
        for figure in left.values():
            yield Result(figure, None, note=f"{type(error).__name__}: {error}")


def _forget_configuration() -> None:
    """Everything runs on state folders of the bench's own, with default settings."""
    for name in list(os.environ):
        if name.startswith(("LAMBDAPLAY_", "AWS_", "CELERY_", "DATABASE_URL", "DJANGO_")):
            del os.environ[name]


if __name__ == "__main__":
    sys.exit(main())
