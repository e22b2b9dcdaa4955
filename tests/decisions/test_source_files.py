from __future__ import annotations

import pytest

from invocations.decisions.source_files import kind_of, source_filename


@pytest.mark.parametrize(
    ("runtime", "handler", "source", "filename"),
    [
        ("python3.12", "app.handler", "", "app.py"),
        ("python3.12", "pkg.app.handler", "", "pkg/app.py"),
        ("nodejs22.x", "index.handler", "exports.handler = async () => 1", "index.js"),
        ("nodejs22.x", "index.handler", "export const handler = async () => 1", "index.mjs"),
        ("nodejs22.x", "src/index.handler", "import fs from 'fs'", "src/index.mjs"),
        ("provided.al2023", "anything", "#!/bin/sh", "bootstrap"),
        ("python3.12", "handler", "", None),  # no file named
        ("python3.12", ".handler", "", None),
        ("nodejs22.x", "../index.handler", "", None),  # would leave the package
        ("nodejs22.x", "/etc/index.handler", "", None),
        ("java21", "example.Handler::run", "", None),
    ],
)
def test_the_file_is_the_one_that_the_handler_names(
    runtime: str, handler: str, source: str, filename: str | None
) -> None:
    assert source_filename(runtime, handler, source) == filename


def test_runtimes_without_an_editor_have_no_kind() -> None:
    assert kind_of("java21") is None
    assert kind_of("provided.al2") == "provided"
