"""What parts print: passed on line by line, kept in a file that cannot grow for ever."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambdaplay.supervisor import output
from lambdaplay.supervisor.output import Output


def test_whole_lines_reach_terminal_and_file(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    web = Output("web", tmp_path, aloud=True)
    web.feed(b"one\ntw")
    assert capfd.readouterr().err == "web       | one\n"
    web.feed(b"o\n\xff\n")
    assert capfd.readouterr().err == "web       | two\nweb       | \N{REPLACEMENT CHARACTER}\n"
    assert (tmp_path / "web.log").read_bytes() == b"one\ntwo\n\xff\n"
    assert (tmp_path / "web.log").stat().st_mode & 0o077 == 0


def test_a_last_line_without_an_end_is_not_lost(tmp_path: Path) -> None:
    web = Output("web", tmp_path, aloud=False)
    web.feed(b"unfinished")
    assert not (tmp_path / "web.log").exists()
    web.finish()
    assert (tmp_path / "web.log").read_bytes() == b"unfinished\n"


def test_a_line_without_any_end_is_cut(tmp_path: Path) -> None:
    web = Output("web", tmp_path, aloud=False)
    web.feed(b"x" * (output.LONGEST_LINE + 1))
    assert (tmp_path / "web.log").stat().st_size == output.LONGEST_LINE + 2


def test_a_quiet_part_is_only_kept(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    Output("broker", tmp_path, aloud=False).feed(b"hm\n")
    assert capfd.readouterr().err == ""
    assert (tmp_path / "broker.log").read_bytes() == b"hm\n"


def test_a_full_file_is_put_aside_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "FILE_BYTES", 10)
    web = Output("web", tmp_path, aloud=False)
    for line in (b"first line\n", b"second line\n", b"third line\n"):
        web.feed(line)
    assert (tmp_path / "web.log").read_bytes() == b"third line\n"
    assert (tmp_path / "web.log.1").read_bytes() == b"second line\n"


def test_a_folder_that_cannot_be_written_ends_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    Output("web", tmp_path / "missing", aloud=True).feed(b"still said\n")
    assert capfd.readouterr().err == "web       | still said\n"
