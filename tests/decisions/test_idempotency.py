from __future__ import annotations

import pytest

from invocations.decisions.idempotency import Change, Sight, changes, verdict

ALICE_10, ALICE_20 = '{"balance": 10}', '{"balance": 20}'
GREW = Change("table bank", "account alice", ALICE_10, ALICE_20)
CAME = Change("queue out", "message 1", None, "hello")
WENT = Change("bucket in", "a.txt", "3 bytes", None)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, {}, []),
        ({"table bank": {"account alice": ALICE_10}}, {"table bank": {"account alice": ALICE_10}}, []),
        ({"table bank": {"account alice": ALICE_10}}, {"table bank": {"account alice": ALICE_20}}, [GREW]),
        ({}, {"table empty": {}}, []),
        ({"bucket in": {"a.txt": "3 bytes"}}, {"queue out": {"message 1": "hello"}}, [WENT, CAME]),
        ({"t": {"a": ""}}, {"t": {}}, [Change("t", "a", "", None)]),
    ],
)
def test_changes_are_found_by_place_and_item(before: Sight, after: Sight, expected: list[Change]) -> None:
    assert changes(before, after) == expected


@pytest.mark.parametrize(
    ("errors", "same", "second", "idempotent", "says"),
    [
        (("", ""), True, [], True, "changed nothing that can be seen from here, and gave the same result"),
        (("", ""), False, [], True, "but it gave another result"),
        (("", ""), True, [GREW], False, 'account alice: {"balance": 10} became {"balance": 20}'),
        (("", ""), False, [CAME], False, "queue out, message 1 came: hello"),
        (("", ""), True, [WENT], False, "bucket in, a.txt went: 3 bytes"),
        (("", ""), True, [GREW, CAME, WENT, CAME, CAME], False, "and 2 more."),
        (("E: x", "E: x"), True, [], None, "Both runs failed (E: x)"),
        (("E: x", ""), False, [], None, "The first run failed (E: x)"),
        (("", "E: x"), False, [GREW], None, "The second run failed (E: x)"),
        (("", "E: x"), False, [GREW], None, "changed something all the same: table bank"),
    ],
)
def test_the_verdict_says_plainly_what_a_second_run_did(
    errors: tuple[str, str], same: bool, second: list[Change], idempotent: bool | None, says: str
) -> None:
    told = verdict(errors, same, second)
    assert told.idempotent is idempotent
    assert says in told.sentence


def test_a_long_content_is_cut_in_the_sentence() -> None:
    told = verdict(("", ""), True, [Change("t", "a", "x" * 5000, "y" * 5000)])
    assert len(told.sentence) < 500
