"""A blank: an execution environment made ahead, before it is known for which function.

Two processes. The *init* (init.py) is pid 1 of the environment's pid namespace. The *function process* waits for the
order that tells which code to run, closes the jail around itself and becomes the runtime.
"""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from invocations.runtime import channel
from invocations.runtime.host import agent, fence, jail, scratch
from invocations.runtime.host.init import Init
from invocations.runtime.host.settings import INNER_UID
from invocations.runtime.kernel import flags, limits, seccomp
from invocations.runtime.kernel import syscalls as sys_

_CLOSED_BELOW = 64


@dataclass(frozen=True)
class BlankOrder:
    """`own_network`: a network namespace of its own, with our listeners as the only things in it.

    `places` and what follows matter only where there are no namespaces (levels L0 and none).
    """

    number: int
    own_network: bool
    ports: tuple[int, ...]  # of the Runtime API, the endpoint and the forwarder, in a network of its own
    level: str
    places: fence.Places | None = None
    other_tasks: int = 0

    @property
    def namespaces(self) -> bool:
        return self.places is None


def run_init(
    order: BlankOrder, control: socket.socket, function_end: socket.socket, main: Callable[[str], None]
) -> None:
    """Be the init of a new environment; never returns. The caller has just forked into a new pid namespace."""
    # A session of its own: else kill(0) would reach the zygote and every other environment, namespaces or not.
    os.setsid()
    if order.namespaces:
        sys_.set_parent_death_signal(signal.SIGKILL)
    else:
        sys_.set_child_subreaper()  # and it outlives the zygote until it has ended what is below it
    listeners = _furnish(order)
    woken, wakes = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    signal.set_wakeup_fd(wakes)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    function = os.fork()
    if function == 0:
        _become_function(order, control, function_end, listeners, main)
    function_end.close()
    sys_.set_dumpable(False)  # same uid as the function: without this it could look into its init
    if order.namespaces:
        sys_.drop_all_capabilities()
    channel.send(control, {"ready": True}, [listener.fileno() for listener in listeners])
    for listener in listeners:
        listener.close()
    Init(control, woken, function, order.namespaces).watch()


def _furnish(order: BlankOrder) -> list[socket.socket]:
    if not order.namespaces:
        return []
    sys_.unshare(flags.CLONE_NEWNS | (flags.CLONE_NEWNET if order.own_network else 0))
    sys_.mount("proc", "/proc", "proc", flags.MS_NOSUID | flags.MS_NODEV | flags.MS_NOEXEC)
    if not order.own_network:
        return []
    sys_.bring_loopback_up()
    return [_listen(port) for port in order.ports]


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(128)
    return listener


def _become_function(
    order: BlankOrder,
    control: socket.socket,
    function_end: socket.socket,
    listeners: list[socket.socket],
    main: Callable[[str], None],
) -> None:
    """Wait for the start order and obey it; never returns."""
    try:
        os.setsid()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        sys_.set_parent_death_signal(signal.SIGKILL)
        control.close()
        for listener in listeners:
            listener.close()
        channel.send(function_end, {"hello": True})
        packet = channel.receive(function_end)
        if packet.message is None:
            os._exit(0)
        function_end.close()
        _start(order, packet.message, packet.files, main)
    except SystemExit as end:
        _flush()
        os._exit(end.code if isinstance(end.code, int) else 0 if end.code is None else 1)
    except BaseException as error:  # the last frame of a process: nobody is left to handle it
        os.write(2, f"{type(error).__name__}: {error}\n".encode())
        os._exit(1)
    _flush()
    os._exit(0)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            pass


