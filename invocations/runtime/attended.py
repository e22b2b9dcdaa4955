"""A run beside external extensions: they are told of the event, and it is over when they are done with it, too."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime

from invocations import limits
from invocations.runtime import report
from invocations.runtime.attended_exchange import AttendedExchange
from invocations.runtime.endings import Ending, InitFailure
from invocations.runtime.exchange import Call
from invocations.runtime.kernel import memory
from invocations.runtime.run import GoneBetweenEvents, Run
from invocations.values import Execution, Outcome


class AttendedRun(Run):
    """What is different is said here; a plain run knows nothing of extensions."""

    _began: float | None = None  # when the event was handed over
    _stopped: float | None = None  # when the event's time was up; its extensions may take a little longer to end

    @property
    def _exchange(self) -> AttendedExchange:
        assert isinstance(self.loan.exchange, AttendedExchange)
        return self.loan.exchange

    # --- init -------------------------------------------------------------------------------------------------------

    def _await_next(self) -> Call | InitFailure:
        known = self.loan.grant["extensions"]
        if known is not None or not self.loan.grant["starting"]:
            self._exchange.ready = True
        first = super()._await_next()
        if isinstance(first, Call) and not self._exchange.ready:
            first = self._await_ready(first)
        self._tell_states(known if known is not None else self._exchange.states)
        return first

    def _await_ready(self, first: Call) -> Call | InitFailure:
        began = self.loan.grant["started"]
        limit = self.spec.timeout_seconds if self._repeated else limits.INIT_SECONDS
        heard = self._exchange.await_ready(began + limit, self._read_output)
        if heard == "control" and self.loan.await_death()["reason"] == "lost":
            raise GoneBetweenEvents
        if heard:
            return self._init_failed(heard, time.monotonic() - began)
        if self._init is not None:
            self._init = max(self._init, time.monotonic() - began)
        return first

    def _tell_states(self, states: list[dict[str, object]]) -> None:
        """A line for each extension, below what was printed while it began."""
        self._exchange.states = []
        self.loan.grant["extensions"] = None
        if states:
            self.output.read()
            self.output.close_line()
        for each in states:
            events = each["events"]
            assert isinstance(events, list)
            line = self.lines.extension(str(each["name"]), str(each["state"]), events, str(each["error_type"]))
            self.output.write(line)

    # --- invoke -----------------------------------------------------------------------------------------------------

    def _hand_over(self, call: Call, began: float) -> None:
        self._began = began
        deadline = time.time() + (began + self.spec.timeout_seconds - time.monotonic())
        self._exchange.invoke(
            {
                "eventType": "INVOKE",
                "deadlineMs": int(deadline * 1000),
                "requestId": self.event.request_id,
                "invokedFunctionArn": self.event.invoked_arn,
                "tracing": {"type": "X-Amzn-Trace-Id", "value": self.event.trace_header},
            }
        )
        super()._hand_over(call, began)

    def _timed_out(self) -> Ending:
        self._stopped = time.monotonic()
        return super()._timed_out()

    def _death_ending(self, death: dict[str, object], outcome: Outcome) -> Ending:
        at = death.get("at")
        self._stopped = at if isinstance(at, float) else self._stopped
        failure = self._exchange.failure
        if failure is None or death["reason"] != "extension":
            return super()._death_ending(death, outcome)
        message = f"RequestId: {self.event.request_id} Error: {failure['why']}"
        return self._platform_ending(outcome, report.error_body(failure["type"], message))

    def _finish(self, ending: Ending, started_at: datetime, duration: float) -> Execution:
        if self._began is not None:
            if self.loan.death is None:
                ending = self._with_extensions(ending, self._began + self.spec.timeout_seconds)
            duration = (self._stopped or time.monotonic()) - self._began
        self._tell_states(self._exchange.states)
        return super()._finish(ending, started_at, duration)

    def _with_extensions(self, ending: Ending, deadline: float) -> Ending:
        """The function has answered; the event's time is its extensions', too. What becomes of them becomes of it."""
        heard = self._exchange.await_done(self.event.request_id, deadline, self._read_output)
        if heard == "deadline":
            return replace(self._timed_out(), answer=ending.answer)
        if heard == "control":
            death = self.loan.await_death()
            if death["reason"] != "exit":  # a runtime may end after its answer
                return replace(self._death_ending(death, Outcome.EXITED), answer=ending.answer)
        return ending

    def _peak_bytes(self) -> int:
        """Of the runtime and of all extensions together, as far as each one's highest moment tells."""
        init = memory.parent(self.loan.grant["pid"])
        return sum(map(memory.peak_bytes, memory.attended_tree(init))) or super()._peak_bytes()
