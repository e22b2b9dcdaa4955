"""A pattern against a mapping's recent records: looked at where they are, without taking one or moving a place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from invocations.decisions.filter_explainer import (
    Explained,
    data_view,
    explain_record,
    leaves,
    pasted_records,
    summary,
)
from invocations.decisions.mapping_options import compile_patterns, data_key
from invocations.models import Mapping as Row
from invocations.sources import SourceTrouble, queue, registry, stream

RECENT = 50  # records looked at
SHARDS = 32  # of which the latest ones are asked for
SHOWN = 300  # characters of a record


class BadRecord(ValueError):
    """What was pasted is no record; the text says why."""


@dataclass(frozen=True)
class Seen:
    """A record as filters see it. `at`: when it arrived in a stream."""

    id: str
    shard: str
    at: datetime | None
    view: Mapping[str, Any]


@dataclass(frozen=True)
class Answer:
    """Each record with what the filters make of it. `trouble`: why there was nothing to look at."""

    records: Sequence[tuple[Seen, Explained]] = ()
    sentence: str = ""
    leaves: Sequence[tuple[str, int]] = ()
    trouble: str = ""


def explain(row: Row, patterns: Iterable[str], pasted: str = "") -> Answer:
    """`pasted`: a record, an event, or a record's data, instead of the source's. Raises InvalidFilter, BadRecord."""
    filters = compile_patterns(row.source, patterns)
    try:
        seen = _pasted(row, pasted) if pasted else recent(row)
    except SourceTrouble as trouble:
        return Answer(trouble=str(trouble))
    judged = [(one, explain_record(filters, one.view)) for one in seen]
    explained = [one for _, one in judged]
    what = "message" if row.is_queue else "record"
    return Answer(judged, summary(explained, what), leaves(explained))


def recent(row: Row) -> list[Seen]:
    """A queue's visible messages, next ones first; of a stream or topic the latest records, newest first.

    Receive counts, iterators and offsets stay as they are. Raises SourceTrouble.
    """
    if row.is_queue:
        items = queue(row.source, row.source_arn).open(row.source_arn).peek(RECENT)
        return [Seen(item.id, "", None, item.view()) for item in items]
    source, place = stream(row.source, row.source_arn), row.place
    found = []
    for shard in source.shards(place)[-SHARDS:]:
        found += [(shard.id, read) for read in source.newest(place, shard.id, RECENT)]
    found.sort(key=lambda one: (one[1].arrived, int(one[1].id)), reverse=True)
    return [Seen(read.id, shard, read.arrived, read.view()) for shard, read in found[:RECENT]]


def _pasted(row: Row, text: str) -> list[Seen]:
    key = data_key(row.source)
    source = registry()[row.source]
    records = pasted_records(text, key)
    if not records and not key:
        raise BadRecord("A record of a DynamoDB stream is a JSON object, as the function gets it.")
    try:
        views = [source.view(one) for one in records] or [data_view(text, key)]
    except ValueError as error:
        raise BadRecord(f"The record cannot be read as one of this source: {error}.") from None
    return [Seen("pasted" if len(views) == 1 else f"pasted {at}", "", None, one) for at, one in enumerate(views, 1)]


def answer_document(answer: Answer) -> dict[str, Any]:
    """The same as JSON, for pages and commands."""
    return {
        "sentence": answer.trouble or answer.sentence,
        "refused_by": [{"leaf": leaf, "records": count} for leaf, count in answer.leaves],
        "records": [
            {
                "id": seen.id,
                "shard": seen.shard or None,
                "matched": explained.passed,
                "filter": explained.taken_by,
                "refusals": [{"leaf": one.leaf, "sentence": one.sentence} for one in explained.refusals],
            }
            for seen, explained in answer.records
        ],
    }
