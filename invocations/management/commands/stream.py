"""Put into a stream, look into it, list streams, from a shell."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from invocations.engines.kinesis import browsing, putting, shard_views, streams
from invocations.engines.kinesis.hashing import HIGHEST
from invocations.engines.kinesis.putting import Entry
from invocations.management.refusing import Refused, RefusingCommand
from invocations.models import Stream
from invocations.values import Scope

_SHOWN = 60  # characters of data in a table


class Command(RefusingCommand):
    help = "Kinesis streams: put a record, peek at the newest ones (moves no reader), list."
    examples = (
        "stream put rides '{\"fare\": 12.5}' --key taxi-7",
        "stream put rides --lines < rides.jsonl",
        "stream peek rides --shard shardId-000000000002",
        "stream list",
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        verbs = parser.add_subparsers(dest="verb", required=True)
        put = verbs.add_parser("put", help="put records; prints shard and sequence number of each")
        put.add_argument("name")
        put.add_argument("data", nargs="?", help="the data; - or nothing reads standard input")
        put.add_argument("--file", help="a file with the data")
        put.add_argument("--key", default="command", help="partition key (default: %(default)s)")
        put.add_argument("--hash-key", help="explicit hash key, in place of the partition key's hash")
        put.add_argument("--lines", action="store_true", help="each line of the data is a record")
        peek = verbs.add_parser("peek", help="show the newest records of each shard")
        peek.add_argument("name")
        peek.add_argument("--shard", help="only this one")
        peek.add_argument("--limit", type=int, default=10, help="of each shard (default: %(default)s)")
        peek.add_argument("--json", action="store_true", help="one JSON object a line, data whole")
        verbs.add_parser("list", help="streams, their shards and records")

    def work(self, scope: Scope, options: dict[str, Any]) -> None:
        if options["verb"] == "list":
            self._list(scope)
            return
        stream = streams.find(scope, options["name"])
        {"put": self._put, "peek": self._peek}[options["verb"]](stream, options)

    def _put(self, stream: Stream, options: dict[str, Any]) -> None:
        hash_key = _hash_key(options["hash_key"])
        if not 1 <= len(options["key"]) <= 256:
            raise Refused("--key must have 1 to 256 characters.")
        data = _data(options)
        pieces = data.splitlines() if options["lines"] else [data]
        entries = [Entry(piece, options["key"], hash_key) for piece in pieces]
        for place, entry in enumerate(entries, 1):
            if entry.size > stream.max_record_kib * 1024:
                raise Refused(
                    f"Record {place} has {entry.size} bytes with its key; "
                    f"this stream takes {stream.max_record_kib} KiB. Nothing was put."
                )
        for start in range(0, len(entries), 500):
            for done in putting.put(stream, entries[start : start + 500]):
                self.stdout.write(f"{done.shard_id} {done.sequence_number}")

    def _peek(self, stream: Stream, options: dict[str, Any]) -> None:
        if options["limit"] < 1:
            raise Refused("--limit must be 1 or more.")
        named = options["shard"]
        found = False
        for shard in shard_views.of(stream) if named is None else [shard_views.find(stream, named)]:
            for row in reversed(browsing.newest(stream, shard, most=options["limit"])[: options["limit"]]):
                found = True
                self._show(browsing.document(stream, shard, row), options["json"])
        if not found and not options["json"]:
            self.stdout.write("No records.")

    def _show(self, document: dict[str, Any], as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(document, ensure_ascii=False))
            return
        data = " ".join(document.get("data", f"base64 {document.get('data_base64')}").split())
        cut = data if len(data) <= _SHOWN else data[: _SHOWN - 1] + "…"
        shard, number = document["shard"], document["sequence_number"]
        self.stdout.write(f"{shard}  {number}  {document['partition_key']:<12}  {cut}")

    def _list(self, scope: Scope) -> None:
        rows = streams.listed(scope)
        if not rows:
            self.stdout.write("No streams. `aws kinesis create-stream --stream-name NAME --shard-count 4` makes one.")
        for stream in rows:
            lanes = browsing.lanes(stream)
            open_ones = sum(not lane.view.closed for lane in lanes)
            records = sum(lane.records for lane in lanes)
            self.stdout.write(f"{stream.name}  open shards {open_ones}  records {records}")


def _hash_key(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and int(text) <= HIGHEST):
        raise Refused("--hash-key must be a whole number from 0 to 2^128-1.")
    return int(text)


def _data(options: dict[str, Any]) -> bytes:
    if options["file"] is not None:
        try:
            return Path(options["file"]).read_bytes()
        except OSError as error:
            raise Refused(f"The file cannot be read: {error}.") from error
    if options["data"] in (None, "-"):
        return sys.stdin.buffer.read()
    text: str = options["data"]
    return text.encode("utf-8", "surrogateescape")