def _start(order: BlankOrder, start: channel.Message, files: list[int], main: Callable[[str], None]) -> None:
    log, *of_agent = files
    # Above what is closed here. Only environments with external extensions have one.
    kept = [fcntl.fcntl(file, fcntl.F_DUPFD_CLOEXEC, _CLOSED_BELOW) for file in of_agent]
    quiet = os.open("/dev/null", os.O_RDONLY)
    for number, source in ((0, quiet), (1, log), (2, log)):
        os.dup2(source, number)
    os.closerange(3, _CLOSED_BELOW)
    seat = agent.Seat(kept[0]) if kept else None
    if seat is not None:
        start["ports"].append(seat.port)
    if order.namespaces:
        _close_jail(order, start)
    else:
        assert order.places is not None
        fence.close(start, order.places, order.level == "L0", order.other_tasks)
    os.environ.clear()
    os.environ.update(start["environment"])
    time.tzset()
    os.chdir(start["task"])
    os.umask(0o022)
    if seat is not None:
        seat.take(start)
    if start["argv"] is None:
        if order.level == "L0" and order.places is not None:
            known = [start["task"], start["opt_folder"], order.places.runtime, *order.places.prefixes.values()]
            scratch.redirect(start["tmp_folder"], known)
        sys.argv = ["bootstrap", start["environment"]["_HANDLER"]]
        main(start["environment"]["_HANDLER"])
        return
    _execute(start["argv"], start["environment"], order.places)


def _close_jail(order: BlankOrder, start: channel.Message) -> None:
    """Put code, layers and /tmp in place, hide everybody else's, then give up every right to undo it."""
    sys_.bind_read_only(f"{jail.CODE}/{start['code']}/task", jail.TASK)
    if start["opt"]:
        sys_.bind_read_only(f"{jail.CODE}/{start['opt']}/task", jail.OPT)
    tmp = f"{jail.TMPS}/{start['tmp']}"
    sys_.mount(None, tmp, None, flags.MS_REMOUNT | flags.MS_NOSUID | flags.MS_NODEV, f"size={start['tmp_mb']}m")
    sys_.mount(tmp, "/tmp", None, flags.MS_BIND)  # noqa: S108 - the environment's own
    for path, text in start["files"].items():
        _place_file(tmp, path, text)
    for hidden in (jail.CODE, jail.TMPS):
        sys_.umount2(hidden, flags.MNT_DETACH)
    sys_.mount_setattr("/", recursive=False)
    sys_.unshare(flags.CLONE_NEWUSER | flags.CLONE_NEWIPC | flags.CLONE_NEWUTS)
    jail.map_user(INNER_UID, INNER_UID, 0, 0)
    sys_.sethostname("169.254.100.1")
    limits.apply(start["memory_mb"], start["tmp_mb"])
    sys_.drop_all_capabilities()
    sys_.set_no_new_privileges()
    if order.level == "L2":
        seccomp.install()


def _place_file(tmp: str, path: str, text: str) -> None:
    """Show this text as this file to this environment only: the tree below is everybody's."""
    source = f"{tmp}/.{os.path.basename(path)}"
    with open(source, "w") as file:
        file.write(text)
    sys_.bind_read_only(source, path)
    os.unlink(source)  # the mount keeps it


def _execute(argv: list[str], environment: dict[str, str], places: fence.Places | None) -> None:
    program, moved = places.relocate(argv[0]) if places is not None else (argv[0], None)
    if moved is not None:  # its libraries lie beside it, where the loader cannot follow their real path
        environment["LD_LIBRARY_PATH"] = f"{moved}/lib:{environment.get('LD_LIBRARY_PATH', '')}"
    try:
        os.execve(program, [program, *_no_real_paths(program, places), *argv[1:]], environment)  # noqa: S606
    except OSError as error:
        os.write(2, f"{argv[0]}: {os.strerror(error.errno or 0)}\n".encode())
        os._exit(127 if error.errno == errno.ENOENT else 126)


def _no_real_paths(program: str, places: fence.Places | None) -> list[str]:
    """Node looks for the real path of all it loads, which it cannot walk to when an open file is the only way in."""
    held = places is not None and places.held
    return ["--preserve-symlinks", "--preserve-symlinks-main"] if held and os.path.basename(program) == "node" else []
