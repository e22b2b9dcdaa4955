"""Log groups and streams."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from invocations.errors import Refusal
from invocations.flows import log_events, log_groups
from invocations.flows.log_groups import Group, InvalidParameter
from invocations.wire.call import Answer, Call
from invocations.wire.services.logs.addressing import group_of, name_in, read_token, token


class NotOffered(Refusal):
    code = "InvalidParameterException"

    def __init__(self, member: str) -> None:
        super().__init__(f"lambdaplay does not offer {member}.")


def create_group(call: Call) -> Answer:
    params = call.params
    for member in ("kmsKeyId", "deletionProtectionEnabled"):
        if params.get(member):
            raise NotOffered(member)
    if params.get("logGroupClass") not in (None, "STANDARD"):
        raise NotOffered(f"logGroupClass {params['logGroupClass']}")
    log_groups.create(call.caller.scope, params["logGroupName"], params.get("tags") or {})
    return Answer()


def delete_group(call: Call) -> Answer:
    log_groups.delete(call.caller.scope, call.params["logGroupName"])
    return Answer()


def describe_groups(call: Call) -> Answer:
    params = call.params
    for member in ("accountIdentifiers", "includeLinkedAccounts"):
        if params.get(member):
            raise NotOffered(member)
    prefix, pattern = params.get("logGroupNamePrefix"), params.get("logGroupNamePattern")
    if prefix is not None and pattern is not None:
        raise InvalidParameter("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")
    wanted = [name_in(call, text) for text in params.get("logGroupIdentifiers") or ()]
    after = read_token(params["nextToken"], "groups", 1)[0] if params.get("nextToken") else ""
    found = [
        group
        for group in log_groups.groups(call.caller.scope)
        if group.name > after
        and group.name.startswith(prefix or "")
        and (pattern or "").lower() in group.name.lower()
        and (not wanted or group.name in wanted)
        and params.get("logGroupClass") in (None, "STANDARD")
    ]
    size = params.get("limit") or 50
    members: dict[str, Any] = {"logGroups": [_group(group) for group in found[:size]]}
    if len(found) > size:
        members["nextToken"] = token("groups", found[size - 1].name)
    return Answer(members)


def describe_streams(call: Call) -> Answer:
    params = call.params
    group = group_of(call)
    prefix, order = params.get("logStreamNamePrefix"), params.get("orderBy", "LogStreamName")
    if prefix is not None and order == "LastEventTime":
        raise InvalidParameter("Cannot order by LastEventTime with a logStreamNamePrefix.")
    found = log_events.streams(group, prefix or "")
    if order == "LastEventTime":
        found.sort(key=lambda stream: (stream.last_at, stream.name))
    if params.get("descending"):
        found.reverse()
    place = 0
    if params.get("nextToken"):
        names = [stream.name for stream in found]
        last = read_token(params["nextToken"], "streams", 1)[0]
        place = names.index(last) + 1 if last in names else len(names)
    size = params.get("limit") or 50
    members: dict[str, Any] = {"logStreams": [_stream(group, stream) for stream in found[place : place + size]]}
    if len(found) > place + size:
        members["nextToken"] = token("streams", found[place + size - 1].name)
    return Answer(members)


def put_retention(call: Call) -> Answer:
    log_groups.set_retention(call.caller.scope, call.params["logGroupName"], call.params["retentionInDays"])
    return Answer()


def delete_retention(call: Call) -> Answer:
    log_groups.set_retention(call.caller.scope, call.params["logGroupName"], None)
    return Answer()


def tag(call: Call) -> Answer:
    log_groups.change_tags(call.caller.scope, name_in(call, call.params["resourceArn"]), call.params["tags"])
    return Answer()


def untag(call: Call) -> Answer:
    log_groups.change_tags(call.caller.scope, name_in(call, call.params["resourceArn"]), {}, call.params["tagKeys"])
    return Answer()


def list_tags(call: Call) -> Answer:
    return Answer({"tags": log_groups.tags(call.caller.scope, name_in(call, call.params["resourceArn"]))})


def _group(group: Group) -> dict[str, Any]:
    found: dict[str, Any] = {
        "logGroupName": group.name,
        "creationTime": _ms(group.created_at),
        "metricFilterCount": 0,
        "arn": f"{group.arn}:*",
        "logGroupArn": group.arn,
        "storedBytes": 0,
        "logGroupClass": "STANDARD",
    }
    if group.retention_days is not None:
        found["retentionInDays"] = group.retention_days
    return found


def _stream(group: Group, stream: log_events.Stream) -> dict[str, Any]:
    return {
        "logStreamName": stream.name,
        "creationTime": _ms(stream.first_at),
        "firstEventTimestamp": _ms(stream.first_at),
        "lastEventTimestamp": _ms(stream.last_at),
        "lastIngestionTime": _ms(stream.last_at),
        "arn": f"{group.arn}:log-stream:{stream.name}",
        "storedBytes": 0,
    }


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


OPERATIONS: dict[str, Callable[[Call], Answer]] = {
    "CreateLogGroup": create_group,
    "DeleteLogGroup": delete_group,
    "DescribeLogGroups": describe_groups,
    "DescribeLogStreams": describe_streams,
    "PutRetentionPolicy": put_retention,
    "DeleteRetentionPolicy": delete_retention,
    "TagResource": tag,
    "UntagResource": untag,
    "ListTagsForResource": list_tags,
}
