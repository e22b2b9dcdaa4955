"""The environment host has one thread: it never waits for what one borrower may say."""

from __future__ import annotations

import threading

import pytest

from invocations.runtime import channel
from invocations.runtime.host.host import Host


def test_a_packet_that_was_read_out_of_turn_is_not_waited_for() -> None:
    """What `running` reads early was announced already: the announcement is heard once more, and nothing is there."""
    host = Host.__new__(Host)
    here, there = channel.pair()
    with here, there:
        hearing = threading.Thread(target=host._hear, args=(here,), daemon=True)
        hearing.start()
        hearing.join(10)
        assert not hearing.is_alive(), "it waits"
        assert here.fileno() >= 0, "it is not taken for gone"
        with pytest.raises(BlockingIOError):
            channel.receive(here, wait=False)
        channel.send(there, {"op": "release"})
        assert channel.receive(here, wait=False).message == {"op": "release"}
