"""Fails as often as the event says: `{"failures": 0.5}` fails every second time on average, `{"fail": true}` always."""

import random


class Unlucky(Exception):
    """Raised on purpose, to see what a failing function looks like from outside."""


def handler(event, context):
    chance = 1.0 if event.get("fail") else float(event.get("failures", 0.5))
    if random.random() < chance:
        raise Unlucky(f"failed on purpose (chance {chance:.0%})")
    return {"lucky": True, "chance_of_failure": chance}
