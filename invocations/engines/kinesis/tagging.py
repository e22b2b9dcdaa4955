"""Which tags a stream may have. Texts as AWS's."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping

from invocations.engines.kinesis import limits
from invocations.engines.kinesis.errors import InvalidArgument

_MARKS = frozenset(" _./=+-%@:")


def check_characters(texts: Iterable[str]) -> None:
    """Raises InvalidArgument for a key or value that holds what tags must not."""
    if not all(_allowed(letter) for text in texts for letter in text):
        raise InvalidArgument(
            "Some tags contain invalid characters. Valid characters: "
            "Unicode letters, digits, white space, _ . / = + - % @."
        )


def _allowed(letter: str) -> bool:
    return letter in _MARKS or unicodedata.category(letter)[0] in "LNM" or unicodedata.category(letter) == "Zs"


def added(before: Mapping[str, str], tags: Mapping[str, str], stream: str, account: str) -> dict[str, str]:
    """The tags with these set. Raises InvalidArgument."""
    check_characters([*tags, *tags.values()])
    if any(key.lower().startswith("aws:") for key in tags):
        raise InvalidArgument(
            f"Failed to add tags to stream {stream} under account {account} because tag keys must not begin with aws:."
        )
    after = {**before, **tags}
    if len(after) > limits.TAGS:
        raise InvalidArgument(
            f"Failed to add tags to stream {stream} under account {account} "
            f"because a given stream cannot have more than {limits.TAGS} tags associated with it."
        )
    return after
