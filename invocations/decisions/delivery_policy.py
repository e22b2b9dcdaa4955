"""How often SNS tries an endpoint, and after which waits. Pure.

Endpoints that AWS runs (queues, functions) have one fixed schedule; HTTP endpoints have the topic's policy, which a
subscription may replace. Source: AWS's page on message delivery retries, and recorded answers for the shapes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

_RETRIES_MAX = 100
_DELAY_MAX = 3600  # seconds

# Numbers of a retry policy with least, most and default.
_NUMBERS = {
    "minDelayTarget": (1, _DELAY_MAX, 20),
    "maxDelayTarget": (1, _DELAY_MAX, 20),
    "numRetries": (0, _RETRIES_MAX, 3),
    "numMaxDelayRetries": (0, _RETRIES_MAX, 0),
    "numNoDelayRetries": (0, _RETRIES_MAX, 0),
    "numMinDelayRetries": (0, _RETRIES_MAX, 0),
}
PLAIN_TEXT = "text/plain; charset=UTF-8"
_CONTENT_TYPES = frozenset(
    f"{kind}/{name}"
    for kind, names in {
        "text": ("css", "csv", "html", "plain", "xml"),
        "application": (
            "atom+xml",
            "json",
            "octet-stream",
            "soap+xml",
            "x-www-form-urlencoded",
            "xhtml+xml",
            "xml",
        ),
    }.items()
    for name in names
)
_WITHIN_ENVELOPES = ("text/plain", "application/json")


class InvalidPolicy(ValueError):
    """The policy is not valid; the text says where."""


@dataclass(frozen=True)
class Schedule:
    """`tries`: the first included. `back_off`: seconds before try 2, 3, ...; the last one holds on."""

    tries: int
    back_off: tuple[int, ...]
    max_age_seconds: int


# 3 at once, 2 after a second, 10 that grow from 1 to 20 seconds, 100,000 after 20 seconds: 23 days, and a day of grace.
MANAGED = Schedule(100_016, (0, 0, 0, 1, 1, 1, 1, 2, 3, 4, 5, 7, 10, 14, 20), 24 * 24 * 3600)


def http_schedule(retry: Mapping[str, Any]) -> Schedule:
    """The schedule of an effective retry policy: immediate retries, then the shortest wait, a growing one, the longest.

    AWS draws the growing phase as a curve without saying its formula; these pass through both ends.
    """
    low, high = retry["minDelayTarget"], retry["maxDelayTarget"]
    none, least, most = retry["numNoDelayRetries"], retry["numMinDelayRetries"], retry["numMaxDelayRetries"]
    growing = max(retry["numRetries"] - none - least - most, 0)
    curve = _CURVES[retry["backoffFunction"]]
    between = tuple(round(curve(low, high, step, growing)) for step in range(1, growing + 1))
    waits = (0,) * none + (low,) * least + between + (high,) * most
    # Answers take time, too: an endpoint may hang for 15 s at each try.
    return Schedule(len(waits) + 1, waits, sum(waits) + 60 * (len(waits) + 1))


def _linear(low: int, high: int, step: int, steps: int) -> float:
    return low + (high - low) * step / steps


def _arithmetic(low: int, high: int, step: int, steps: int) -> float:
    return low + (high - low) * step * (step + 1) / (steps * (steps + 1))


def _geometric(low: int, high: int, step: int, steps: int) -> float:
    growth: float = (high / low) ** (step / steps)
    return low * growth


def _exponential(low: int, high: int, step: int, steps: int) -> float:
    # Scaled, so that a hundred steps are no trouble.
    return low + (high - low) * (2.0 ** (step - steps) - 2.0**-steps) / (1 - 2.0**-steps)


_CURVES: dict[str, Callable[[int, int, int, int], float]] = {
    "linear": _linear,
    "arithmetic": _arithmetic,
    "geometric": _geometric,
    "exponential": _exponential,
}


# --- what a topic's or subscription's policy may say ------------------------------------------------------------------


def read_topic_policy(text: str) -> dict[str, Any]:
    """Check a topic's DeliveryPolicy; return what of it counts, {} for nothing. Raises InvalidPolicy."""
    document = _object(text)
    _only(document, ("http",), "DeliveryPolicy")
    http = document.get("http") or {}
    _known(http, "http", ("defaultHealthyRetryPolicy", "disableSubscriptionOverrides", "defaultRequestPolicy"))
    overrides = http.get("disableSubscriptionOverrides", False)
    if not isinstance(overrides, bool):
        raise InvalidPolicy("http.disableSubscriptionOverrides must be true or false")
    found: dict[str, Any] = {}
    if http.get("defaultHealthyRetryPolicy") is not None:
        found["defaultHealthyRetryPolicy"] = _retry(http["defaultHealthyRetryPolicy"], "http.defaultHealthyRetryPolicy")
    if "http" in document:
        found["disableSubscriptionOverrides"] = overrides
    if http.get("defaultRequestPolicy") is not None:
        found["defaultRequestPolicy"] = _request(http["defaultRequestPolicy"], "http.defaultRequestPolicy")
    return {"http": found} if found else {}


