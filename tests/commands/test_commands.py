"""`manage.py invoke | create_function | list_functions`: what they do and refuse. As processes: test_shell.py."""

from __future__ import annotations

import io
import json
import shlex
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command, load_command_class
from django.core.management.base import CommandError

from invocations.management.refusing import HelpfulCommand
from invocations.models import Function, Invocation
from tests.admin.conftest import MakeFunction, home, make_function

__all__ = ["home", "make_function"]

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("home")]

CODE = "def handler(event, context): return event\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "code"
    place.mkdir()
    (place / "app.py").write_text(CODE)
    return place


def run(*arguments: str) -> str:
    output = io.StringIO()
    call_command(*arguments, stdout=output)
    return output.getvalue()


def refused(*arguments: str) -> str:
    """Run a command that must be refused; return its sentence."""
    with pytest.raises(CommandError) as refusal:
        run(*arguments)
    assert refusal.value.returncode == 2
    return str(refusal.value)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("nope",), "Function not found"),
        (("hello", "--qualifier", "nope"), "Function not found"),
        (("hello", "--qualifier", "x" * 129), "qualifier: Ensure this value has at most 128"),
        (("hello", "--payload", "{"), "Could not parse request body into json"),
        (("hello", "--payload-file", "/nowhere/event.json"), "cannot be read"),
        (("hello", "--region", "eu-west-1"), "Function not found: arn:aws:lambda:eu-west-1"),
        (("hello",), "manage.py up"),  # nobody runs functions in this test
    ],
)
def test_a_refused_invocation_is_a_sentence_and_no_row(
    make_function: MakeFunction, arguments: tuple[str, ...], says: str
) -> None:
    make_function("hello")
    assert says in refused("invoke", *arguments)
    assert not Invocation.objects.exists()


def test_code_is_a_file_a_folder_or_a_zip(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "single.py").write_text(CODE)
    package = tmp_path / "package.zip"
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("deep/app.py", CODE)
    assert run("create_function", "one", "--code", str(folder)).endswith(":function:one\n")
    run("create_function", "two", "--code", str(tmp_path / "single.py"))
    run("create_function", "three", "--code", str(package), "--handler", "deep.app.handler")
    handlers = {function.name: function.latest.handler for function in Function.objects.all()}
    assert handlers == {"one": "app.handler", "two": "single.handler", "three": "deep.app.handler"}


def test_update_changes_what_is_given_and_keeps_the_rest(folder: Path) -> None:
    run(
        "create_function",
        "fn",
        "--code",
        str(folder),
        "--timeout",
        "7",
        "--variable",
        "STAGE=a",
        "--variable",
        "EMPTY=",
    )
    assert "already exist" in refused("create_function", "fn", "--code", str(folder))
    (folder / "app.py").write_text(CODE + "# changed\n")
    printed = run("create_function", "fn", "--code", str(folder), "--memory", "256", "--update", "--publish")
    assert printed.endswith(":function:fn:1\n")
    published = Function.objects.get().versions.get(version="1")
    assert (published.timeout_seconds, published.memory_mb) == (7, 256)
    assert published.variables == {"STAGE": "a", "EMPTY": ""}
    assert published.code_sha256 == Function.objects.get().latest.code_sha256


def test_update_creates_what_is_not_there(folder: Path) -> None:
    run("create_function", "fn", "--code", str(folder), "--update")
    assert Function.objects.get().name == "fn"


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("bad name", (), "regular expression pattern"),
        ("fn", ("--code", "/nowhere"), "cannot be read"),
        ("fn", ("--timeout", "901"), "timeout_seconds: Ensure"),
        ("fn", ("--runtime", "python2.7"), "runtime: Select a valid choice"),
        ("fn", ("--variable", "nothing"), "--variable must read NAME=value"),
        ("fn", ("--variable", "AWS_REGION=x"), "reserved keys"),
        ("fn", ("--role", "me"), "regular expression pattern"),
    ],
)
def test_a_function_that_cannot_be_made_leaves_nothing(
    folder: Path, home: Any, name: str, options: tuple[str, ...], says: str
) -> None:
    assert says in refused("create_function", name, "--code", str(folder), *options)
    assert not Function.objects.exists()
    assert [path for path in home.code.iterdir() if path.is_dir()] == []


@pytest.mark.parametrize("content", [b"", b"PK no zip"])
def test_a_broken_package_leaves_nothing(tmp_path: Path, home: Any, content: bytes) -> None:
    (tmp_path / "code.zip").write_bytes(content)
    assert "zip" in refused("create_function", "fn", "--code", str(tmp_path / "code.zip"))
    assert [path for path in home.code.iterdir() if path.is_dir()] == []


def test_functions_are_listed_for_people_and_for_programs(make_function: MakeFunction) -> None:
    assert "No functions" in run("list_functions")
    for number in range(60):
        make_function(f"fn-{number:02}")
    make_function("java", runtime="java21", handler="a.B::c")
    table = run("list_functions").splitlines()
    assert len(table) == 62
    assert table[-1].endswith("(cannot run here)")
    rows = {row["name"]: row for row in json.loads(run("list_functions", "--json"))}
    assert rows["fn-59"]["handler"] == "app.handler"
    assert "java21" in rows["java"]["cannot_run"]
    assert "No functions" in run("list_functions", "--region", "eu-west-1")


@pytest.mark.parametrize("name", ["invoke", "deploy", "redrive", "waiting", "clock", "queue", "prove_idempotent"])
def test_help_ends_with_examples_that_the_command_takes(name: str) -> None:
    command = load_command_class("invocations", name)
    assert isinstance(command, HelpfulCommand)
    parser = command.create_parser("manage.py", name)
    told = parser.format_help().split("Examples:\n")[1].splitlines()
    assert len(told) == len(command.examples) > 1
    for line in told:
        words = shlex.split(line)
        assert words[:2] == ["manage.py", name]
        parser.parse_args(words[2:])


def test_what_contradicts_itself_is_refused(make_function: MakeFunction) -> None:
    make_function("hello")
    assert "leave one of them out" in refused("invoke", "hello", "--event", "--type", "DryRun")
    assert "leave one of them out" in refused("invoke", "hello", "--event", "--wait", "--json")
    dry = json.loads(run("invoke", "hello", "--type", "DryRun", "--json"))
    assert (dry["status_code"], dry["payload"]) == (204, None)
    sent = json.loads(run("invoke", "hello", "--event", "--json"))
    assert sent["status_code"] == 202
    assert Invocation.objects.get().request_id == sent["request_id"]
