"""The commands of the documentation, run as they stand there against the running house, with the AWS CLI."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, Block, blocks_of
from tests.house import House

WITH_COMMANDS = ("README.md", "docs/getting-started.md", "docs/asynchronous.md")
_END = "-- end of block --"


@pytest.mark.parametrize("name", WITH_COMMANDS)
def test_commands_do_what_the_page_says(name: str, live: House, tmp_path: Path) -> None:
    blocks = blocks_of(ROOT / name)
    assert len(blocks) > 3
    outputs = _run(blocks, live, tmp_path)

    for block, output in zip(blocks, outputs, strict=True):
        _assert_in_order(block.expected, output)


def _run(blocks: list[Block], live: House, folder: Path) -> list[str]:
    """One shell for the whole page, as a reader would have it; only the address is another."""
    script = "".join(f"{block.commands}\necho; echo '{_END}'\n" for block in blocks)
    script = script.replace("http://127.0.0.1:8000", live.url)
    tools = Path(sys.executable).parent
    environment = {"PATH": f"{tools}:{os.environ['PATH']}", "HOME": str(folder), "LANG": "C.UTF-8"}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout.split(_END)[:-1]


def _assert_in_order(expected: tuple[str, ...], output: str) -> None:
    text = re.sub(r"[ \t]+", " ", output)
    position = 0
    for line in expected:
        pattern = re.compile(re.escape(re.sub(r"[ \t]+", " ", line)).replace(r"\.\.\.", ".*?"))
        found = pattern.search(text, position)
        assert found is not None, f"{line!r} is not (or not in this place) in:\n{output}"
        position = found.end()
