"""Is it JSON? Decided without keeping what it says: the original bytes travel on."""

from __future__ import annotations

import base64
import binascii
import json

from invocations import limits


def _skip(text: str) -> None:
    """Numbers are checked for their form only; one of five thousand digits must not cost a conversion."""


def _refuse_constant(name: str) -> None:
    raise ValueError(f"Unrecognized token '{name}': was expecting (JSON String, Number, Array, Object or token)")


_decoder = json.JSONDecoder(parse_int=_skip, parse_float=_skip, parse_constant=_refuse_constant)


def json_error(body: bytes) -> str | None:
    """Return why the body is not a JSON text (UTF-8), or None when it is."""
    try:
        _decoder.decode(body.decode("utf-8"))
    except UnicodeDecodeError as error:
        return f"Invalid UTF-8 at byte {error.start}"
    except json.JSONDecodeError as error:
        return f"{error.msg}\n at [Source: REDACTED; line: {error.lineno}, column: {error.colno}]"
    except RecursionError:
        return "Document nesting depth exceeds the maximum allowed"
    except ValueError as error:
        return str(error)
    return None


def decode_client_context(encoded: str) -> str | None:
    """Return the JSON text of a base64 client context, or None when it is too long or not base64 of a JSON object."""
    if len(encoded) > limits.CLIENT_CONTEXT_BYTES:
        return None
    try:
        text = base64.b64decode(encoded, validate=True).decode("utf-8")
        value = json.loads(text)
    except (binascii.Error, ValueError, RecursionError):
        return None
    return text if isinstance(value, dict) else None
