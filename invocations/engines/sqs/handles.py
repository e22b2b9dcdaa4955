"""Receipt handles: which message, and which receive of it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
from dataclasses import dataclass

from invocations.engines.sqs.errors import ReceiptHandleIsInvalid

_PREFIX = "AQEB"  # as AWS's begin


@dataclass(frozen=True)
class Handle:
    """`message` is the row, `receipt` what its newest receive wrote into it."""

    message: int
    receipt: str
    text: str


def new_receipt() -> str:
    return secrets.token_hex(16)


def receipt_of_attempt(attempt: str) -> str:
    """The receipt of a FIFO receive that may be asked for again by the same attempt id."""
    return hashlib.sha256(attempt.encode()).hexdigest()[:32]


def write(message: int, receipt: str, queue: int) -> str:
    return _PREFIX + base64.b64encode(f"{queue}:{message}:{receipt}".encode()).decode()


def read(text: str, queue: int) -> Handle:
    """Raises ReceiptHandleIsInvalid for what was never a handle of this queue."""
    try:
        if not text.startswith(_PREFIX):
            raise ValueError
        place, message, receipt = base64.b64decode(text[len(_PREFIX) :], validate=True).decode("ascii").split(":")
        if int(place) != queue or len(receipt) != 32 or not 0 < int(message) < 2**63:
            raise ValueError
        return Handle(int(message), receipt, text)
    except (ValueError, binascii.Error):
        raise ReceiptHandleIsInvalid(text) from None
