"""Whatever is sent, signed or not, the answer is never a failure of ours."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from invocations.wire.protocol.model import load
from tests.wire.asking import Asked, ask, presigned, signed, who

pytestmark = pytest.mark.django_db

MODEL = load("lambda")
relaxed = hypothesis_settings(
    deadline=None,
    max_examples=150,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@pytest.fixture(autouse=True)
def no_companion(settings: Any) -> None:
    """A well-signed request for S3 would ask it, and it does not run here."""
    settings.LAMBDAPLAY_COMPANION = "none"


latin = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=40)
words = st.sampled_from(
    ["fn", "fn:1", "fn:$LATEST", "x" * 65, "ü", "%", "arn:aws:lambda:us-east-1:000000000000:function:fn"]
)
names = words | st.text(max_size=20)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | names | st.just("UEsDBA==")
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(names, inner, max_size=2), max_leaves=5
)


@st.composite
def operations(draw: st.DrawFn) -> Asked:
    """A well-signed request for some operation of Lambda's, with any values in any place."""
    from urllib.parse import quote, urlencode

    operation = MODEL.operation_model(draw(st.sampled_from(list(MODEL.operation_names))))
    shape = operation.input_shape
    members: dict[str, Any] = shape.members if shape is not None else {}
    path, query, body, headers = operation.http["requestUri"], {}, {}, {}
    for name, member in members.items():
        where, key = member.serialization.get("location"), member.serialization.get("name", name)
        if where == "uri":
            path = path.replace(f"{{{key}}}", quote(draw(names), safe=""))
        elif draw(st.booleans()):
            if where == "querystring":
                query[key] = draw(names)
            elif where == "header":
                headers[key] = draw(latin).strip()
            elif where is None:
                body[key] = draw(values)
    raw = draw(st.just(json.dumps(body).encode()) | st.binary(max_size=30))
    target = path + (("&" if "?" in path else "?") + urlencode(query) if query else "")
    return signed(operation.http["method"], target, raw, {n: v for n, v in headers.items() if v.isascii()})


@relaxed
@given(operations())
def test_any_operation_with_any_values_is_answered_or_refused(asked: Asked) -> None:
    assume("+" not in asked.target)  # SDKs send %2B; botocore's signer leaves a bare plus as it is
    heard = ask(asked)
    assert heard.status < 500, heard.text
    assert heard.status != 403 or "signature we calculated" not in heard.text


@relaxed
@given(st.dictionaries(names, names, max_size=4), names)
def test_any_form_is_answered_or_refused(form: dict[str, str], action: str) -> None:
    from urllib.parse import urlencode

    encodable = {n: v for n, v in {**form, "Action": action}.items() if (n + v).isprintable()}
    body = urlencode(encodable, errors="replace").encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert ask(signed("POST", "/", body, headers, service="sts")).status < 500


BASES = [
    who(),
    signed("POST", "/2015-03-31/functions/fn/invocations?Qualifier=1", b"{}"),
    presigned("GET", "/?Action=GetCallerIdentity&Version=2011-06-15"),
    presigned("GET", "/bucket/key", service="s3"),
    Asked("GET", "/bucket/key?AWSAccessKeyId=test&Expires=9999999999&Signature=x"),
]


@relaxed
@given(st.sampled_from(BASES), st.data())
def test_a_mutated_request_is_refused_and_never_our_failure(base: Asked, data: st.DataObject) -> None:
    target = _mutated(base.target, data, "target")
    headers = dict(base.headers)
    if headers:
        name = data.draw(st.sampled_from(sorted(headers)))
        headers[name] = _mutated(headers[name], data, name)
    heard = ask(Asked(base.method, "/" + target.lstrip("/"), headers, base.body))
    assert heard.status < 500 or heard.status == 501, heard.text


def _mutated(text: str, data: st.DataObject, what: str) -> str:
    """Cut some characters out and put others in."""
    start = data.draw(st.integers(0, len(text)), label=f"{what} from")
    end = data.draw(st.integers(start, len(text)), label=f"{what} to")
    return text[:start] + data.draw(latin, label=f"{what} new") + text[end:]
