"""What a streamed answer says of itself before its body."""

from __future__ import annotations

import pytest

from invocations.decisions.http_answers import MalformedAnswer
from invocations.decisions.http_prelude import prelude_answer, split_prelude

METADATA = b'{"statusCode":302,"headers":{"Location":"/x","Content-Length":"9"},"cookies":["a=1"]}'


def test_a_prelude_is_cut_off_once_its_end_is_there() -> None:
    assert split_prelude(METADATA + bytes(7), 1000) is None
    assert split_prelude(METADATA + bytes(8) + b"body\0\0", 1000) == (METADATA, b"body\0\0")
    with pytest.raises(MalformedAnswer, match="longer than 10 bytes"):
        split_prelude(METADATA, 10)


def test_a_prelude_says_status_headers_and_cookies() -> None:
    answer = prelude_answer(METADATA)
    assert answer.status == 302
    assert answer.headers == [("Location", "/x"), ("Set-Cookie", "a=1"), ("Content-Type", "application/octet-stream")]
    assert prelude_answer(b"").status == 200
    assert prelude_answer(b'{"headers":{"content-type":"a/b"}}').headers == [("content-type", "a/b")]


@pytest.mark.parametrize("prelude", [b"{", b"[]", b'{"statusCode":1}', b'{"headers":[]}', b'{"cookies":"a"}'])
def test_a_prelude_that_says_nonsense_is_refused(prelude: bytes) -> None:
    with pytest.raises(MalformedAnswer):
        prelude_answer(prelude)