def read_subscription_policy(text: str) -> dict[str, Any]:
    """Check a subscription's DeliveryPolicy; return what of it counts, {} for nothing. Raises InvalidPolicy."""
    document = _object(text)
    _known(document, "", ("healthyRetryPolicy", "requestPolicy", "sicklyRetryPolicy", "throttlePolicy", "guaranteed"))
    found: dict[str, Any] = {}
    if document.get("healthyRetryPolicy") is not None:
        found["healthyRetryPolicy"] = _retry(document["healthyRetryPolicy"], "healthyRetryPolicy")
    if document.get("requestPolicy") is not None:
        found["requestPolicy"] = _request(document["requestPolicy"], "requestPolicy")
    return found


def effective_topic_policy(policy: Mapping[str, Any]) -> dict[str, Any]:
    """The policy with AWS's defaults in all places where it says nothing."""
    http = policy.get("http", {})
    return {
        "http": {
            "defaultHealthyRetryPolicy": _effective_retry(http.get("defaultHealthyRetryPolicy")),
            "disableSubscriptionOverrides": http.get("disableSubscriptionOverrides", False),
            "defaultRequestPolicy": http.get("defaultRequestPolicy") or {"headerContentType": PLAIN_TEXT},
        }
    }


def effective_subscription_policy(topic: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """The policy that one endpoint is tried by: its own, unless the topic forbids that, else the topic's."""
    http = effective_topic_policy(topic)["http"]
    if http["disableSubscriptionOverrides"]:
        own = {}
    retry = own.get("healthyRetryPolicy")
    return {
        **shown_subscription_policy({}),
        "healthyRetryPolicy": http["defaultHealthyRetryPolicy"] if retry is None else _effective_retry(retry),
        "requestPolicy": own.get("requestPolicy") or http["defaultRequestPolicy"],
    }


def shown_subscription_policy(own: Mapping[str, Any]) -> dict[str, Any]:
    """A subscription's policy as AWS answers it, with all its parts."""
    retry = own.get("healthyRetryPolicy")
    return {
        "healthyRetryPolicy": None if retry is None else _effective_retry(retry),
        "sicklyRetryPolicy": None,
        "throttlePolicy": None,
        "requestPolicy": own.get("requestPolicy"),
        "guaranteed": False,
    }


def _effective_retry(retry: Mapping[str, Any] | None) -> dict[str, Any]:
    given = retry or {}
    numbers = {name: given.get(name, default) for name, (_, _, default) in _NUMBERS.items()}
    return {**numbers, "backoffFunction": given.get("backoffFunction", "linear")}


def _object(text: str) -> dict[str, Any]:
    if text == "":
        return {}
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidPolicy("failed to parse JSON.") from None
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise InvalidPolicy("must be a JSON object")
    return document


def _only(given: Mapping[str, Any], names: tuple[str, ...], where: str) -> None:
    for name in given:
        if name not in names:
            raise InvalidPolicy(f"unexpected attribute {name} in {where}")


def _known(given: object, where: str, names: tuple[str, ...]) -> None:
    """What AWS knows and nothing here acts on is refused by name, unless it says nothing."""
    if not isinstance(given, dict):
        raise InvalidPolicy(f"{where} must be an object")
    inside = f"{where}." if where else ""
    for name in ("throttlePolicy", "defaultThrottlePolicy", "sicklyRetryPolicy", "defaultSicklyRetryPolicy"):
        if given.get(name) is not None:
            raise InvalidPolicy(f"lambdaplay does not offer {inside}{name}")
    if given.get("guaranteed"):
        raise InvalidPolicy(f"lambdaplay does not offer {inside}guaranteed")
    _only({name: value for name, value in given.items() if value is not None}, names, where or "DeliveryPolicy")


def _retry(given: object, where: str) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise InvalidPolicy(f"{where} must be an object")
    _only(given, (*_NUMBERS, "backoffFunction"), where)
    for name, (least, most, _) in _NUMBERS.items():
        value = given.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise InvalidPolicy(f"{where}.{name} must be a whole number from {least} to {most}")
    found = {name: value for name, value in given.items() if value is not None}
    if found.get("backoffFunction", "linear") not in _CURVES:
        raise InvalidPolicy(f"{where}.backoffFunction must be one of {', '.join(_CURVES)}")
    whole = _effective_retry(found)
    if whole["minDelayTarget"] > whole["maxDelayTarget"]:
        raise InvalidPolicy(f"{where}.maxDelayTarget must be greater than or equal to minDelayTarget")
    parts = whole["numNoDelayRetries"] + whole["numMinDelayRetries"] + whole["numMaxDelayRetries"]
    if parts > whole["numRetries"]:
        raise InvalidPolicy(f"{where}.numRetries must be greater than or equal to the sum of its phases")
    return found


def _request(given: object, where: str) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise InvalidPolicy(f"{where} must be an object")
    _only(given, ("headerContentType",), where)
    kind = given.get("headerContentType")
    if not isinstance(kind, str) or kind.partition(";")[0].strip() not in _CONTENT_TYPES:
        raise InvalidPolicy(f"{where}.headerContentType must be one of {', '.join(sorted(_CONTENT_TYPES))}")
    charset = kind.partition(";")[2].strip()
    if charset and charset.lower() != "charset=utf-8":
        raise InvalidPolicy(f"{where}.headerContentType may name no other charset than UTF-8")
    return {"headerContentType": kind}


def content_type(effective: Mapping[str, Any], raw: bool) -> str:
    """What a notification is sent as: an envelope as text or JSON only, a raw message as the policy says."""
    kind: str = effective["requestPolicy"]["headerContentType"]
    return kind if raw or kind.partition(";")[0].strip() in _WITHIN_ENVELOPES else PLAIN_TEXT
