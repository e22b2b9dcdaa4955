"""Who can listen: protocols and their endpoints."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

from django.conf import settings

from invocations.arns import parse_arn, parse_function
from invocations.decisions.addresses import is_public
from invocations.engines.sns.errors import InvalidParameter, NotOffered
from invocations.models import Topic

QUEUE, FUNCTION, HTTP = "sqs", "lambda", ("http", "https")
OFFERED = (QUEUE, FUNCTION, *HTTP)
_KNOWN_TO_AWS = ("email", "email-json", "sms", "application", "firehose")
_LENGTH = 2048


def check(topic: Topic, protocol: str, endpoint: str, by_function: bool) -> None:
    """Raise InvalidParameter unless this endpoint can listen to this topic."""
    if protocol in _KNOWN_TO_AWS:
        raise NotOffered(f"the protocol {protocol}", f"subscribe {', '.join(OFFERED)}")
    if protocol not in OFFERED:
        raise InvalidParameter(f"Amazon SNS does not support this protocol string: {protocol}")
    if not endpoint or len(endpoint) > _LENGTH:
        raise InvalidParameter("Endpoint")
    if protocol == QUEUE:
        _check_queue(topic, endpoint)
    elif topic.fifo:
        raise InvalidParameter(
            f"Invalid parameter: Endpoint Reason: FIFO SNS topics deliver to SQS queues only, not to {protocol}"
        )
    elif protocol == FUNCTION:
        _check_function(endpoint)
    else:
        _check_url(protocol, endpoint, by_function)


def _check_queue(topic: Topic, endpoint: str) -> None:
    arn = parse_arn(endpoint)
    if arn is None or arn.service != "sqs" or not arn.region or not arn.account or ":" in arn.resource:
        raise InvalidParameter("SQS endpoint ARN")
    if arn.resource.endswith(".fifo") and not topic.fifo:
        raise InvalidParameter(
            "Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics"
        )


def _check_function(endpoint: str) -> None:
    reference = parse_function(endpoint)
    if not endpoint.startswith("arn:") or reference is None or None in (reference.account, reference.region):
        raise InvalidParameter("Lambda endpoint ARN")


def _check_url(protocol: str, endpoint: str, by_function: bool) -> None:
    if not endpoint.startswith(f"{protocol}://"):
        raise InvalidParameter("Endpoint must match the specified protocol")
    try:
        parts = urlsplit(endpoint)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise InvalidParameter("Endpoint") from None
    if not host or not endpoint.isascii() or not endpoint.isprintable() or " " in endpoint:
        raise InvalidParameter("Endpoint")
    problem = inner_problem(host, by_function)
    if problem and _is_inner_name(host):
        raise InvalidParameter(f"Endpoint Reason: {problem}")


# --- addresses that are not of the open internet ----------------------------------------------------------------------


def inner_problem(host: str, by_function: bool) -> str:
    """Say why this host may not be an address of this machine or a private network; "" when it may.

    A function must not reach through us what its own network keeps from it, and a server that others can reach must
    not knock at its neighbours' doors on their behalf.
    """
    if host.lower() in settings.LAMBDAPLAY_SUBSCRIBER_HOSTS:
        return ""
    if by_function:
        return f"{host} is on this machine or a private network, and a function's key made the subscription"
    if not settings.LAMBDAPLAY_LOOPBACK:
        return f"{host} is on this machine or a private network and not listed in LAMBDAPLAY_SUBSCRIBER_HOSTS"
    return ""


def addresses(host: str, port: int, by_function: bool) -> list[str]:
    """Resolve a host to the addresses that may be connected to. Raises OSError, or PermissionError with the reason."""
    found = [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    problem = inner_problem(host, by_function)
    allowed = found if not problem else [address for address in found if is_public(address)]
    if found and not allowed:
        raise PermissionError(problem)
    return allowed


def _is_inner_name(host: str) -> bool:
    """Whether the name alone tells that it is an inner address; other names are judged when they are resolved."""
    if host.lower() == "localhost" or host.lower().endswith(".localhost"):
        return True
    try:
        return not is_public(host)
    except ValueError:
        return False
