"""Whole stretches of the asynchronous path: what a search by single steps seldom puts together."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from invocations.models import Delivery
from tests.events.machine import MESSAGES, STEPS, EventMachine
from tests.events.world import world


class StretchMachine(EventMachine):
    """The same machine, with rules that take several of its steps at once."""

    @precondition(lambda self: world.broker)
    @rule(dies_at=st.sampled_from(["", "", "", "", "event.claimed", "attempt.written"]))
    def an_event_begins(self, dies_at: str) -> None:
        """Accepted, and run at once: by its message, or in passing where it has none."""
        self.accept_one("")
        request_id = list(self.events)[-1]
        if ("run", request_id) in world.messages:
            self.a_message_arrives(world.messages.index(("run", request_id)), False, dies_at)
        else:
            self._leases_last()
            self._run(request_id, dies_at)

    @precondition(lambda self: bool(self.runs))
    @rule(which=MESSAGES)
    def a_paused_runner_is_overtaken(self, which: int) -> None:
        """It is taken for dead, and another runs the event while it still does."""
        _, request_id, claim = self.runs[which % len(self.runs)]
        if self._is_mine(request_id, claim):
            self._lapse(request_id)
            self.a_sweep()
            self._run(request_id, "")

    @precondition(lambda self: bool(self.runs))
    @rule(
        which=MESSAGES,
        order=st.sampled_from(["success", "error", "error", "throttle"]),
        dies_at=st.sampled_from(["", "", "", "event.ended"]),
        seconds=STEPS,
    )
    def a_function_ends_and_what_follows(self, which: int, order: str, dies_at: str, seconds: int) -> None:
        """Its record is under way, or its next attempt."""
        self.a_function_ends(which, order, dies_at)
        self.rows_and_model_agree()
        self.time_passes(seconds)
        self.a_sweep()
        while world.messages:
            self.a_message_arrives(0, False, "")

    @precondition(lambda self: world.broker)
    @rule(
        order=st.sampled_from(["success", "error"]),
        answers=st.lists(st.sampled_from(["take", "refuse", "refuse", "overtaken", "overtaken"]), max_size=3),
    )
    def an_event_is_told(self, order: str, answers: list[str]) -> None:
        """From its acceptance to its target, which may be a slow one."""
        began = len(self.runs)
        self.an_event_begins("")
        if len(self.runs) == began:
            return
        _, request_id, claim = self.runs[-1]
        self.a_function_ends(self._place(request_id, claim), order, "")
        for answer in answers:
            self._send_to_target(request_id)
            mine = [place for place, (_, key, _) in enumerate(self.sends) if key.startswith(request_id)]
            if mine and answer == "overtaken":
                self.a_paused_sender_is_overtaken(mine[0])
                self.a_target_answers(mine[0], "refuse", "")
            elif mine:
                self.a_target_answers(mine[-1], answer, "")
            self.rows_and_model_agree()

    def _send_to_target(self, request_id: str) -> None:
        row = Delivery.objects.filter(invocation__request_id=request_id, state="PENDING").first()
        if row is None:
            return
        self.time_passes(max(0, int((row.due_at - world.now).total_seconds()) + 1))
        self._deliver(row.pk, "")

    @precondition(lambda self: bool(self.runs))
    @rule(which=MESSAGES, retries=st.sampled_from([1, 2]), order=st.sampled_from(["error", "throttle"]))
    def a_function_fails_again_and_again(self, which: int, retries: int, order: str) -> None:
        """With time enough between; whoever else was due is left to other rules."""
        _, request_id, claim = self.runs[which % len(self.runs)]
        for _ in range(retries):
            self.a_function_ends(self._place(request_id, claim), order, "")
            self.rows_and_model_agree()
            event = self.events[request_id]
            if event.state != "QUEUED" or event.due is None:
                return
            if event.due > world.now:
                self._run(request_id, "")  # a message that comes too early
                self.rows_and_model_agree()
            self.time_passes(int((event.due - world.now).total_seconds()) + 1)
            self._run(request_id, "")
            if event.state != "RUNNING":
                return
            claim = event.claim

    @precondition(lambda self: bool(self.sends))
    @rule(which=MESSAGES)
    def a_paused_sender_is_overtaken(self, which: int) -> None:
        _, key, _ = self.sends[which % len(self.sends)]
        self.senders_are_taken_for_dead()
        self._deliver(Delivery.objects.get(key=key).pk, "")

    def _place(self, request_id: str, claim: int) -> int:
        return [run[1:] for run in self.runs].index((request_id, claim))
