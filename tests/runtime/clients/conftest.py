"""Our Node runtime client as a real process, started on files of the test's own."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings

from invocations.runtime import libraries
from tests.runtime.clients.platform import Platform

NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="there is no Node.js on this machine")

Start = Callable[..., Platform]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Write the files and start `handler` with Node."""
    started: list[Platform] = []
    index = libraries.prepare_clients(settings.LAMBDAPLAY_HOME) / "node" / "index.mjs"

    def begin(
        files: dict[str, str], handler: str = "index.handler", close_each: bool = False, **variables: str
    ) -> Platform:
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(textwrap.dedent(text))
        environment = {
            "LAMBDA_TASK_ROOT": str(tmp_path),
            "_HANDLER": handler,
            "AWS_EXECUTION_ENV": "AWS_Lambda_nodejs22.x",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
            **variables,
        }
        started.append(Platform([str(NODE), str(index)], environment, str(tmp_path), close_each=close_each))
        return started[-1]

    yield begin
    for platform in started:
        platform.close()
