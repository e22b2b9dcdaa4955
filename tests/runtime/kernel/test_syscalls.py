"""The calls themselves, in real namespaces of an unprivileged process."""

from __future__ import annotations

import os

import pytest

from invocations.runtime.kernel import probe, syscalls
from tests.runtime.kernel.bare import run

NAMESPACES = all(probe._attempt(probe._TRIALS[name], None) == probe.YES for name in probe._JAIL)
needs_namespaces = pytest.mark.skipif(not NAMESPACES, reason="namespaces are not to be had here")


def test_a_failing_call_names_itself_and_its_path() -> None:
    with pytest.raises(FileNotFoundError, match="umount2: No such file or directory: '/nowhere'"):
        syscalls.umount2("/nowhere")


@needs_namespaces
def test_a_recursive_read_only_bind_cannot_be_written() -> None:
    told = run(
        """
        from kernel import probe, syscalls
        probe._become_root_inside(syscalls.CLONE_NEWNS)
        syscalls.mount(None, "/", None, syscalls.MS_REC | syscalls.MS_PRIVATE)
        syscalls.mount("stage", "/mnt", "tmpfs", 0, "size=1m")
        for name in ("source", "target"):
            os.mkdir("/mnt/" + name)
        os.mkdir("/mnt/source/inner")
        syscalls.mount("inner", "/mnt/source/inner", "tmpfs", 0, "size=1m")
        syscalls.bind_read_only("/mnt/source", "/mnt/target")
        answer([outcome(open, "/mnt/target/f", "w"), outcome(open, "/mnt/target/inner/f", "w"),
                outcome(open, "/mnt/source/f", "w"), outcome(open, "/mnt/source/inner/f", "w")])
        """
    )
    assert told == ["EROFS", "EROFS", "done", "done"]


@needs_namespaces
def test_a_detached_mount_outlives_its_place() -> None:
    told = run(
        """
        from kernel import probe, syscalls
        probe._become_root_inside(syscalls.CLONE_NEWNS)
        syscalls.mount(None, "/", None, syscalls.MS_REC | syscalls.MS_PRIVATE)
        syscalls.mount("tmp", "/mnt", "tmpfs", 0, "size=1m")
        open("/mnt/kept", "w").close()
        held = syscalls.open_tree("/mnt")
        syscalls.umount2("/mnt", syscalls.MNT_DETACH)
        gone = os.path.exists("/mnt/kept")
        syscalls.move_mount(held, "/mnt")
        answer([gone, os.path.exists("/mnt/kept")])
        """
    )
    assert told == [False, True]


@needs_namespaces
def test_a_new_root_hides_the_old_one_and_loopback_comes_up() -> None:
    told = run(
        """
        from kernel import probe, syscalls
        probe._become_root_inside(syscalls.CLONE_NEWNS | syscalls.CLONE_NEWNET | syscalls.CLONE_NEWUTS)
        def serve():
            with socket.create_server(("127.0.0.1", 0)) as server:
                socket.create_connection(server.getsockname(), timeout=1)
        before = outcome(serve)
        syscalls.bring_loopback_up()
        after = outcome(serve)
        syscalls.sethostname("inside")
        syscalls.mount(None, "/", None, syscalls.MS_REC | syscalls.MS_PRIVATE)
        syscalls.mount("stage", "/mnt", "tmpfs", 0, "size=1m")
        open("/mnt/only", "w").close()
        os.chdir("/mnt")
        syscalls.pivot_root(".", ".")
        syscalls.umount2(".", syscalls.MNT_DETACH)
        answer([before, after, socket.gethostname(), os.listdir("/")])
        """
    )
    assert told == ["ENETUNREACH", "done", "inside", ["only"]]


@needs_namespaces
def test_dropped_capabilities_are_gone_for_good() -> None:
    told = run(
        """
        from kernel import probe, syscalls
        probe._become_root_inside(syscalls.CLONE_NEWNS | syscalls.CLONE_NEWUTS)
        syscalls.sethostname("one")
        syscalls.drop_all_capabilities()
        with open("/proc/self/status") as status:
            sets = {line.split()[0]: int(line.split()[1], 16) for line in status if line.startswith("Cap")}
        answer([sets, outcome(syscalls.sethostname, "two"), outcome(syscalls.umount2, "/proc")])
        """
    )
    sets, host, mounts = told
    assert sets == {"CapInh:": 0, "CapPrm:": 0, "CapEff:": 0, "CapBnd:": 0, "CapAmb:": 0}
    assert (host, mounts) == ("EPERM", "EPERM")


def test_a_parents_death_reaches_a_child_that_asked_for_it() -> None:
    told = run(
        """
        import select, signal
        from kernel import syscalls
        syscalls.set_child_subreaper()
        reading, writing = os.pipe()
        parent = os.fork()
        if parent == 0:
            if os.fork() == 0:
                syscalls.set_parent_death_signal(signal.SIGKILL)
                os.write(writing, b"%d" % os.getpid())
            signal.pause()
        grandchild = int(os.read(reading, 20))
        pidfd = syscalls.pidfd_open(grandchild)
        syscalls.pidfd_send_signal(syscalls.pidfd_open(parent), signal.SIGKILL)
        dead = select.select([pidfd], [], [], 10)[0] == [pidfd]
        os.waitpid(parent, 0)
        answer([dead, os.WTERMSIG(os.waitpid(grandchild, 0)[1])])
        """
    )
    assert told == [True, 9]


def test_a_range_of_descriptors_is_closed_at_once() -> None:
    told = run(
        """
        from kernel import syscalls
        files = [os.dup(0) for _ in range(5)]
        syscalls.close_range(files[1], files[3])
        answer([outcome(os.fstat, file) for file in files])
        """
    )
    assert told == ["done", "EBADF", "EBADF", "EBADF", "done"]


def test_names_and_dumpability_are_set() -> None:
    told = run(
        """
        from kernel import syscalls
        syscalls.set_name("a very long name indeed")
        syscalls.set_dumpable(False)
        was = syscalls.is_dumpable()
        syscalls.set_dumpable(True)
        answer([open("/proc/self/comm").read().strip(), was, syscalls.is_dumpable()])
        """
    )
    assert told == ["a very long nam", False, True]


def test_the_package_loads_wherever_its_folder_is_on_the_path() -> None:
    told = run(
        "import kernel.probe, kernel.memory, kernel.limits; answer(sorted(m for m in sys.modules if 'django' in m))"
    )
    assert told == []
    assert os.uname().machine == syscalls.MACHINE
