"""What should become of events, told a second time and without a database: the oracle of the state machine.

Written from AWS's page on asynchronous invocation, not from the code that it judges.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

SUCCESS, FAILURE = (f"arn:aws:tester:us-east-1:000000000000:{end}" for end in ("success", "failure"))
LOST_MAX = 5


@dataclass
class Policy:
    """The function's present configuration."""

    retries: int = 2
    age: int = 21_600
    reserved_zero: bool = False
    on_success: bool = True
    on_failure: bool = True


@dataclass
class Told:
    """A record that is owed."""

    target: str
    due: datetime
    give_up: datetime
    tries: int = 0
    spent: int = 0
    state: str = "PENDING"
    sending: bool = False  # somebody holds its lease
    copies: int = 0  # that its target has

    def starts(self, now: datetime) -> bool:
        if self.state != "PENDING" or self.sending or self.due > now:
            return False
        self.sending, self.tries = True, self.tries + 1
        return True

    def took(self) -> None:
        self.state, self.sending, self.copies = "SENT", False, self.copies + 1

    def refused(self, number: int, now: datetime) -> None:
        """By the sender of try `number`, who counts only while no other has begun."""
        if self.state != "PENDING" or self.tries != number:
            return
        self.sending = False
        if now >= self.give_up:
            self.state = "FAILED"
        else:
            wait = min(2 ** (number - self.spent - 1), 300)
            self.due = min(now + timedelta(seconds=wait), self.give_up)

    def replayed(self, now: datetime) -> None:
        if self.state == "FAILED":
            self.state, self.due, self.give_up = "PENDING", now, now + timedelta(hours=6)
            self.spent, self.sending = self.tries, False
        elif self.state == "PENDING" and self.due > now:
            self.due = now


@dataclass
class ModelEvent:
    accepted: datetime
    due: datetime | None
    state: str = "QUEUED"
    condition: str = ""
    claim: int = 0
    failures: int = 0
    deferrals: int = 0
    lost: int = 0
    attempts: dict[int, str] = field(default_factory=dict)  # outcome by claim
    lease_over: bool = False
    owed: Told | None = None

    @property
    def settled(self) -> bool:
        return self.state in ("SUCCEEDED", "FAILED") and (self.owed is None or self.owed.state == "SENT")

    def claims(self, now: datetime) -> bool:
        """Whether a runner that looks at it now gets it."""
        if self.state != "QUEUED" or self.due is None or self.due > now:
            return False
        self.state, self.claim, self.lease_over = "RUNNING", self.claim + 1, False
        return True

    def stopped_at_the_gate(self, now: datetime, policy: Policy) -> bool:
        if now - self.accepted > timedelta(seconds=policy.age):
            self.end("EventAgeExceeded", now, policy)
        elif policy.reserved_zero:
            self.end("ZeroReservedConcurrency", now, policy)
        return self.state != "RUNNING"

    def finished(self, claim: int, outcome: str, now: datetime, policy: Policy) -> None:
        """The runner that claimed it so has a result."""
        if not self._is(claim):
            self.attempts[claim] = "Fenced"
            return
        self.attempts[claim] = outcome
        if outcome == "Success":
            self.end("Success", now, policy)
            return
        self.failures += 1
        if self.failures > policy.retries:
            self.end("RetriesExhausted", now, policy)
            return
        due = now + timedelta(minutes=self.failures)
        if due - self.accepted > timedelta(seconds=policy.age):
            self.end("EventAgeExceeded", now, policy)
        else:
            self.state, self.due, self.deferrals = "QUEUED", due, 0

    def throttled(self, claim: int, now: datetime, policy: Policy) -> None:
        """It could not be run: no attempt was made."""
        if not self._is(claim):
            return
        del self.attempts[claim]
        limit = self.accepted + timedelta(seconds=policy.age)
        if now > limit:
            self.end("EventAgeExceeded", now, policy)
            return
        self.deferrals += 1
        wait = timedelta(seconds=min(300, 2 ** (self.deferrals - 1)))
        self.state, self.due = "QUEUED", min(now + wait, limit + timedelta(milliseconds=1))

    def runner_lost(self, now: datetime, policy: Policy) -> None:
        """Its lease ran out, and somebody saw it."""
        self.lost += 1
        if self.claim in self.attempts:
            self.attempts[self.claim] = "Lost"
        if self.lost >= LOST_MAX:
            self.end("RunnerLost", now, policy)
        else:
            self.state, self.due = "QUEUED", now

    def end(self, condition: str, now: datetime, policy: Policy) -> None:
        self.state = "SUCCEEDED" if condition == "Success" else "FAILED"
        self.condition, self.due = condition, None
        wanted = policy.on_success if condition == "Success" else policy.on_failure
        if wanted and condition != "Cancelled":
            target = SUCCESS if condition == "Success" else FAILURE
            self.owed = Told(target, now, now + timedelta(hours=6))

    def _is(self, claim: int) -> bool:
        return self.state == "RUNNING" and self.claim == claim
