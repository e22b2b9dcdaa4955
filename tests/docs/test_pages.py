"""What the documentation names exists, and what exists is named where it should be."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.core.management import get_commands

from invocations.wire.services import registry
from tests.docs.pages import PAGES, ROOT, anchors, links, name_of, prose, table_column

OPERATING = ROOT / "docs/operating.md"
_READ = re.compile(r"(?:_text|_choice|_number|_flag|environ\.get)\(\s*\"([A-Z_]+)\"")

every_page = pytest.mark.parametrize("page", PAGES, ids=name_of)


@every_page
def test_links_lead_somewhere(page: Path) -> None:
    for link in links(page):
        if link.startswith("http"):
            continue
        target, _, anchor = link.partition("#")
        file = (page.parent / target).resolve() if target else page
        assert file.exists(), link
        assert not anchor or anchor in anchors(file), link


@every_page
def test_files_that_are_named_exist(page: Path) -> None:
    named = re.findall(r"`((?:invocations|lambdaplay|bench|tests|docs|examples)/[\w./-]*)`", prose(page))
    assert [name for name in named if not (ROOT / name).exists()] == []


@every_page
def test_commands_that_are_named_exist(page: Path) -> None:
    text = page.read_text()
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.M))

    assert set(re.findall(r"manage\.py (\w+)", text)) <= set(get_commands())
    assert set(re.findall(r"(?:`|\$ )make ([\w-]+)", text)) <= targets


@every_page
def test_variables_that_are_named_are_read_somewhere(page: Path) -> None:
    named = set(re.findall(r"\bLAMBDAPLAY_[A-Z_]+\b", page.read_text()))
    assert named <= _settings()


@every_page
def test_no_line_is_longer_than_readers_like(page: Path) -> None:
    long = [line for line in prose(page).splitlines() if len(line) > 130 and not line.startswith(("|", "!"))]
    assert long == []


def test_the_table_of_settings_is_complete() -> None:
    assert set(table_column(OPERATING, "## Settings")) >= _settings()


def test_the_table_of_commands_is_complete() -> None:
    ours = {name for name, app in get_commands().items() if app == "invocations"}
    assert {line.removeprefix("manage.py ") for line in table_column(OPERATING, "## Commands")} == ours


def test_the_table_of_operations_is_complete() -> None:
    services = registry()
    offered = set(services["lambda"].operations) | set(services["sts"].operations)
    by_hand = {"Invoke", "InvokeWithResponseStream"}
    named = set(table_column(ROOT / "docs/functions.md", "## Operations"))
    assert named == offered | by_hand


@pytest.mark.parametrize("service", sorted(set(registry()) - {"lambda", "sts"}))
def test_every_operation_of_an_event_service_is_named(service: str) -> None:
    assert set(table_column(ROOT / "docs/services.md", f"## {service}")) == set(registry()[service].operations)


def test_every_dependency_has_its_reason() -> None:
    wanted = re.findall(r"^([\w-]+(?:\[[\w,]+\])?)", (ROOT / "requirements.txt").read_text(), re.M)
    assert set(table_column(ROOT / "docs/discussions.md", "## Dependencies")) == set(wanted)


def test_every_page_is_in_the_index() -> None:
    index = ROOT / "docs/index.md"
    listed = {(index.parent / link).resolve() for link in links(index)}
    assert listed == set(PAGES) - {index}


def _settings() -> set[str]:
    return set(_READ.findall((ROOT / "lambdaplay/settings.py").read_text()))
