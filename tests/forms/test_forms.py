from __future__ import annotations

import json
from typing import Any

import pytest
from django import forms

from invocations.forms import AliasForm, ConcurrencyForm, ConfigurationForm, CreateFunctionForm, InvokeForm
from invocations.forms import TestEventForm as EventForm
from invocations.forms.invoke import submission_from_json
from invocations.forms.variables import variables_from_text, variables_to_text
from invocations.values import Caller, Scope

CALLER = Caller(Scope("000000000000", "us-east-1"), "form", "test", "arn:aws:iam::000000000000:root")
FUNCTION = {
    "name": "fn",
    "runtime": "python3.12",
    "handler": "app.handler",
    "timeout_seconds": 3,
    "memory_mb": 128,
    "tmp_mb": 512,
    "role": "arn:aws:iam::000000000000:role/r",
    "source": "x",
}


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("name", "", "required"),
        ("name", "x" * 141, "at most 140"),
        ("runtime", "python2.7", "not one of the available choices"),
        ("handler", "", "required"),
        ("timeout_seconds", "0", "greater than or equal to 1"),
        ("timeout_seconds", "901", "less than or equal to 900"),
        ("timeout_seconds", "three", "whole number"),
        ("memory_mb", "127", "greater than or equal to 128"),
        ("memory_mb", "10241", "less than or equal to 10240"),
        ("tmp_mb", "511", "greater than or equal to 512"),
        ("network", "everything", "not one of the available choices"),
        ("description", "x" * 257, "at most 256"),
        ("variables", "no equals sign", "Line 1 must read NAME=value"),
        ("variables", "A1=1\nA1=2", "Line 2: A1 is there twice"),
        ("source", "x" * (512 * 1024 + 1), "at most 524288"),
    ],
)
def test_a_bad_value_is_refused_beside_its_field(field: str, value: str, says: str) -> None:
    form = CreateFunctionForm({**FUNCTION, field: value})
    assert not form.is_valid()
    assert list(form.errors) == [field]
    assert says in str(form.errors[field])


def test_a_form_becomes_the_changes_that_the_flow_takes() -> None:
    form = ConfigurationForm({**FUNCTION, "variables": "ONE=1\nTWO=a=b", "network": "internet"})
    assert form.is_valid(), form.errors
    changes = form.changes()
    assert changes.variables == {"ONE": "1", "TWO": "a=b"}
    assert (changes.timeout_seconds, changes.network, changes.description) == (3, "internet", "")


@pytest.mark.parametrize(
    "value", ["", "plain", "a=b", ' "quoted"', '"quoted"', "two\nlines", "ends\n", "tab\there", "ünï"]
)
def test_variables_survive_the_way_through_the_page(value: str) -> None:
    assert variables_from_text(variables_to_text({"NAME": value, "AFTER": "x"})) == {"NAME": value, "AFTER": "x"}


@pytest.mark.parametrize("text", ['A1="unfinished', "A1={", "=x", '"A1"'])
def test_lines_that_are_no_variables_are_named(text: str) -> None:
    if text == "A1={":
        assert variables_from_text(text) == {"A1": "{"}
        return
    with pytest.raises(forms.ValidationError, match="Line 1"):
        variables_from_text(text)


def test_an_empty_submission_is_a_synchronous_call_of_the_latest_version() -> None:
    form = InvokeForm({})
    assert form.is_valid()
    request = form.request(CALLER, "fn")
    assert (request.payload, request.qualifier) == (b"", None)
    assert (request.invocation_type, request.log_type) == ("RequestResponse", "None")


def test_the_payload_is_sent_as_it_was_written() -> None:
    form = InvokeForm({"payload": '  {"ü": 1}\n'})
    assert form.is_valid()
    assert form.request(CALLER, "fn").payload == '  {"ü": 1}\n'.encode()


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b'{"payload": NaN}', "NaN is no JSON value"),
        (b"[" * 100_000, "not JSON"),
        (b"[1]", "must be a JSON object"),
        (b'{"payloads": 1}', "Unknown member 'payloads'"),
        (b'{"qualifier": 1}', "qualifier must be a string"),
    ],
)
def test_a_json_submission_that_cannot_be_read_says_why(body: bytes, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        submission_from_json(body)


@pytest.mark.parametrize("payload", [{"a": [1, None]}, "text", 0, None, False])
def test_any_json_value_is_a_payload(payload: Any) -> None:
    fields = submission_from_json(json.dumps({"payload": payload, "log_type": "Tail"}).encode())
    assert json.loads(fields["payload"]) == payload
    assert fields["log_type"] == "Tail"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"name": "live", "version": "1", "second_version": "2"}, "needs both"),
        ({"name": "live", "version": "1", "percent": "0"}, "needs both"),
        ({"name": "live", "version": "1", "second_version": "2", "percent": "101"}, "less than or equal to 100"),
        ({"name": "", "version": "1"}, "required"),
    ],
)
def test_half_a_share_is_refused(data: dict[str, str], says: str) -> None:
    form = AliasForm(data)
    assert not form.is_valid()
    assert says in str(form.errors)


def test_a_share_of_nothing_is_a_share() -> None:
    form = AliasForm({"name": "live", "version": "1", "second_version": "2", "percent": "0"})
    assert form.is_valid()
    assert form.weights() == {"2": 0.0}


def test_no_reservation_and_a_reservation_of_nothing_are_two_things() -> None:
    empty, zero = ConcurrencyForm({"reserved": ""}), ConcurrencyForm({"reserved": "0"})
    assert empty.is_valid() and zero.is_valid()
    assert empty.cleaned_data["reserved"] is None
    assert zero.cleaned_data["reserved"] == 0


@pytest.mark.parametrize(
    ("name", "payload"), [("a/b", "{}"), ("", "{}"), ("x" * 65, "{}"), ("ok", "{"), ("ok", "Infinity")]
)
def test_a_test_event_needs_a_plain_name_and_json(name: str, payload: str) -> None:
    assert not EventForm({"name": name, "payload": payload}).is_valid()
