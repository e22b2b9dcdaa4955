"""`versions`, `alias`, `provisioned`, `permission` and `layer`: what they change, print and refuse."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from invocations import limits
from invocations.flows.functions import FunctionDraft, create_function
from invocations.models import Alias, Function, LayerVersion, ProvisionedConfig
from invocations.runtime import code
from invocations.values import Scope
from lambdaplay.home import Home

pytestmark = pytest.mark.django_db

SCOPE = Scope("000000000000", "us-east-1")
ARN = "arn:aws:lambda:us-east-1:000000000000:"


def run(*arguments: str) -> str:
    output = io.StringIO()
    call_command(*arguments, stdout=output)
    return output.getvalue()


def told(*arguments: str) -> Any:
    return json.loads(run(*arguments))


@pytest.fixture
def function(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Function:
    """A function `f` with a version 1, in a state folder of the test's own; nothing is ever pending."""
    monkeypatch.setattr(limits, "SETTLE_SECONDS", 0.0)
    settings.LAMBDAPLAY_HOME = Home(tmp_path / "home")
    settings.LAMBDAPLAY_HOME.make()
    package = code.store(code.from_source("app.py", "def handler(event, context): pass\n"))
    values: dict[str, Any] = {
        "runtime": "python3.12",
        "handler": "app.handler",
        "role": "arn:aws:iam::000000000000:role/any",
    }
    return create_function(SCOPE, FunctionDraft(name="f", code=package, publish=True, **values)).function


def test_versions_are_published_listed_and_deleted(function: Function) -> None:
    assert run("versions", "publish", "f", "--description", "nothing new") == f"{ARN}function:f:1\n"
    call_command("create_function", "f", "--code", __file__, "--update", stdout=io.StringIO())
    assert run("versions", "publish", "f", "--description", "next") == f"{ARN}function:f:2\n"
    found = told("versions", "list", "f", "--json")
    assert [(one["version"], one["description"]) for one in found[1:]] == [("1", ""), ("2", "next")]
    run("versions", "delete", "f", "1")
    assert [one["version"] for one in told("versions", "list", "f", "--json")] == ["$LATEST", "2"]


def test_an_alias_is_made_shared_and_deleted(function: Function) -> None:
    call_command("create_function", "f", "--code", __file__, "--update", "--publish", stdout=io.StringIO())
    assert run("alias", "put", "f", "live", "1") == f"{ARN}function:f:live\n"
    run("alias", "put", "f", "live", "1", "--share", "2=12.5", "--description", "carefully")
    assert told("alias", "list", "f", "--json") == [
        {"name": "live", "version": "1", "weights": {"2": 0.125}, "description": "carefully"}
    ]
    assert run("alias", "list", "f") == "live  1 87.5 %, 2 12.5 %  carefully\n"
    run("alias", "delete", "f", "live")
    assert not Alias.objects.exists()
    assert "makes one" in run("alias", "list", "f")


def test_environments_are_kept_ready(function: Function) -> None:
    assert "makes" not in run("provisioned", "list", "f")
    assert run("provisioned", "put", "f", "1", "2") == "1  0 of 2 ready  IN_PROGRESS\n"
    assert ProvisionedConfig.objects.get().requested == 2
    assert told("provisioned", "get", "f", "1", "--json")["requested"] == 2
    assert [one["qualifier"] for one in told("provisioned", "list", "f", "--json")] == ["1"]
    run("provisioned", "delete", "f", "1")
    assert not ProvisionedConfig.objects.exists()


def test_statements_come_and_go(function: Function) -> None:
    statement = told(
        "permission", "add", "f", "topic", "sns.amazonaws.com", "--source-arn", "arn:aws:sns:us-east-1:000000000000:*"
    )
    assert (statement["Sid"], statement["Effect"]) == ("topic", "Allow")
    run("permission", "add", "f", "one", "111122223333", "--qualifier", "1")
    assert [one["Sid"] for one in told("permission", "show", "f")["Statement"]] == ["topic"]
    run("permission", "remove", "f", "topic")
    assert told("permission", "show", "f") == {"Statement": []}
    assert [one["Sid"] for one in told("permission", "show", "f", "--qualifier", "1")["Statement"]] == ["one"]


def test_a_layer_is_published_used_and_deleted(function: Function, tmp_path: Path) -> None:
    folder = tmp_path / "layer" / "python"
    folder.mkdir(parents=True)
    (folder / "tools.py").write_text("x = 1\n")
    arn = f"{ARN}layer:tools:1"
    made = run("layer", "publish", "tools", str(folder.parent), "--runtime", "python3.12", "--architecture", "x86_64")
    assert made == f"{arn}\n"
    assert [one["runtimes"] for one in told("layer", "list", "--json")] == [["python3.12"]]
    assert run("layer", "list", "tools").startswith(f"{arn}  ")
    assert run("layer", "use", "f", arn) == "f has 1 layer.\n"
    assert function.latest.layers[0]["arn"] == arn
    assert run("layer", "use", "f") == "f has no layers.\n"
    run("layer", "delete", "tools", "1")
    assert not LayerVersion.objects.exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("versions", "publish", "gone"), "Function not found"),
        (("versions", "delete", "f", "live"), "by its number"),
        (("versions", "list", "gone"), "Function not found"),
        (("alias", "put", "f", "live", "9"), "Function not found"),
        (("alias", "put", "f", "live", "1", "--share", "2"), "VERSION=PERCENT"),
        (("alias", "put", "f", "live", "1", "--share", "1=101"), "less than or equal to 100"),
        (("alias", "put", "f", "7", "1"), "failed to satisfy constraint"),
        (("provisioned", "put", "f", "$LATEST", "1"), "unpublished function versions"),
        (("provisioned", "put", "f", "1", "0"), "greater than or equal to 1"),
        (("provisioned", "put", "f", "1", "5000"), "unreserved concurrency"),
        (("provisioned", "get", "f", "1"), "No Provisioned Concurrency Config found"),
        (("permission", "add", "f", "a b", "*"), "failed to satisfy constraint"),
        (("permission", "remove", "f", "none"), "No policy"),
        (("permission", "show", "gone"), "Function not found"),
        (("layer", "publish", "a b", "."), "Letters, digits"),
        (("layer", "publish", "tools", "/nowhere"), "cannot be read"),
        (("layer", "publish", "tools", __file__), "unzip"),
        (("layer", "publish", "tools", ".", "--runtime", "perl"), "not one of the available choices"),
        (("layer", "use", "f", f"{ARN}layer:none:1"), "does not exist"),
    ],
)
def test_bad_input_is_a_sentence_and_changes_nothing(function: Function, arguments: tuple[str, ...], says: str) -> None:
    with pytest.raises(CommandError) as refusal:
        run(*arguments)
    assert refusal.value.returncode == 2
    assert says in str(refusal.value)
    assert not (Alias.objects.exists() or ProvisionedConfig.objects.exists() or LayerVersion.objects.exists())
