"""Resource limits, met by real processes."""

from __future__ import annotations

from pathlib import Path

from tests.runtime.kernel.bare import run


def test_memory_beyond_size_and_headroom_is_a_memory_error() -> None:
    told = run(
        """
        from kernel import limits
        limits.apply(memory_mb=128, tmp_mb=512)
        def grow(mb):
            try:
                return len(bytearray(mb << 20)) >> 20
            except MemoryError:
                return "MemoryError"
        answer([grow(200), grow(500)])
        """
    )
    assert told == [200, "MemoryError"]


def test_one_file_cannot_outgrow_tmp(tmp_path: Path) -> None:
    told = run(
        """
        from kernel import limits
        limits.apply(memory_mb=128, tmp_mb=1)
        with open(sys.argv[1], "wb", buffering=0) as file:
            written = [outcome(os.pwrite, file.fileno(), b"x" * 1024, at << 20) for at in (0, 1, 2)]
        answer(written)
        """,
        str(tmp_path / "file"),
    )
    assert told == ["done", "done", "EFBIG"]


def test_files_and_cores_are_limited_and_limits_cannot_be_raised_again() -> None:
    told = run(
        """
        import resource
        from kernel import limits, syscalls
        limits.apply(memory_mb=128, tmp_mb=512, files=64)
        syscalls.clear_capabilities()
        def many():
            files = [os.open("/dev/null", os.O_RDONLY) for _ in range(100)]
        def raise_limit():
            try:
                resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 1024))
            except ValueError:
                raise PermissionError(1, "")
        answer([outcome(many), resource.getrlimit(resource.RLIMIT_CORE), outcome(raise_limit)])
        """
    )
    assert told == ["EMFILE", [0, 0], "EPERM"]


def test_processes_are_limited_for_ordinary_users() -> None:
    told = run(
        """
        import signal
        from kernel import limits
        if os.geteuid() == 0:
            os.setresuid(64001, 64001, 64001)
        limits.apply(memory_mb=128, tmp_mb=512, processes=int(sys.argv[1]))
        children = []
        def fork():
            for _ in range(8):
                pid = os.fork()
                if pid == 0:
                    signal.pause()
                children.append(pid)
        result = outcome(fork)
        for pid in children:
            os.kill(pid, 9)
        answer(result)
        """,
        "1",
    )
    assert told == "EAGAIN"
