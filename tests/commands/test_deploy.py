"""`manage.py deploy`: what it makes of a path, and what it does when the files change."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from invocations.management.commands import deploy
from invocations.models import Function, FunctionVersion
from tests.admin.conftest import home

__all__ = ["home"]

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("home")]

CODE = "def handler(event, context): return event\n"
ARN = "arn:aws:lambda:us-east-1:000000000000:function:"


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    folder = tmp_path / "orders"
    folder.mkdir()
    (folder / "app.py").write_text(CODE)
    return folder


def run(*arguments: object) -> str:
    output = io.StringIO()
    call_command("deploy", *map(str, arguments), stdout=output, stderr=output)
    return output.getvalue()


def latest(name: str = "orders") -> FunctionVersion:
    return Function.objects.get(name=name).latest


def test_it_is_created_then_left_alone_then_changed(orders: Path) -> None:
    assert run(orders) == f"Created: {ARN}orders\n"
    before = latest()
    assert run(orders) == f"Unchanged: {ARN}orders\n"
    assert latest().revision_id == before.revision_id
    (orders / "app.py").write_text(CODE + "# more\n")
    assert run(orders) == f"Changed: {ARN}orders\n"
    assert latest().code_sha256 != before.code_sha256
    assert run(orders) == f"Unchanged: {ARN}orders\n"


def test_caches_change_nothing(orders: Path) -> None:
    run(orders)
    (orders / "__pycache__").mkdir()
    (orders / "__pycache__" / "app.pyc").write_bytes(b"x")
    assert run(orders).startswith("Unchanged")


def test_settings_are_kept_unless_they_are_given(orders: Path) -> None:
    run(orders, "--timeout", "7", "--variable", "STAGE=a")
    assert run(orders, "--timeout", "7").startswith("Unchanged")
    assert run(orders, "--memory", "256").startswith("Changed")
    assert run(orders, "--variable", "STAGE=b").startswith("Changed")
    found = latest()
    assert (found.timeout_seconds, found.memory_mb, found.variables) == (7, 256, {"STAGE": "b"})
    assert run(orders, "--publish") == f"Changed: {ARN}orders:1\n"


def test_the_name_is_the_path_s_own_or_the_one_given(orders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(orders)
    assert run() == f"Created: {ARN}orders\n"
    assert run("app.py") == f"Created: {ARN}app\n"
    assert run("app.py", "--name", "other") == f"Created: {ARN}other\n"


def test_runtime_and_handler_are_guessed(tmp_path: Path) -> None:
    (tmp_path / "tutorial").mkdir()
    (tmp_path / "tutorial" / "lambda_function.py").write_text("def lambda_handler(event, context): ...\n")
    (tmp_path / "site.mjs").write_text("export const handler = async () => 1;\n")
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "bootstrap").write_text("#!/bin/sh\n")
    with zipfile.ZipFile(tmp_path / "packed.zip", "w") as archive:
        archive.writestr("index.js", "")
    for path in ("tutorial", "site.mjs", "own"):
        run(tmp_path / path)
    run(tmp_path / "packed.zip", "--runtime", "nodejs22.x", "--handler", "index.handler")
    found = {
        each.name: (each.latest.runtime.rstrip("0123456789.x"), each.latest.handler) for each in Function.objects.all()
    }
    assert found == {
        "tutorial": ("python", "lambda_function.lambda_handler"),
        "site": ("nodejs", "site.handler"),
        "own": ("provided.al", "bootstrap"),
        "packed": ("nodejs", "index.handler"),
    }


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--timeout", "901"), "timeout_seconds: Ensure"),
        (("--variable", "nothing"), "--variable must read NAME=value"),
        (("--name", "bad name"), "regular expression pattern"),
    ],
)
def test_what_cannot_be_deployed_is_refused_and_leaves_nothing(
    orders: Path, options: tuple[str, ...], says: str
) -> None:
    with pytest.raises(CommandError, match=says) as refusal:
        run(orders, *options)
    assert refusal.value.returncode == 2
    assert not Function.objects.exists()


def test_a_path_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        run(tmp_path / "nowhere")


def watched(monkeypatch: pytest.MonkeyPatch, *edits: Callable[[], object]) -> None:
    """Instead of pauses: an edit before each look, then Ctrl-C."""

    def pauses() -> Iterator[None]:
        for edit in edits:
            edit()
            yield
        raise KeyboardInterrupt

    monkeypatch.setattr(deploy, "pauses", pauses)


def test_watching_deploys_after_each_change_until_it_is_ended(orders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = orders / "app.py"
    watched(
        monkeypatch,
        lambda: None,
        lambda: file.write_text(CODE + "# one\n"),
        lambda: None,
        lambda: (orders / "more.py").write_text("x = 1\n"),
        lambda: (orders / "more.py").unlink(),
    )
    told = run(orders, "--watch").splitlines()
    assert told[0] == f"Created: {ARN}orders"
    assert told[1].startswith("Watching ")
    assert told[2:] == [f"Changed: {ARN}orders"] * 3


def test_a_mistake_is_told_and_mended_by_the_next_change(orders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = orders / "app.py"
    watched(monkeypatch, file.unlink, lambda: file.write_text(CODE + "# back\n"))
    told = run(orders, "--watch").splitlines()
    assert "holds no files" in told[2]
    assert told[3:] == [f"Changed: {ARN}orders"]
