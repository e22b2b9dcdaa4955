"""One sentence for every end: what happened, by which rule, what would change it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from invocations import limits
from invocations.decisions.units import milliseconds_text
from invocations.values import Condition, Outcome

# outcome: (shape, word, kind). The kind chooses the colour.
OUTCOME_WORDS: dict[str, tuple[str, str, str]] = {
    Outcome.SUCCESS: ("✓", "Succeeded", "ok"),
    Outcome.FUNCTION_ERROR: ("✕", "Function error", "bad"),
    Outcome.INIT_ERROR: ("✕", "Init error", "bad"),
    Outcome.TIMEOUT: ("⧖", "Timed out", "bad"),
    Outcome.EXITED: ("✕", "Process exited", "bad"),
    Outcome.OUT_OF_MEMORY: ("✕", "Out of memory", "bad"),
    Outcome.RESPONSE_TOO_LARGE: ("✕", "Response too large", "bad"),
    Outcome.LOST: ("✕", "Runner died", "warn"),
    Outcome.FENCED: ("⟲", "Came too late", "warn"),
    Condition.RETRIES_EXHAUSTED: ("✕", "Retries exhausted", "bad"),
    Condition.EVENT_AGE_EXCEEDED: ("⧖", "Expired", "bad"),
    Condition.ZERO_RESERVED_CONCURRENCY: ("⊘", "Dropped: concurrency 0", "bad"),
    Condition.RECURSIVE_INVOCATION: ("⊘", "Dropped: a loop", "bad"),
    Condition.FUNCTION_NOT_FOUND: ("⊘", "Dropped: no function", "bad"),
    Condition.RUNNER_LOST: ("✕", "Runners died", "bad"),
    Condition.CANCELLED: ("⊘", "Cancelled", "off"),
    # No end yet.
    "QUEUED": ("◷", "Waiting", "off"),
    "RUNNING": ("▶", "Running", "off"),
    "": ("▶", "Running", "off"),
}

NEARLY_FULL = 0.9  # of MemorySize
RETRIES_ARE_THE_CALLERS = "A synchronous invocation is never retried by Lambda: that is up to the caller."

_INIT_ADVICE = {
    "Runtime.ImportModuleError": "The part of Handler before the last dot names a file at the top of the package; that "
    "file, and everything it imports, must be in the package.",
    "Runtime.HandlerNotFound": "The module was loaded, but the part of Handler after the last dot is not in it.",
    "Runtime.MalformedHandlerName": "Handler must read file.function, for example app.handler.",
    "Runtime.UserCodeSyntaxError": "The file does not compile; correct the line named in the error.",
    "Runtime.InvalidEntrypoint": "The package has no executable file named bootstrap at its top.",
}

_ERROR_ADVICE = {
    "Runtime.MarshalError": "The result is not JSON: return dicts, lists, strings, numbers, booleans or None.",
    "Runtime.UnmarshalError": "The event could not be read as JSON.",
}


_REQUEST = re.compile(r"^RequestId: \S+ Error: ")  # the page says which request it was


@dataclass(frozen=True)
class Run:
    """What is known of a finished attempt."""

    outcome: str
    error_type: str
    error_message: str
    duration_ms: float
    init_ms: float | None
    memory_mb: int
    max_memory_mb: int
    hint: str = ""  # of the runtime, e.g. which network setting stood in the way


def sentence(run: Run) -> str:
    """Tell the end of one attempt in plain words."""
    told = _TELLERS.get(run.outcome)
    text = told(run) if told is not None else f"Ended as {run.outcome}."
    return f"{text} {run.hint[0].upper()}{run.hint[1:]}" if run.hint else text


def _error(run: Run) -> str:
    message = _REQUEST.sub("", run.error_message)
    return f"{run.error_type}: {message}".strip(": ") or "no reason"


def _success(run: Run) -> str:
    took = f"Succeeded in {milliseconds_text(run.duration_ms)}"
    if run.init_ms is None:
        text = f"{took} in a warm environment."
    else:
        text = (
            f"{took}, after {milliseconds_text(run.init_ms)} of initialisation: no environment was free (cold start)."
        )
    if run.max_memory_mb >= NEARLY_FULL * run.memory_mb:
        text += f" It used {run.max_memory_mb} of {run.memory_mb} MB; a larger MemorySize would keep it from the limit."
    return text


def _function_error(run: Run) -> str:
    advice = _ERROR_ADVICE.get(run.error_type, "Correct the code or the event, then invoke again with this payload.")
    return (
        f"The handler failed with {_error(run)}. The caller got status 200 with X-Amz-Function-Error. "
        f"{RETRIES_ARE_THE_CALLERS} {advice}"
    )


def _init_error(run: Run) -> str:
    advice = _INIT_ADVICE.get(run.error_type, "The code that runs before the first event failed; its log says where.")
    return f"The function could not be initialised: {_error(run)}. The handler never ran. {advice}"


def _timeout(run: Run) -> str:
    return (
        f"Stopped after {milliseconds_text(run.duration_ms)}, the function's Timeout. Its processes were ended, and "
        f"the next event starts them anew. {RETRIES_ARE_THE_CALLERS} See in the log what it waited for, or raise "
        f"Timeout (at most {limits.TIMEOUT_SECONDS_MAX} s)."
    )


def _exited(run: Run) -> str:
    return (
        f"The process ended before it answered: {_error(run)}. The environment starts anew for the next event. "
        "A handler must return or raise; it must not call exit."
    )


def _out_of_memory(run: Run) -> str:
    return (
        f"Ended at its memory limit: MemorySize is {run.memory_mb} MB. Raise it (at most {limits.MEMORY_MB_MAX} MB) or "
        "keep less in memory at once."
    )


def _too_large(run: Run) -> str:
    return (
        f"The handler's result is over {limits.SYNC_RESPONSE_BYTES:,} bytes, the limit of a synchronous response. "
        "Return less, or put the result into a bucket and return its key."
    )


def _lost(_: Run) -> str:
    return "The process that ran it died. The function may have run: possible duplicate."


def _fenced(_: Run) -> str:
    return "It ended after another attempt had taken its place: its result does not count. Possible duplicate."


_TELLERS: dict[str, Callable[[Run], str]] = {
    Outcome.LOST: _lost,
    Outcome.FENCED: _fenced,
    Outcome.SUCCESS: _success,
    Outcome.FUNCTION_ERROR: _function_error,
    Outcome.INIT_ERROR: _init_error,
    Outcome.TIMEOUT: _timeout,
    Outcome.EXITED: _exited,
    Outcome.OUT_OF_MEMORY: _out_of_memory,
    Outcome.RESPONSE_TOO_LARGE: _too_large,
}
