"""ARNs of topics and subscriptions, read as SNS reads them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from invocations.engines.sns.errors import InvalidParameter
from invocations.values import Scope

FIFO = ".fifo"
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,256}")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_PARTS = 6


@dataclass(frozen=True)
class TopicName:
    scope: Scope
    name: str


def read_topic(arn: str, region: str, parameter: str = "TopicArn") -> TopicName:
    """Read a topic's ARN, which must be of the region that was signed for. Raises InvalidParameter."""
    parts = _parts(arn, parameter)
    if len(parts) != _PARTS or parts[2] != "sns" or parts[3] != region:
        raise InvalidParameter(parameter)
    return TopicName(Scope(parts[4], parts[3]), parts[5])


def read_subscription(arn: str) -> tuple[str, str]:
    """Return the topic's ARN and the subscription's id. Raises InvalidParameter."""
    if not arn:
        raise InvalidParameter("SubscriptionArn Reason: no value for required parameter")
    parts = _parts(arn, "SubscriptionArn")
    if len(parts) != _PARTS + 1 or not _UUID.fullmatch(parts[6]):
        raise InvalidParameter("SubscriptionId")
    return ":".join(parts[:6]), parts[6]


def _parts(arn: str, parameter: str) -> list[str]:
    parts = arn.split(":")
    if len(parts) < _PARTS:
        raise InvalidParameter(f"{parameter} Reason: An ARN must have at least 6 elements, not {len(parts)}")
    return parts


def check_name(name: str, fifo: bool) -> None:
    """Raise InvalidParameter for a name that a topic of that kind may not have."""
    base = name.removesuffix(FIFO)
    if fifo and (base == name or len(name) > 256 or not _NAME.fullmatch(base)):
        raise InvalidParameter(
            "Fifo Topic names must end with .fifo and must be made up of only uppercase and lowercase ASCII letters, "
            "numbers, underscores, and hyphens, and must be between 1 and 256 characters long."
        )
    if not fifo and not _NAME.fullmatch(name):
        raise InvalidParameter("Topic Name")
