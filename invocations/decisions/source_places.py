"""Which endpoint a mapping's source is polled at: ours, AWS's or another emulator's. Read from LAMBDAPLAY_SOURCES.

`sqs=http://localhost:4566;arn:aws:kinesis:*:111122223333:*=aws:work` is two rules; the first that fits an ARN decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from urllib.parse import unquote, urlsplit

SERVICES = ("sqs", "kinesis")
EMBEDDED, AWS = "embedded", "aws"


class BadPlace(ValueError):
    """The sentence says what to change."""


@dataclass(frozen=True)
class Endpoint:
    """Somebody else's endpoint. `url` None: AWS's own. `profile` "": wherever the SDK finds credentials."""

    url: str | None = None
    profile: str = ""
    key: tuple[str, str] | None = None  # access key id and secret


@dataclass(frozen=True)
class Rule:
    """`pattern` is a service or an ARN with wildcards; `endpoint` None: the embedded service."""

    pattern: str
    endpoint: Endpoint | None


def read(text: str) -> tuple[Rule, ...]:
    """Read the setting. Raises BadPlace."""
    return tuple(_rule(part.strip()) for part in text.split(";") if part.strip())


def endpoint_of(rules: tuple[Rule, ...], service: str, arn: str) -> Endpoint | None:
    """Where this source is; None: here."""
    for rule in rules:
        if rule.pattern == service or (":" in rule.pattern and fnmatchcase(arn, rule.pattern)):
            return rule.endpoint
    return None


def _rule(text: str) -> Rule:
    pattern, _, place = (part.strip() for part in text.partition("="))
    parts = pattern.split(":")
    if pattern not in SERVICES and (len(parts) < 6 or parts[0] != "arn" or parts[2] not in SERVICES):
        raise BadPlace(f"{text!r} must begin with sqs, kinesis or an ARN of theirs (* for any text), then '='.")
    return Rule(pattern, None if place == EMBEDDED else _endpoint(text, pattern, place))


def _endpoint(text: str, pattern: str, place: str) -> Endpoint:
    if place == AWS:
        return Endpoint()
    if place.startswith(f"{AWS}:") and place != f"{AWS}:":
        return Endpoint(profile=place.removeprefix(f"{AWS}:"))
    parts = urlsplit(place)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadPlace(f"{text!r} must end with 'embedded', 'aws', 'aws:PROFILE' or an http(s) URL.")
    if parts.username is None:
        return Endpoint(place)
    if not parts.password:
        raise BadPlace(f"The URL for {pattern!r} names a user and no password: write KEY_ID:SECRET@host.")
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    return Endpoint(bare, key=(unquote(parts.username), unquote(parts.password)))
