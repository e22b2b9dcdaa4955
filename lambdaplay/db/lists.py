"""A list of whole numbers as one parameter: the statement's text is the same for every length of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django.db import connection


def among(column: str) -> str:
    """A condition with one parameter, `listed(numbers)`, for the database in use."""
    if connection.vendor == "sqlite":
        return f"{column} IN (SELECT value FROM json_each(%s))"  # noqa: S608 - our own column
    return f"{column} = ANY(%s)"


def listed(numbers: Sequence[int]) -> Any:
    return json.dumps(numbers) if connection.vendor == "sqlite" else list(numbers)
