from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from invocations import limits
from invocations.runtime.output import Output


@pytest.fixture
def pipe() -> Iterator[tuple[Output, int]]:
    read, write = os.pipe()
    os.set_blocking(read, False)
    yield Output(read), write
    os.close(read)
    os.close(write)


def test_what_is_there_is_read_without_waiting(pipe: tuple[Output, int]) -> None:
    output, write = pipe
    assert output.read()
    os.write(write, b"one\ntwo")
    assert output.read()
    output.close_line()
    output.write(b"END\n")
    assert output.kept == output.tail == b"one\ntwo\nEND\n"
    assert not output.truncated


def test_a_closed_pipe_has_ended(pipe: tuple[Output, int]) -> None:
    read, write = os.pipe()
    os.set_blocking(read, False)
    os.write(write, b"last words")
    os.close(write)
    output = Output(read)
    output.read()
    assert not output.read()
    assert output.kept == b"last words"
    os.close(read)


def test_a_flood_is_read_to_its_end_but_kept_only_in_part(pipe: tuple[Output, int]) -> None:
    output, write = pipe
    chunk = b"x" * 32 * 1024
    for _ in range(limits.LOG_KEPT_BYTES // len(chunk) + 3):
        os.write(write, chunk)
        output.read()
    output.write(b"\nREPORT\n")
    assert len(output.kept) == limits.LOG_KEPT_BYTES + len(b"\nREPORT\n")
    assert output.truncated
    assert output.kept.endswith(b"\nREPORT\n"), "the platform's lines are always kept"
    assert len(output.tail) == limits.LOG_TAIL_BYTES
    assert output.tail.endswith(b"x\nREPORT\n")
