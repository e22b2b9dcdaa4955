"""Parts of a message as events and filters have them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from invocations.decisions.record_filters import data_of


def event_attribute(value: Mapping[str, str]) -> dict[str, Any]:
    """Lower case, with the two lists that are always empty; binary values in base64."""
    found: dict[str, Any] = {}
    if "StringValue" in value:
        found["stringValue"] = value["StringValue"]
    if "BinaryValue" in value:
        found["binaryValue"] = value["BinaryValue"]
    return {**found, "stringListValues": [], "binaryListValues": [], "dataType": value["DataType"]}


def view_of(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """What filters see of a message as a function gets it."""
    body = record.get("body")
    return {**record, "body": data_of(body)} if isinstance(body, str) else record
