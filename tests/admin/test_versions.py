"""Two versions compared, an alias filled in for a change, hidden variables, and concurrency as it is used."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest
from django.test import Client

from invocations.admin import function_concurrency
from invocations.admin.live import Live
from invocations.flows import aliases, concurrency, versions
from invocations.flows.functions import ConfigurationChanges, update_configuration
from invocations.runtime import code
from tests.admin.conftest import SCOPE, MakeFunction, let_settle

pytestmark = pytest.mark.django_db


def _place(function: Any, verb: str) -> str:
    return f"/admin/invocations/function/{function.pk}/{verb}"


def _zip(**files: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in files.items():
            archive.writestr(name.replace("_py", ".py"), content)
    return target.getvalue()


@pytest.fixture
def function(make_function: MakeFunction) -> Any:
    """Version 1, and $LATEST with other code and configuration."""
    package = _zip(app_py=b"rate = 1\n", old_py=b"<b>gone</b>\n", same_py=b"same\n", logo=b"\0\1")
    made = make_function(package=package, publish=True, variables={"KEPT": "k3pt", "TOKEN": "s3cret"})
    changes = ConfigurationChanges(memory_mb=512, variables={"KEPT": "k3pt", "TOKEN": "n3w"})
    update_configuration(SCOPE, made.name, changes)
    latest = made.latest
    stored = code.store(_zip(app_py=b"rate = 2\n", new_py=b"new\n", same_py=b"same\n", logo=b"\0\1\2"))
    latest.code_sha256 = stored.sha256
    latest.save()
    let_settle(made)
    return made


def test_versions_are_compared_setting_by_setting_and_file_by_file(console: Client, function: Any) -> None:
    found = console.get(_place(function, "versions/compare/?from=1&format=json")).json()
    assert (found["from"], found["to"]) == ("1", "$LATEST")
    assert {"name": "Memory (MB)", "before": "128", "after": "512", "secret": False} in found["fields"]
    assert {"name": "TOKEN", "secret": True} in found["fields"]
    assert "KEPT" not in str(found)
    files = {file["path"]: (file["status"], file["note"]) for file in found["code"]["files"]}
    assert files == {
        "app.py": ("changed", ""),
        "logo": ("changed", "Binary: 2 bytes, then 3."),
        "new.py": ("added", ""),
        "old.py": ("removed", ""),
    }
    page = console.get(_place(function, "versions/compare/")).content.decode()
    assert '<span class="removed">-rate = 1' in page
    assert '<span class="added">+rate = 2' in page
    assert "&lt;b&gt;gone" in page


def test_equal_versions_say_so_and_unknown_ones_are_404(console: Client, function: Any) -> None:
    page = console.get(_place(function, "versions/compare/?from=1&to=1")).content.decode()
    assert "No setting differs." in page
    assert "The same package." in page
    for asked in ("from=9", "to=x", "from=1%00"):
        status = console.get(_place(function, f"versions/compare/?{asked}")).status_code
        assert status == (200 if asked == "from=1%00" else 404), asked


def test_an_alias_is_filled_in_for_a_change(console: Client, function: Any) -> None:
    versions.publish_version(SCOPE, function.name)
    aliases.create_alias(SCOPE, function.name, "live", "1", weights={"2": 0.125})
    page = console.get(_place(function, "change/?tab=versions&alias=live")).content.decode()
    assert 'name="percent" value="12.5"' in page
    assert 'type="range" min="0" max="100" step="1" value="12.5"' in page
    first, _, second = page.partition('id="id_second_version"')
    assert "<option selected>1</option>" in first
    assert "<option selected>2</option>" in second
    assert "Change live" in page


def test_values_of_variables_are_folded_away(console: Client, function: Any) -> None:
    page = console.get(_place(function, "change/?tab=configuration")).content.decode()
    masked, _, folded = page.partition("Reveal and edit values")
    assert "TOKEN" in masked
    assert "n3w" not in masked
    assert "TOKEN=n3w" in folded
    data = {"runtime": "python3.12", "handler": "app.handler", "timeout_seconds": 3, "memory_mb": 128, "tmp_mb": 512}
    refused = console.post(_place(function, "configuration/"), {**data, "role": "r", "variables": "TOKEN"})
    assert "Line 1 must read NAME=value" in refused.content.decode()
    assert "Reveal and edit values" not in refused.content.decode()


@pytest.mark.parametrize(
    ("reserved", "words"),
    [(None, "<strong>0</strong> of 1000"), (5, "<strong>0</strong> of 5"), (0, "every call is throttled")],
)
def test_concurrency_is_shown_with_its_use(
    console: Client, function: Any, reserved: int | None, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(function_concurrency, "look", lambda: Live(None, "The environment host is away."))
    if reserved is not None:
        concurrency.put_concurrency(SCOPE, function.name, reserved)
    now = console.get(_place(function, "concurrency/now/")).content.decode()
    assert words in now
    assert "The environment host is away." in now
    assert words in console.get(_place(function, "change/?tab=configuration")).content.decode()
