"""Which events and keys a bucket's rules take, and which of them cannot stand beside each other."""

from __future__ import annotations

import pytest

from invocations.decisions import object_rules
from invocations.decisions.object_rules import OFFERED, OVERLAP, Rule, from_row, overlap, read_filter, to_row
from invocations.errors import Refusal, UnsupportedOption

QUEUE = "arn:aws:sqs:us-east-1:000000000000:q"
PUT, DELETE = "s3:ObjectCreated:Put", "s3:ObjectRemoved:Delete"
ALL = "s3:ObjectCreated:*"


def rule(*events: str, prefix: str | None = None, suffix: str | None = None, rule_id: str = "a") -> Rule:
    return Rule(rule_id, "sqs", QUEUE, events or (PUT,), prefix, suffix)


@pytest.mark.parametrize(
    ("one", "event", "key", "why"),
    [
        (rule(PUT), PUT, "k", ""),
        (rule(ALL), PUT, "k", ""),
        (rule(ALL), DELETE, "k", "s3:ObjectRemoved:Delete is not one of s3:ObjectCreated:*"),
        (rule(PUT), "s3:ObjectCreated:Post", "k", "s3:ObjectCreated:Post is not one of s3:ObjectCreated:Put"),
        (rule(DELETE, PUT), PUT, "k", ""),
        (rule(prefix="in/", suffix=".txt"), PUT, "in/a.txt", ""),
        (rule(prefix="in/", suffix=".txt"), PUT, "out/a.txt", "the key does not begin with 'in/'"),
        (rule(prefix="in/", suffix=".txt"), PUT, "in/a.png", "the key does not end with '.txt'"),
        (rule(prefix="", suffix=""), PUT, "k", ""),
        (rule(prefix="a b+ü"), PUT, "a b+ü/c", ""),  # as the key is, not as records spell it
        (rule(prefix="a+b"), PUT, "a b", "the key does not begin with 'a+b'"),
        (rule(prefix="*"), PUT, "k", "the key does not begin with '*'"),  # no wildcards
        (rule(prefix="ab", suffix="ba"), PUT, "aba", ""),  # they may share characters
        (rule(prefix="IN/"), PUT, "in/a", "the key does not begin with 'IN/'"),
    ],
)
def test_a_rule_takes_or_says_why_not(one: Rule, event: str, key: str, why: str) -> None:
    assert one.why_not(event, key) == why


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (rule(PUT), rule(PUT), True),
        (rule(PUT), rule(DELETE), False),
        (rule(ALL), rule(PUT), True),
        (rule(PUT), rule(ALL), True),
        (rule(PUT), rule("s3:ObjectCreated:Copy"), False),
        (rule(PUT, DELETE), rule(DELETE), True),
        (rule(prefix="a/"), rule(prefix="b/"), False),
        (rule(prefix="a/"), rule(prefix="a/b/"), True),
        (rule(prefix="a/"), rule(), True),
        (rule(suffix=".png"), rule(suffix=".jpg"), False),
        (rule(suffix=".gz"), rule(suffix=".tar.gz"), True),
        (rule(prefix="a/", suffix=".png"), rule(prefix="a/b", suffix=".jpg"), False),
        (rule(prefix="a/", suffix=".png"), rule(prefix="b/", suffix=".png"), False),
        (rule(prefix="a/"), rule(suffix=".png"), True),
        (rule(prefix=""), rule(prefix="x"), True),
    ],
)
def test_two_rules_overlap_when_one_key_could_be_for_both(one: Rule, other: Rule, expected: bool) -> None:
    assert (overlap(one, other), overlap(other, one)) == (expected, expected)


@pytest.mark.parametrize(
    ("rules", "text"),
    [
        ([rule(PUT), rule(ALL, rule_id="b")], OVERLAP),
        ([rule(PUT), rule(DELETE)], "Same ID used for multiple configurations. IDs must be unique"),
        ([rule("s3:Nonsense")], "The event is not supported for notifications"),
        ([rule("s3:ObjectCreated")], "The event is not supported for notifications"),
        ([rule("s3:objectcreated:*")], "The event is not supported for notifications"),
        ([rule(prefix="x" * 1025)], "Size of filter rule value cannot exceed 1024 bytes in UTF-8 representation"),
        ([rule(suffix="ü" * 513)], "Size of filter rule value cannot exceed 1024 bytes in UTF-8 representation"),
        ([rule(rule_id="x" * 256)], "Id length should not exceed 255 characters."),
    ],
)
def test_what_cannot_stand_is_refused_as_s3_does(rules: list[Rule], text: str) -> None:
    with pytest.raises(Refusal) as refused:
        object_rules.check(rules)
    assert (refused.value.code, refused.value.status, refused.value.message) == ("InvalidArgument", 400, text)


def test_what_can_stand_is_not_refused() -> None:
    object_rules.check(
        [rule(PUT, prefix="x" * 1024), rule(DELETE, rule_id="x" * 255), rule("s3:ObjectAcl:Put", rule_id="")]
    )


@pytest.mark.parametrize("event", ["s3:ObjectRestore:*", "s3:Replication:*", "s3:ReducedRedundancyLostObject"])
def test_events_that_nothing_here_raises_are_refused_by_name(event: str) -> None:
    with pytest.raises(UnsupportedOption, match=f"does not offer the event {event.replace('*', '.')}"):
        object_rules.check([rule(event)])


def test_every_event_that_is_offered_is_one_of_aws() -> None:
    from invocations.decisions.constraints import shape_metadata

    assert set(shape_metadata("Event", "s3")["enum"]) > OFFERED


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], (None, None)),
        ([("prefix", "a")], ("a", None)),
        ([("Suffix", ".b"), ("PREFIX", "")], ("", ".b")),
    ],
)
def test_filter_names_come_in_any_case(given: list[tuple[str, str]], expected: tuple[str | None, str | None]) -> None:
    assert read_filter(given) == expected


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ([("infix", "a")], "filter rule name must be either prefix or suffix"),
        ([("prefix", "a"), ("Prefix", "b")], "Cannot specify more than one prefix rule in a filter."),
        ([("suffix", "a"), ("suffix", "a")], "Cannot specify more than one suffix rule in a filter."),
    ],
)
def test_a_filter_that_is_none_is_refused(given: list[tuple[str, str]], text: str) -> None:
    with pytest.raises(Refusal, match=text):
        read_filter(given)


@pytest.mark.parametrize("one", [rule(), rule(prefix=""), rule(PUT, DELETE, prefix="a", suffix="b")])
def test_a_rule_is_kept_as_it_was(one: Rule) -> None:
    assert from_row(to_row(one)) == one
