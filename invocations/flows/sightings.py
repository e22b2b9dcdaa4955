"""What a function can have written, read item by item: tables and buckets of the companion, queues of ours."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, TypeVar

from boto3.dynamodb.types import TypeDeserializer
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings

from invocations.decisions.idempotency import Sight
from invocations.flows.own_client import own_client
from invocations.models import Message, Queue
from invocations.values import Scope
from lambdaplay.db.pool import pooled

PLACES = 20  # tables, buckets, queues: of each kind
ITEMS = 500  # of one place
WHOLE = 2000  # characters; a longer content is compared by its digest
_plain = TypeDeserializer().deserialize

Items = Mapping[str, str]
_T = TypeVar("_T")


@dataclass(frozen=True)
class Seen:
    """The places with their items, and a sentence for each thing that could not be looked at."""

    places: Sight
    unseen: tuple[str, ...]


def look(scope: Scope) -> Seen:
    """Read everything that is looked at. Nothing is received, locked or changed."""
    places: dict[str, Items] = {}
    unseen: list[str] = []
    for kind, read in (("tables", _tables), ("buckets", _buckets), ("queues", _queues)):
        try:
            read(scope, places, unseen.append)
        except (BotoCoreError, ClientError) as error:
            unseen.append(f"The {kind} could not be looked at: {error}")
    return Seen(places, tuple(unseen))


def _tables(scope: Scope, places: dict[str, Items], tell: Callable[[str], None]) -> None:
    if settings.LAMBDAPLAY_COMPANION == "none":
        tell("There are no tables and buckets while LAMBDAPLAY_COMPANION is 'none'.")
        return
    client = own_client("dynamodb", scope)
    names = client.list_tables()["TableNames"]
    for name in _first(names, "tables", tell):
        keys = [one["AttributeName"] for one in client.describe_table(TableName=name)["Table"]["KeySchema"]]
        answer = client.scan(TableName=name, Limit=ITEMS, ConsistentRead=True)
        if "LastEvaluatedKey" in answer:
            tell(f"Of table {name} only the first {ITEMS} items were looked at.")
        places[f"table {name}"] = dict(_item(item, keys) for item in answer["Items"])


def _item(item: Mapping[str, Any], keys: list[str]) -> tuple[str, str]:
    values = {name: _plain(value) for name, value in item.items()}
    return ", ".join(f"{key} {values[key]}" for key in keys), _content(
        json.dumps(values, default=_text, sort_keys=True)
    )


def _text(value: object) -> object:
    return sorted(map(str, value)) if isinstance(value, set) else str(value)


def _buckets(scope: Scope, places: dict[str, Items], tell: Callable[[str], None]) -> None:
    if settings.LAMBDAPLAY_COMPANION == "none":
        return
    client = own_client("s3", scope)
    names = [one["Name"] for one in client.list_buckets().get("Buckets", [])]
    for name in _first(names, "buckets", tell):
        answer = client.list_objects_v2(Bucket=name, MaxKeys=ITEMS)
        if answer.get("IsTruncated"):
            tell(f"Of bucket {name} only the first {ITEMS} objects were looked at.")
        places[f"bucket {name}"] = {
            one["Key"]: f"{one['Size']} bytes, ETag {one['ETag']}" for one in answer.get("Contents", [])
        }


@pooled()
def _queues(scope: Scope, places: dict[str, Items], tell: Callable[[str], None]) -> None:
    rows = list(Queue.objects.within(scope).order_by("name")[: PLACES + 1])
    for queue in _first(rows, "queues", tell):
        newest = Message.objects.filter(queue=queue).select_related("content").order_by("-visible_ms", "-id")[:ITEMS]
        places[f"queue {queue.name}"] = {f"message {row.message_id}": _content(row.content.body) for row in newest}


def _first(found: list[_T], kind: str, tell: Callable[[str], None]) -> list[_T]:
    if len(found) > PLACES:
        tell(f"Only the first {PLACES} {kind} were looked at.")
    return found[:PLACES]


def _content(text: str) -> str:
    if len(text) <= WHOLE:
        return text
    return f"{text[:200]}… (sha256 {sha256(text.encode()).hexdigest()[:16]})"
