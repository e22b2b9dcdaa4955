from __future__ import annotations

import json

import pytest

from invocations.decisions.partial_batch import judge

IDS = ["a", "b", "c"]


@pytest.mark.parametrize(
    "answer",
    [b"", b"null", b'""', b"[]", b"{}", b'{"batchItemFailures":[]}', b'{"batchItemFailures":null}', b'{"ok":1}'],
)
def test_complete_success(answer: bytes) -> None:
    verdict = judge(answer, IDS)
    assert (verdict.failed, verdict.malformed) == (frozenset(), "")


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"{", "the answer is not JSON"),
        (b'"x"', "the answer is not an object with batchItemFailures"),
        (b"0", "the answer is not an object with batchItemFailures"),
        (b"false", "the answer is not an object with batchItemFailures"),
        (b'["a"]', "the answer is not an object with batchItemFailures"),
        (b'{"batchItemFailures":"a"}', "batchItemFailures is not a list"),
        (b'{"batchItemFailures":{}}', "batchItemFailures is not a list"),
        (b'{"batchItemFailures":["a"]}', "an entry of batchItemFailures has no itemIdentifier"),
        (b'{"batchItemFailures":[{}]}', "an entry of batchItemFailures has no itemIdentifier"),
        (b'{"batchItemFailures":[{"foo":"a"}]}', "an entry of batchItemFailures has no itemIdentifier"),
        (b'{"batchItemFailures":[{"itemIdentifier":""}]}', "an itemIdentifier is empty"),
        (b'{"batchItemFailures":[{"itemIdentifier":null}]}', "an itemIdentifier is empty"),
        (b'{"batchItemFailures":[{"itemIdentifier":1}]}', "an itemIdentifier is not a string"),
        (b'{"batchItemFailures":[{"itemIdentifier":"x"}]}', "the itemIdentifier x is not in the batch"),
        (b'{"batchItemFailures":[{"itemIdentifier":"a"},{"itemIdentifier":""}]}', "an itemIdentifier is empty"),
    ],
)
def test_complete_failure(answer: bytes, why: str) -> None:
    assert judge(answer, IDS).malformed == why


def test_some_failed() -> None:
    verdict = judge(
        b'{"batchItemFailures":[{"itemIdentifier":"c"},{"itemIdentifier":"a"},{"itemIdentifier":"c"}]}', IDS
    )
    assert (verdict.failed, verdict.malformed) == (frozenset("ac"), "")


@pytest.mark.parametrize("name", ["partition", "topic-partition"])
def test_offsets_of_a_partition(name: str) -> None:
    """AWS's pages have both names."""
    answer = {"batchItemFailures": [{"itemIdentifier": {name: "t-0", "offset": offset}} for offset in (7, 5)]}
    verdict = judge(json.dumps(answer).encode(), ["5", "6", "7"], "t-0")
    assert (verdict.failed, verdict.malformed) == (frozenset({"5", "7"}), "")


@pytest.mark.parametrize(
    ("identifier", "why"),
    [
        ("5", "an itemIdentifier is not an object with partition and offset"),
        ({"partition": "t-0"}, "an itemIdentifier is not an object with partition and offset"),
        ({"partition": "t-0", "offset": "5"}, "an itemIdentifier is not an object with partition and offset"),
        ({"partition": "t-0", "offset": True}, "an itemIdentifier is not an object with partition and offset"),
        ({"partition": "t-1", "offset": 5}, "the itemIdentifier t-1 5 is not in the batch"),
        ({"partition": "t-0", "offset": 8}, "the itemIdentifier t-0 8 is not in the batch"),
        ({"offset": 5}, "the itemIdentifier None 5 is not in the batch"),
        (None, "an itemIdentifier is empty"),
    ],
)
def test_what_names_no_offset_is_complete_failure(identifier: object, why: str) -> None:
    answer = {"batchItemFailures": [{"itemIdentifier": identifier}]}
    verdict = judge(json.dumps(answer).encode(), ["5", "6", "7"], "t-0")
    assert (verdict.failed, verdict.malformed) == (frozenset(), why)
