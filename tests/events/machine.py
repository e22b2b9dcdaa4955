"""The asynchronous path under a Hypothesis state machine: real flows and rows, and a model beside them.

Everything that a worker, a broker, an operator or a clock can do is a rule; after each of them rows and model must say
the same, and at the end everything that was accepted must come to its end.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import Any

from django.db.models import F
from django.db.models.functions import Now
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from invocations.flows import deliver, leases, recover, run_event, waiting
from invocations.flows.accept import accept
from invocations.models import Attempt, Delivery, EventInvokeConfig, Function, Invocation, async_states
from invocations.values import InvokeRequest
from tests.events.actors import Actor
from tests.events.conftest import CALLER
from tests.events.model import FAILURE, SUCCESS, ModelEvent, Policy
from tests.events.world import START, world

STEPS = st.sampled_from([1, 2, 30, 59, 61, 121, 300, 3600, 6 * 3600])
MESSAGES = st.integers(0, 30)  # which of the messages, of the workers ...: counted round
DAYS = timedelta(days=1)


class EventMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.events: dict[str, ModelEvent] = {}
        self.runs: list[tuple[Actor, str, int]] = []  # parked in the function: (actor, request id, claim)
        self.sends: list[tuple[Actor, str, int]] = []  # parked in a destination: (actor, key, try)
        self.stopped: set[tuple[str, int]] = set()  # overtaken claims whose runner was told: (request id, claim)
        self.policy = Policy()
        self.copies: dict[str, int] = defaultdict(int)
        self.ended: dict[str, tuple[str, str, Any]] = {}

    @initialize()
    def begin(self) -> None:
        world.begin()
        Delivery.objects.all().delete()
        Invocation.objects.all().delete()
        EventInvokeConfig.objects.all().delete()
        leases._held.clear()
        self._configure()

    # --- senders ------------------------------------------------------------------------------------------------------

    @rule(dies_at=st.sampled_from(["", "", "", "event.accepting", "event.accepted"]))
    def accept_one(self, dies_at: str) -> None:
        number = f"{len(self.events):08d}-0000-4000-8000-{len(self.ended):012d}"
        request = InvokeRequest(CALLER, "fn", b"{}", invocation_type="Event", request_id=number)
        actor = Actor(lambda: accept(request), dies_at)
        _raise(actor)
        if dies_at != "event.accepting":
            self.events[number] = ModelEvent(world.now, world.now)

    # --- workers ------------------------------------------------------------------------------------------------------

    @precondition(lambda self: bool(world.messages))
    @rule(which=MESSAGES, kept=st.booleans(), dies_at=st.sampled_from(["", "", "", "event.claimed", "attempt.written"]))
    def a_message_arrives(self, which: int, kept: bool, dies_at: str) -> None:
        """Perhaps for the second time; perhaps its worker dies of it."""
        place = which % len(world.messages)
        kind, what = world.messages[place] if kept else world.messages.pop(place)
        self._leases_last()
        if kind == "run":
            self._run(what, dies_at)
        else:
            self._deliver(what, "delivery.claimed" if dies_at else "")

    @precondition(lambda self: bool(world.messages))
    @rule(which=MESSAGES)
    def a_message_is_lost(self, which: int) -> None:
        world.messages.pop(which % len(world.messages))

    @precondition(lambda self: bool(self.runs))
    @rule(
        which=MESSAGES,
        order=st.sampled_from(["success", "error", "error", "throttle", "die"]),
        dies_at=st.sampled_from(["", "", "", "attempt.ran", "event.ending", "event.ended", "event.waiting"]),
    )
    def a_function_ends(self, which: int, order: str, dies_at: str) -> None:
        actor, request_id, claim = self.runs.pop(which % len(self.runs))
        event = self.events[request_id]
        if order in ("die", "throttle"):
            dies_at = ""
        actor.go_on(order, dies_at)
        assert dies_at != "attempt.ran" or actor.killed
        if order == "throttle":
            event.throttled(claim, world.now, self.policy)
        elif order != "die" and not (actor.killed and dies_at in ("attempt.ran", "event.ending")):
            event.finished(claim, {"success": "Success", "error": "FunctionError"}[order], world.now, self.policy)

    @precondition(lambda self: bool(self.sends))
    @rule(
        which=MESSAGES,
        order=st.sampled_from(["take", "take", "refuse", "refuse", "die"]),
        dies_at=st.sampled_from(["", "", "", "delivery.sent", "delivery.failed"]),
    )
    def a_target_answers(self, which: int, order: str, dies_at: str) -> None:
        actor, key, number = self.sends.pop(which % len(self.sends))
        owed = self.events[key.rpartition(":")[0]].owed
        assert owed is not None
        actor.go_on(order, dies_at)
        if order == "take":
            self.copies[key] += 1
        if actor.killed:
            return
        if order == "take":
            owed.took()
        else:
            owed.refused(number, world.now)

    @rule()
    def workers_renew_their_leases(self) -> None:
        world.stopped.clear()
        leases.renew_all()
        claims = {(request_id, claim) for _, request_id, claim in self.runs}
        mine = {one for one in claims if self._is_mine(*one)}
        for request_id, _ in mine:
            self.events[request_id].lease_over = False
        overtaken = claims - mine - self.stopped
        assert world.stopped == overtaken, "overtaken ones, each told once"
        self.stopped |= overtaken

    @precondition(lambda self: any(event.state == "RUNNING" for event in self.events.values()))
    @rule(which=MESSAGES)
    def a_lease_runs_out(self, which: int) -> None:
        """Its worker is dead, or was paused: nobody can tell."""
        running = [one for one, event in self.events.items() if event.state == "RUNNING"]
        request_id = running[which % len(running)]
        self._lapse(request_id)

    @rule()
    def senders_are_taken_for_dead(self) -> None:
        Delivery.objects.exclude(lease_until=None).update(lease_until=START - DAYS)
        for event in self.events.values():
            if event.owed is not None:
                event.owed.sending = False

    # --- sweepers, clock, broker, operators ---------------------------------------------------------------------------

    @rule()
    def a_sweep(self) -> None:
        self._leases_last()
        recover.sweep()
        for event in self.events.values():
            if event.state == "RUNNING" and event.lease_over:
                event.runner_lost(world.now, self.policy)

    @precondition(lambda self: not world.broker)
    @rule()
    def a_worker_drains(self) -> None:
        """Without a broker the longest due event is run."""
        due = [(event.due, one) for one, event in self.events.items() if event.state == "QUEUED" and event.due]
        first = min(
            (pair for pair in due if pair[0] <= world.now), default=None, key=lambda pair: (pair[0], self._age(pair[1]))
        )
        actor = Actor(lambda: _drain_one())
        _raise(actor)
        if first is None:
            assert actor.parked is None
            return
        self._began(actor, first[1])

    @rule(seconds=STEPS)
    def time_passes(self, seconds: int) -> None:
        world.now += timedelta(seconds=seconds)
        world.real += timedelta(seconds=seconds)

    @rule(up=st.booleans())
    def the_broker_comes_or_goes(self, up: bool) -> None:
        world.broker = up
        world.messages = world.messages if up else []

    @rule(
        retries=st.sampled_from([0, 1, 2]),
        age=st.sampled_from([60, 150, 21_600]),
        zero=st.sampled_from([False, False, False, True]),
        told=st.sampled_from([(True, True), (True, True), (False, True), (False, False)]),
    )
    def the_owner_configures(self, retries: int, age: int, zero: bool, told: tuple[bool, bool]) -> None:
        self.policy = Policy(retries, age, zero, *told)
        self._configure()

    @precondition(lambda self: bool(self.events))
    @rule(which=MESSAGES)
    def an_operator_cancels(self, which: int) -> None:
        request_id, event = self._pick(which)
        done = waiting.cancel(request_id).done
        assert done == (event.state == "QUEUED")
        if done:
            event.end("Cancelled", world.now, self.policy)

    @precondition(lambda self: bool(self.events))
    @rule(which=MESSAGES)
    def an_operator_runs_now(self, which: int) -> None:
        request_id, event = self._pick(which)
        done = waiting.run_now(request_id).done
        assert done == (event.state == "QUEUED")
        if done:
            event.due = world.now

    @precondition(lambda self: any(event.owed for event in self.events.values()))
    @rule(which=MESSAGES)
    def an_operator_replays(self, which: int) -> None:
        owing = [(one, event.owed) for one, event in self.events.items() if event.owed is not None]
        request_id, owed = owing[which % len(owing)]
        assert deliver.replay(Delivery.objects.get(invocation__request_id=request_id).pk) == (
            owed.state == "FAILED" or (owed.state == "PENDING" and owed.due > world.now)
        )
        owed.replayed(world.now)

    # --- what must hold -----------------------------------------------------------------------------------------------

    @invariant()
    def rows_and_model_agree(self) -> None:
        rows = {row.request_id: row for row in Invocation.objects.all()}
        assert set(rows) == set(self.events), "what was accepted, and nothing else"
        attempts: dict[int, dict[int, str]] = defaultdict(dict)
        for pk, claim, outcome in Attempt.objects.values_list("invocation_id", "claim_no", "outcome"):
            attempts[pk][claim] = outcome
        deliveries = {row.invocation_id: row for row in Delivery.objects.all()}
        for request_id, event in self.events.items():
            row = rows[request_id]
            found = (row.state, row.condition, row.claim_no, row.failures, row.deferrals, row.lost, row.due_at)
            expected = (event.state, event.condition, event.claim, event.failures, event.deferrals, event.lost)
            assert found[:-1] == expected, (found, expected)
            if event.state == "QUEUED":
                assert row.due_at == event.due, (row.due_at, event.due)
            assert attempts[row.pk] == event.attempts
            self._check_delivery(event, deliveries.get(row.pk))
            self._check_the_end(request_id, row)

    def _check_delivery(self, event: ModelEvent, row: Delivery | None) -> None:
        owed = event.owed
        assert (row is None) == (owed is None)
        if row is None or owed is None:
            return
        assert (row.destination, row.state, row.tries) == (owed.target, owed.state, owed.tries)
        assert (row.lease_until is not None and row.lease_until > START) == owed.sending
        if owed.state == "PENDING":
            assert row.due_at == owed.due
        if owed.state == "SENT":
            assert self.copies[row.key] >= 1, "it says so, and the target has nothing"

    def _check_the_end(self, request_id: str, row: Invocation) -> None:
        """A terminal state is final."""
        if row.ended_at is not None:
            end = (row.state, row.condition, row.ended_at)
            assert self.ended.setdefault(request_id, end) == end
        else:
            assert request_id not in self.ended

    def teardown(self) -> None:
        """Whatever happened: with a little help of the sweepers everything comes to its end."""
        if not hasattr(self, "events") or self.failed:
            return
        for actor, *_ in [*self.runs, *self.sends]:
            actor.go_on("die")
        self.runs, self.sends = [], []
        world.broker, world.messages = True, []
        self.policy = Policy()
        self._configure()
        for _ in range(12):
            if all(event.settled for event in self.events.values()):
                break
            self._heal()
        for request_id, event in self.events.items():
            assert event.settled, (request_id, event)
        self.rows_and_model_agree()

    failed = False

    def check_invariants(self, *arguments: Any, **options: Any) -> None:
        """Hypothesis calls `teardown` after a failure too; then there is nothing more to be shown."""
        try:
            super().check_invariants(*arguments, **options)
        except BaseException:
            self.failed = True
            raise

    def _heal(self) -> None:
        self.time_passes(600)
        Invocation.objects.filter(state="RUNNING").update(lease_until=START - DAYS)
        for event in self.events.values():
            event.lease_over = event.state == "RUNNING"
        self.senders_are_taken_for_dead()
        for event in self.events.values():
            if event.owed is not None and event.owed.state == "FAILED":
                self._replay_all()
        self.a_sweep()
        while world.messages:
            self.a_message_arrives(0, False, "")
            while self.runs:
                self.a_function_ends(0, "success", "")
            while self.sends:
                self.a_target_answers(0, "take", "")

    def _replay_all(self) -> None:
        for row in Delivery.objects.filter(state="FAILED").select_related("invocation"):
            deliver.replay(row.pk)
            assert row.invocation is not None
            owed = self.events[row.invocation.request_id].owed
            assert owed is not None
            owed.replayed(world.now)

    def _lapse(self, request_id: str) -> None:
        Invocation.objects.filter(request_id=request_id).update(lease_until=START - DAYS)
        self.events[request_id].lease_over = True

    def _leases_last(self) -> None:
        """They run on the database's clock, which a slow machine lets go on: here only the rules end them."""
        for rows in (Invocation.objects.filter(state="RUNNING"), Delivery.objects.filter(state="PENDING")):
            rows.filter(lease_until__gt=START).update(lease_until=Now() + DAYS)

    # --- how ----------------------------------------------------------------------------------------------------------

    def _run(self, request_id: str, dies_at: str) -> None:
        actor = Actor(lambda: run_event.run(request_id, "worker"), dies_at)
        _raise(actor)
        self._began(actor, request_id)

    def _began(self, actor: Actor, request_id: str) -> None:
        event = self.events[request_id]
        if actor.killed and actor.dies_at == "event.claimed":
            return  # with its claim
        if not event.claims(world.now):
            assert actor.parked is None, "run though it was not due, or not free"
            return
        if event.stopped_at_the_gate(world.now, self.policy):
            assert actor.parked is None, "run though it must not be"
            return
        event.attempts[event.claim] = ""
        if actor.killed:
            return
        assert actor.parked == request_id, "due and free, and not run"
        self.runs.append((actor, request_id, event.claim))

    def _deliver(self, delivery_id: int, dies_at: str) -> None:
        row = Delivery.objects.select_related("invocation").get(pk=delivery_id)
        assert row.invocation is not None
        owed = self.events[row.invocation.request_id].owed
        assert owed is not None
        actor = Actor(lambda: deliver.run(delivery_id, "worker"), dies_at)
        _raise(actor)
        if not owed.starts(world.now):
            assert actor.parked is None, "sent though it was not due, or somebody was at it"
            return
        if not actor.killed:
            assert actor.parked == row.key
            self.sends.append((actor, row.key, owed.tries))

    def _is_mine(self, request_id: str, claim: int) -> bool:
        event = self.events[request_id]
        return event.state == "RUNNING" and event.claim == claim

    def _pick(self, which: int) -> tuple[str, ModelEvent]:
        names = list(self.events)
        name = names[which % len(names)]
        return name, self.events[name]

    def _age(self, request_id: str) -> int:
        return list(self.events).index(request_id)

    def _configure(self) -> None:
        policy, function = self.policy, Function.objects.get(name="fn")
        reserved = 0 if policy.reserved_zero else None
        Function.objects.update(reserved_concurrency=reserved, catalog_revision=F("catalog_revision") + 1)
        values = {
            "maximum_retry_attempts": policy.retries,
            "maximum_event_age_seconds": policy.age,
            "on_success": SUCCESS if policy.on_success else "",
            "on_failure": FAILURE if policy.on_failure else "",
            "last_modified": START,
        }
        EventInvokeConfig.objects.update_or_create(function=function, qualifier="$LATEST", defaults=values)


def _drain_one() -> None:
    """The event part of a drain; deliveries have rules of their own."""
    row = async_states.due(world.now).first()
    if row is not None:
        run_event.run(row.request_id, "drain")


def _raise(actor: Actor) -> None:
    if actor.failed is not None:
        raise actor.failed
