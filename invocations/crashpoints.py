"""Named points between a commit and what follows from it, where a test lets the process die.

Nothing is armed in production, and nothing in the environment can arm: a point costs one look into an empty
dictionary. `POINTS` is the whole list; tests/events/test_crashpoints.py dies at each of them and mends what is left.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

POINTS: Mapping[str, str] = {
    "event.accepting": "its row is written and not committed",
    "event.accepted": "it is committed, and no message was sent",
    "event.told": "its message was sent, and the sender has not heard 202",
    "event.claimed": "inside the transaction: it is taken, and no attempt is written",
    "attempt.written": "the attempt is written, and the function not started",
    "attempt.ran": "the function has ended, and nothing says how",
    "event.ending": "inside the transaction: its end is written, what it owes is not",
    "event.ended": "its end and its deliveries are committed, and nobody was told",
    "event.waiting": "its next attempt is committed, and nobody was told",
    "event.telling": "a message is noted as sent, and it was not",
    "runner.releasing": "inside the transaction: a dead runner's event is free, its attempt has no end yet",
    "parcel.posted": "it is committed with what caused it, and neither sent nor told of",
    "delivery.telling": "a message is noted as sent, and it was not",
    "delivery.claimed": "its try is counted, and nothing was sent",
    "delivery.sent": "the target has it, and the row does not say so",
    "delivery.failed": "the target refused it, and its next try is not written",
}

_armed: dict[str, Callable[[], object]] = {}


def crashpoint(name: str) -> None:
    """Die here if a test has asked for it."""
    if _armed and name in _armed:
        _armed[name]()


def arm(name: str, die: Callable[[], object]) -> None:
    """Call `die` whenever this point is reached. For tests."""
    if name not in POINTS:
        raise KeyError(f"There is no crash point {name!r}.")
    _armed[name] = die


def disarm() -> None:
    """Die nowhere any more."""
    _armed.clear()
