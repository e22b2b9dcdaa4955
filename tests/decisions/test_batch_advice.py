"""The batch advisor's table: what is set and what was measured, and the sentences that follow."""

from __future__ import annotations

from dataclasses import replace

import pytest

from invocations.decisions.batch_advice import Advice, Call, Setup, advise, reckon

QUEUE = Setup(10, 10_000, 0, 30, is_queue=True, visibility_seconds=180)
STREAM = Setup(100, 10_000, 0, 60, is_queue=False)
ONE_SECOND_EACH = [Call(1, 1_500), Call(3, 3_500), Call(5, 5_500)]  # half a second of each call is its own


def sentence(advice: Advice, about: str) -> tuple[str, str]:
    [found] = [one for one in advice.findings if one.about == about]
    return found.kind, found.sentence


def with_bytes(setup: Setup, record_bytes: int) -> Setup:
    return replace(setup, record_bytes=record_bytes)


@pytest.mark.parametrize(
    ("calls", "parts"),
    [
        (ONE_SECOND_EACH, (500, 1_000, 0)),
        ([Call(4, 400), Call(4, 800)], (0, 200, 0)),  # one size: the slow side, all of it the records'
        ([Call(1, 500), Call(9, 500)], (500, 0, 0)),  # size does not matter
        ([Call(1, 900), Call(9, 500)], (700, 0, 200)),  # never less for more
        ([Call(1, 0), Call(2, 100)], (0, 40, 20)),  # nor a call that starts below zero
    ],
)
def test_a_call_s_own_part_and_the_records(calls: list[Call], parts: tuple[float, float, float]) -> None:
    found = reckon(calls)
    assert (found.fixed_ms, found.record_ms, found.slow_ms) == pytest.approx(parts)


@pytest.mark.parametrize(
    ("setup", "calls", "kind", "says", "largest"),
    [
        (QUEUE, ONE_SECOND_EACH, "good", "10 messages take up to 10.50 s, within the function's timeout of 30 s.", 23),
        (
            replace(QUEUE, batch_size=27),
            ONE_SECOND_EACH,
            "warn",
            "27 messages take up to 27.50 s of the function's timeout of 30 s: a slow day breaks it, and then the call "
            "is cut off, all its messages come back with a higher receive count, also those that were done, until the "
            "queue's redrive policy ends them. Lower BatchSize to 23, or raise the timeout to 35 s.",
            23,
        ),
        (
            replace(STREAM, batch_size=1000),
            ONE_SECOND_EACH,
            "bad",
            "1,000 records take up to 16 min 40 s, which is over the function's timeout of 60 s: the call is cut off "
            "and made again with the same records, without end; the shard waits meanwhile. Lower BatchSize to "
            "47; a longer timeout is no way out, 900 s is the most.",
            47,
        ),
        (
            replace(STREAM, bisect=True, place="partition"),
            ONE_SECOND_EACH,
            "bad",
            "100 records take up to 1 min 40 s, which is over the function's timeout of 60 s: the call is cut off and "
            "BisectBatchOnFunctionError halves the batch until it fits; the partition waits meanwhile. Lower BatchSize "
            "to 47, or raise the timeout to 126 s.",
            47,
        ),
        (
            replace(STREAM, batch_size=1, timeout_seconds=1, max_retries=0),
            ONE_SECOND_EACH,
            "bad",
            "1 record takes up to 1.50 s, which is over the function's timeout of 1 s: the call is cut off and its "
            "records are given up (MaximumRetryAttempts is 0). Make the function faster: not even one record is safe, "
            "or raise the timeout to 2 s.",
            0,
        ),
        # 6 MB end a batch before BatchSize does, so that is what the timeout is held against.
        (
            with_bytes(QUEUE, 1024 * 1024),
            [Call(1, 5_000)],
            "warn",
            "5 messages take up to 25.00 s of the function's timeout of 30 s",
            4,
        ),
        (replace(QUEUE, batch_most=10), [Call(1, 1)], "good", "10 messages take up to 10 ms, within", 10),
    ],
)
def test_whether_a_batch_fits_the_timeout(setup: Setup, calls: list[Call], kind: str, says: str, largest: int) -> None:
    advice = advise(setup, calls)
    found = sentence(advice, "timeout")
    assert (found[0], found[1][: len(says)]) == (kind, says)
    assert advice.largest_safe == largest


@pytest.mark.parametrize(
    ("setup", "kind", "says"),
    [
        (QUEUE, "good", "of 180 s is at least six times the function's timeout (30 s), 180 s."),
        (
            replace(QUEUE, window_seconds=5),
            "warn",
            "of 180 s is less than six times the function's timeout (30 s) plus the batching window (5 s), 185 s: when "
            "calls are throttled there is no time to try again, so messages come back unread with a higher receive "
            "count and may die by the redrive policy. Set it to 185 s.",
        ),
        (replace(QUEUE, visibility_seconds=30), "warn", "Set it to 180 s."),
        (
            replace(QUEUE, visibility_seconds=29),
            "bad",
            "of 29 s is less than the function's timeout (30 s): messages are visible again while the function still "
            "works on them, and are handed over twice. AWS makes no such mapping. Set it to 180 s.",
        ),
        (replace(QUEUE, visibility_seconds=0), "bad", "Set it to 180 s."),
    ],
)
def test_the_visibility_timeout_is_six_timeouts_and_the_window(setup: Setup, kind: str, says: str) -> None:
    for calls in ([], ONE_SECOND_EACH):  # nothing needs to be measured for it
        found = sentence(advise(setup, calls), "visibility")
        assert found[0] == kind
        assert found[1].endswith(says)


def test_streams_and_queues_that_are_gone_have_no_visibility() -> None:
    for setup in (STREAM, replace(QUEUE, visibility_seconds=None)):
        assert "visibility" not in {one.about for one in advise(setup, ONE_SECOND_EACH).findings}


def test_nothing_measured_is_said_and_judged_by_nobody() -> None:
    advice = advise(STREAM, [Call(0, 12)])  # the final call of a window has no records
    assert sentence(advice, "timeout") == (
        "",
        "No call of a batch has been measured yet, so whether 100 records fit the function's timeout of 60 s is not "
        "known.",
    )
    assert (advice.largest_safe, advice.calls, advice.problems) == (None, 0, ())
    assert sentence(advise(replace(QUEUE, timeout_seconds=None), ONE_SECOND_EACH), "timeout")[0] == ""


def test_calls_that_were_cut_off_make_the_rest_doubtful() -> None:
    advice = advise(QUEUE, [Call(1, 500), Call(9, 30_000, cut_off=True), Call(7, 30_000, cut_off=True)])
    kind, says = sentence(advice, "cut off")
    assert kind == "bad"
    assert says.startswith("2 of the 3 calls that were measured ended by the function's timeout, the smallest with 7 ")


def test_what_the_largest_batch_is_reckoned_from() -> None:
    says = "The largest safe BatchSize is 10,000 (reckoned from one call with up to 1 message)."
    assert sentence(advise(QUEUE, [Call(1, 0.01)]), "largest") == ("", says)
    full = sentence(advise(with_bytes(QUEUE, 2_000_000), [Call(1, 1)]), "event size")[1]
    assert full == (
        "A usual record has 1.9 MB, so an event is full (6 MB) with 3 messages: a BatchSize above that changes nothing."
    )
