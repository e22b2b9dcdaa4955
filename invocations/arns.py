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


def short_name(text: str) -> str:
    """What people call it: `fn:live`, a queue or topic by its name (subscriptions too), `bus/rule`; a URL whole."""
    arn = parse_arn(text)
    if arn is None:
        return text
    if arn.service == "lambda":
        return arn.resource.partition(":")[2] or arn.resource
    if arn.service == "sns":
        return arn.resource.split(":")[0]
    return arn.resource.partition("/")[2] or arn.resource


@dataclass(frozen=True)
class LayerReference:
    """What a caller wrote for a layer; parts they left out are None."""

    name: str
    version: int | None = None
    region: str | None = None
    account: str | None = None


_LAYER = re.compile(
    r"(?:arn:aws[a-zA-Z-]*:lambda:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):layer:)?"
    r"(?P<name>[a-zA-Z0-9-_]{1,140})(?::(?P<version>[0-9]{1,18}))?"
)


def parse_layer(text: str) -> LayerReference | None:
    """Read a layer's name, its ARN or a version's ARN; None when it is none of these."""
    match = _LAYER.fullmatch(text)
    if match is None:
        return None
    version = None if match["version"] is None else int(match["version"])
    return LayerReference(match["name"], version, match["region"], match["account"])


def layer_arn(account: str, region: str, name: str, version: int | None = None) -> str:
    arn = f"arn:aws:lambda:{region}:{account}:layer:{name}"
    return arn if version is None else f"{arn}:{version}"
