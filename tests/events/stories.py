"""For each planted defect a story that shows it: rules of the machine, in order, with their arguments.

Each was found by a search (`search` in `test_state_machine.py`, against the defect) and then cut down to what is
needed. Kept as found, a test needs no search of its own: it is short, and the same on every machine.
"""

from __future__ import annotations

from typing import Any

Step = tuple[str, dict[str, Any]]

STORIES: dict[str, list[Step]] = {
    "claim without looking at the state": [
        ("an_event_begins", {"dies_at": ""}),
        ("a_function_fails_again_and_again", {"order": "error", "retries": 1, "which": 0}),
    ],
    "claim before it is due": [
        ("an_event_begins", {"dies_at": ""}),
        ("a_function_fails_again_and_again", {"order": "error", "retries": 1, "which": 0}),
    ],
    "claim without a new number": [
        ("accept_one", {"dies_at": ""}),
    ],
    "fence ignored": [
        ("accept_one", {"dies_at": ""}),
        ("a_message_arrives", {"dies_at": "", "kept": False, "which": 0}),
        ("a_paused_runner_is_overtaken", {"which": 0}),
        ("a_function_ends_and_what_follows", {"dies_at": "", "order": "success", "seconds": 1, "which": 0}),
    ],
    "fence looks at the number only": [
        ("accept_one", {"dies_at": ""}),
        ("the_broker_comes_or_goes", {"up": False}),
        ("a_worker_drains", {}),
        ("a_paused_runner_is_overtaken", {"which": 0}),
        ("a_lease_runs_out", {"which": 0}),
        ("a_function_ends_and_what_follows", {"dies_at": "", "order": "success", "seconds": 1, "which": 0}),
        ("a_function_ends", {"dies_at": "", "order": "success", "which": 0}),
    ],
    "lease never runs out": [
        ("an_event_begins", {"dies_at": ""}),
    ],
    "lease of a live runner is broken": [
        ("an_event_begins", {"dies_at": ""}),
        ("a_sweep", {}),
    ],
    "lease is not renewed": [
        ("an_event_begins", {"dies_at": ""}),
        ("a_lease_runs_out", {"which": 0}),
        ("a_sweep", {}),
        ("workers_renew_their_leases", {}),
    ],
    "lost runner costs a retry": [
        ("an_event_begins", {"dies_at": ""}),
    ],
    "one retry too many": [
        ("an_event_begins", {"dies_at": ""}),
        ("a_function_fails_again_and_again", {"order": "error", "retries": 1, "which": 0}),
        ("a_function_fails_again_and_again", {"order": "error", "retries": 2, "which": 0}),
    ],
    "zero retries are the default": [
        ("the_owner_configures", {"age": 60, "retries": 0, "told": (True, True), "zero": False}),
        ("an_event_is_told", {"answers": [], "order": "error"}),
    ],
    "age is not looked ahead at": [
        ("an_event_begins", {"dies_at": ""}),
        ("a_function_ends_and_what_follows", {"dies_at": "", "order": "error", "seconds": 21600, "which": 0}),
        ("a_function_ends_and_what_follows", {"dies_at": "", "order": "error", "seconds": 1, "which": 0}),
    ],
    "old events are run": [
        ("an_event_begins", {"dies_at": ""}),
        ("the_owner_configures", {"age": 60, "retries": 0, "told": (True, True), "zero": False}),
        ("time_passes", {"seconds": 61}),
        ("a_paused_runner_is_overtaken", {"which": 0}),
    ],
    "second retry comes after one minute": [
        ("an_event_begins", {"dies_at": ""}),
        ("a_function_fails_again_and_again", {"order": "error", "retries": 2, "which": 0}),
    ],
    "throttle costs a retry": [
        ("an_event_begins", {"dies_at": ""}),
        ("a_function_fails_again_and_again", {"order": "throttle", "retries": 1, "which": 0}),
    ],
    "back off never grows": [
        ("accept_one", {"dies_at": ""}),
        ("a_message_arrives", {"dies_at": "", "kept": True, "which": 0}),
        ("a_function_fails_again_and_again", {"order": "throttle", "retries": 2, "which": 0}),
    ],
    "configuration is remembered from the start": [
        ("an_event_is_told", {"answers": [], "order": "error"}),
        ("the_owner_configures", {"age": 60, "retries": 0, "told": (True, True), "zero": False}),
        ("an_operator_runs_now", {"which": 17}),
        ("a_worker_drains", {}),
        ("a_function_fails_again_and_again", {"order": "error", "retries": 1, "which": 6}),
    ],
    "cancel whatever the state": [
        ("an_event_begins", {"dies_at": ""}),
        ("an_operator_cancels", {"which": 0}),
    ],
    "run now whatever the state": [
        ("an_event_begins", {"dies_at": "attempt.written"}),
        ("an_operator_runs_now", {"which": 17}),
    ],
    "concurrency of zero is unlimited": [
        ("the_owner_configures", {"age": 60, "retries": 0, "told": (True, True), "zero": True}),
        ("an_event_is_told", {"answers": [], "order": "success"}),
    ],
    "no sweep of events": [
        ("an_event_is_told", {"answers": ["take"], "order": "error"}),
    ],
    "sweep misses what was deferred": [
        ("an_event_begins", {"dies_at": ""}),
        ("a_function_ends_and_what_follows", {"dies_at": "", "order": "throttle", "seconds": 3600, "which": 26}),
    ],
    "lost messages are not sent again": [
        ("an_event_is_told", {"answers": ["take", "take", "overtaken"], "order": "error"}),
        ("accept_one", {"dies_at": ""}),
        ("a_message_arrives", {"dies_at": "", "kept": False, "which": 11}),
        ("time_passes", {"seconds": 300}),
        ("a_paused_runner_is_overtaken", {"which": 22}),
    ],
    "accepted in the broker only": [
        ("an_event_begins", {"dies_at": ""}),
    ],
    "delivery written after the commit": [
        ("an_event_begins", {"dies_at": ""}),
        ("a_function_ends", {"dies_at": "event.ended", "order": "success", "which": 2}),
    ],
    "delivery marked before it is sent": [
        ("an_event_is_told", {"answers": ["refuse", "refuse", "overtaken"], "order": "success"}),
    ],
    "delivery is not tried again": [
        ("an_event_is_told", {"answers": ["overtaken", "refuse"], "order": "success"}),
    ],
    "two senders at one delivery": [
        ("an_event_is_told", {"answers": ["overtaken", "refuse", "refuse"], "order": "success"}),
    ],
    "late sender puts the delivery off": [
        ("an_event_is_told", {"answers": ["overtaken"], "order": "success"}),
    ],
    "cancelled events are told": [
        ("accept_one", {"dies_at": ""}),
        ("an_operator_cancels", {"which": 10}),
    ],
    "successes are told as failures": [
        ("an_event_begins", {"dies_at": ""}),
    ],
    "broken destination fails the event": [
        ("an_event_is_told", {"answers": ["overtaken", "take"], "order": "success"}),
    ],
}
