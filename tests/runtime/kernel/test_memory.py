"""Reading memory and trees of real processes."""

from __future__ import annotations

import os
import subprocess
import sys

from invocations.runtime.kernel import memory

HOLD = """
import mmap, sys, time
private = bytearray(b"x") * (int(sys.argv[1]) << 20)
shared = mmap.mmap(-1, max(1, int(sys.argv[2]) << 20))
for at in range(0, len(shared), 4096):
    shared[at] = 1
print("held", flush=True)
sys.stdin.read()
"""


def _holding(private_mb: int, shared_mb: int) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", HOLD, str(private_mb), str(shared_mb)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"held\n"
    return process


def _mb(value: int) -> float:
    return value / 1024 / 1024


def test_private_and_shared_memory_are_both_counted() -> None:
    with _holding(40, 0) as private, _holding(0, 100) as shared:
        assert 40 <= _mb(memory.resident_bytes(private.pid)) < 60
        assert 100 <= _mb(memory.resident_bytes(shared.pid)) < 120
        assert _mb(memory.peak_bytes(private.pid)) >= 40
        private.communicate()
        shared.communicate()


def test_a_process_that_is_gone_holds_nothing() -> None:
    process = subprocess.Popen(["true"])
    process.wait()
    assert memory.resident_bytes(process.pid) == memory.peak_bytes(process.pid) == 0
    assert memory.children(process.pid) == []


def test_a_tree_lists_all_descendants_and_its_memory_adds_up() -> None:
    inner = "import sys; print(1, flush=True); sys.stdin.read()"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {inner!r}])"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        found = memory.tree(process.pid)
        assert found[0] == process.pid
        assert len(found) == 2
        assert memory.children(process.pid) == found[1:]
        total = memory.tree_resident_bytes(found)
        assert total == sum(memory.resident_bytes(pid) for pid in found)
        assert memory.over_limit(found, total - 4096)
        assert not memory.over_limit(found, total + (64 << 20))
        process.communicate()


def test_our_own_tree_starts_with_us() -> None:
    assert memory.tree(os.getpid())[0] == os.getpid()
