"""Amazon Resource Names: made and taken apart in one place."""

from __future__ import annotations

import re
from dataclasses import dataclass

# The model's "namespaced" function name: bare name, partial ARN or full ARN, each with an optional qualifier.
_REFERENCE = re.compile(
    r"(?:arn:aws[a-zA-Z-]*:lambda:)?"
    r"(?:(?P<region>(?:eusc-)?[a-z]{2}(?:-gov|-iso[a-z]?)?-[a-z]+-\d):)?"
    r"(?:(?P<account>\d{12}):)?"
    r"(?:function:)?"
    r"(?P<name>[a-zA-Z0-9-_.]+)"
    r"(?::(?P<qualifier>\$LATEST|[a-zA-Z0-9-_]+))?"
)


@dataclass(frozen=True)
class FunctionReference:
    """What a caller wrote for a function; parts they left out are None."""

    name: str
    qualifier: str | None = None
    region: str | None = None
    account: str | None = None


@dataclass(frozen=True)
class Arn:
    """Any ARN, taken apart. Region and account are "" where a service leaves them out (S3 does)."""

    text: str
    service: str
    region: str
    account: str
    resource: str  # all that follows the account


def parse_arn(text: str) -> Arn | None:
    """Read an ARN; None when it is none."""
    parts = text.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn" or not parts[2] or not parts[5]:
        return None
    return Arn(text, parts[2], parts[3], parts[4], parts[5])


def parse_function(text: str) -> FunctionReference | None:
    """Read a function name, partial ARN or ARN; None when it is none of these."""
    match = _REFERENCE.fullmatch(text)
    if match is None:
        return None
    return FunctionReference(match["name"], match["qualifier"], match["region"], match["account"])


def function_arn(account: str, region: str, name: str, qualifier: str | None = None) -> str:
    arn = f"arn:aws:lambda:{region}:{account}:function:{name}"
    return arn if qualifier is None else f"{arn}:{qualifier}"
