"""Layers in the console: what there is, in which versions, who uses it; on a function's page its own, with its tags."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest
from django.test import Client

from invocations.flows import layer_policies, layers
from invocations.models import Function
from invocations.runtime import code
from tests.admin.conftest import SCOPE, MakeFunction

PLACE = "/admin/invocations/layer/"


def publish(name: str = "tools", text: str = "one", file: str = "tools.py", **more: Any) -> str:
    package = code.store(code.from_source(file, f"NAME = {text!r}\n"))
    return layers.publish(SCOPE, name, layers.LayerDraft(package, **more)).arn


@pytest.fixture
def function(make_function: MakeFunction) -> Function:
    """One that uses both versions of nothing but `tools`: $LATEST the second."""
    first = publish(runtimes=["python3.12"], description="the first")
    second = publish(text="two")
    publish("idle")
    made = make_function(layers=[first], publish=True, tags={"team": "<b>"})
    from invocations.flows.functions import ConfigurationChanges, update_configuration

    update_configuration(SCOPE, "hello", ConfigurationChanges(layers=[second]))
    return made


def test_the_list_says_which_functions_use_a_layer(console: Client, function: Function) -> None:
    assert console.get(PLACE, {"format": "json"}).json() == {
        "layers": [
            {
                "name": "idle",
                "arn": "arn:aws:lambda:us-east-1:000000000000:layer:idle",
                "versions": 1,
                "newest": 1,
                "used_by": [],
            },
            {
                "name": "tools",
                "arn": "arn:aws:lambda:us-east-1:000000000000:layer:tools",
                "versions": 2,
                "newest": 2,
                "used_by": ["hello"],
            },
        ],
        "after": None,
    }
    page = console.get(PLACE).content.decode()
    assert f'href="/admin/invocations/function/{function.pk}/change/">hello</a>' in page
    assert "no function" in page
    found = console.get(PLACE, {"name": "OOL", "format": "json"}).json()["layers"]
    assert [one["name"] for one in found] == ["tools"]


def test_the_list_comes_in_pages(console: Client) -> None:
    for number in range(26):
        publish(f"layer-{number:02}")
    first = console.get(PLACE, {"format": "json"}).json()
    assert (len(first["layers"]), first["after"]) == (25, "layer-24")
    rest = console.get(PLACE, {"format": "json", "after": first["after"]}).json()
    assert [one["name"] for one in rest["layers"]] == ["layer-25"]


def test_a_layer_shows_its_versions_their_users_and_who_else_may(console: Client, function: Function) -> None:
    grant = {"statement_id": "s", "action": "lambda:GetLayerVersion", "principal": "111122223333"}
    layer_policies.add(SCOPE, "tools", 1, **grant)
    place = f"{PLACE}{_pk('tools')}/change/"
    shown = console.get(place, {"format": "json"}).json()["versions"]
    assert [(one["version"], one["used_by"]) for one in shown] == [(2, ["hello:$LATEST"]), (1, ["hello:1"])]
    page = console.get(place).content.decode()
    assert "arn:aws:iam::111122223333:root may use it." in page
    assert "the first" in page


def test_a_version_is_downloaded_as_it_was_uploaded(console: Client, function: Function) -> None:
    answer = console.get(f"{PLACE}{_pk('tools')}/2/package/")
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as archive:  # type: ignore[attr-defined]
        assert archive.read("tools.py") == b"NAME = 'two'\n"
    assert console.get(f"{PLACE}{_pk('tools')}/9/package/").status_code == 404


def test_a_functions_page_shows_its_layers_and_tags(console: Client, function: Function) -> None:
    place = f"/admin/invocations/function/{function.pk}/change/"
    page = console.get(place, {"tab": "configuration"}).content.decode()
    assert "arn:aws:lambda:us-east-1:000000000000:layer:tools:2" in page
    assert "Tag team" in page
    assert "&lt;b&gt;" in page
    document = console.get(place, {"format": "json"}).json()
    assert document["tags"] == {"team": "<b>"}
    assert [one["layers"][0][-1] for one in document["versions"]] == ["2", "1"]


def test_no_layers_yet_and_a_layer_without_versions(console: Client) -> None:
    assert b"No layers yet" in console.get(PLACE).content
    publish()
    layers.delete(SCOPE, "tools", 1)
    assert b"No layers yet" in console.get(PLACE).content
    page = console.get(f"{PLACE}{_pk('tools')}/change/").content
    assert b"The next one gets number 2." in page


@pytest.mark.parametrize("place", ["999999/change/", "x/change/", "99999999999999999999999/change/"])
def test_what_is_not_there_is_404(console: Client, place: str) -> None:
    assert console.get(PLACE + place).status_code == 404


def _pk(name: str) -> int:
    from invocations.models import Layer

    return Layer.objects.get(name=name).pk


def test_a_layer_shows_the_extensions_that_it_brings(console: Client) -> None:
    publish("watched", file="extensions/watch")
    place = f"{PLACE}{_pk('watched')}/change/"
    assert console.get(place, {"format": "json"}).json()["versions"][0]["extensions"] == ["watch"]
    assert 'extension <span class="c-mono">watch</span>' in console.get(place).content.decode()
