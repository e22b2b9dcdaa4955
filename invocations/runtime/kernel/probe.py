"""What this machine's kernel lets us build a sandbox from, found by trying each thing in a forked child.

Run it early and without threads: it forks. Tried as the user that functions will have.
"""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress

from . import landlock, seccomp, syscalls

YES = "yes"

# What each finding is for, in the order in which they are reported.
FINDINGS = {
    "user namespace": "a root of its own without any right outside",
    "mount namespace": "its own files: code read-only, a sized /tmp, nothing of the server's",
    "pid namespace": "one kill ends the whole process tree",
    "network namespace": "sockets that no other function can reach",
    "proc mount": "its own list of processes",
    "seccomp": "a filter on system calls",
    "landlock": "file and port limits where namespaces are not to be had",
    "memory cgroup": "an exact memory limit (without it, polled)",
}
_JAIL = ("user namespace", "mount namespace", "pid namespace", "network namespace", "proc mount")


def _become_root_inside(extra: int) -> None:
    """Make namespaces and be root in them, which needs no right outside."""
    uid, gid = os.geteuid(), os.getegid()
    syscalls.unshare(syscalls.CLONE_NEWUSER | extra)
    for name, text in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1"), ("gid_map", f"0 {gid} 1")):
        fd = os.open(f"/proc/self/{name}", os.O_WRONLY)
        try:
            os.write(fd, text.encode())
        finally:
            os.close(fd)


def _wait(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _try_user() -> None:
    _become_root_inside(0)


def _try_mount() -> None:
    _become_root_inside(syscalls.CLONE_NEWNS)
    syscalls.mount(None, "/", None, syscalls.MS_REC | syscalls.MS_PRIVATE)
    syscalls.mount("tmpfs", "/tmp", "tmpfs", syscalls.MS_NOSUID, "size=65536")  # noqa: S108  inside the namespace
    syscalls.bind_read_only("/usr", "/tmp")  # noqa: S108


def _in_new_pid_namespace(extra: int, work: Callable[[], None]) -> None:
    _become_root_inside(syscalls.CLONE_NEWPID | extra)
    answer = _attempt(work, None)
    if answer != YES:
        raise OSError(answer)


def _try_pid() -> None:
    def is_first() -> None:
        if os.getpid() != 1:
            raise OSError("the child is not process 1")

    _in_new_pid_namespace(0, is_first)


def _try_network() -> None:
    _become_root_inside(syscalls.CLONE_NEWNET)
    syscalls.bring_loopback_up()


def _try_proc() -> None:
    def mount_proc() -> None:
        syscalls.mount(None, "/", None, syscalls.MS_REC | syscalls.MS_PRIVATE)
        syscalls.mount("proc", "/proc", "proc", syscalls.MS_NOSUID | syscalls.MS_NODEV | syscalls.MS_NOEXEC)

    _in_new_pid_namespace(syscalls.CLONE_NEWNS, mount_proc)


def _try_seccomp() -> None:
    seccomp.install()
    try:
        syscalls.unshare(syscalls.CLONE_NEWUSER)
    except PermissionError:
        return
    raise OSError("the filter was installed but does not act")


def _try_landlock() -> None:
    if landlock.abi() < landlock.PORTS_ABI:
        raise OSError(f"ABI {landlock.abi()}; {landlock.PORTS_ABI} is needed, which restricts TCP ports")
    landlock.restrict([], [], scope=False)
    try:
        os.listdir("/")
    except PermissionError:
        return
    raise OSError("the rules were set but do not act")


def cgroup_folder() -> str | None:
    """A memory cgroup folder we may make children in: version 2's own, else version 1's. None: there is none."""
    try:
        with open("/proc/self/cgroup") as file:
            lines = [line.rstrip("\n").split(":", 2) for line in file]
    except OSError:
        return None
    for _, controllers, path in lines:
        if controllers == "" and "memory" in _first_line(f"/sys/fs/cgroup{path}/cgroup.subtree_control").split():
            folder = f"/sys/fs/cgroup{path}"
        elif "memory" in controllers.split(","):
            folder = f"/sys/fs/cgroup/memory{path}"
        else:
            continue
        if os.access(folder, os.W_OK):
            return folder
    return None


def _first_line(path: str) -> str:
    try:
        with open(path) as file:
            return file.readline()
    except OSError:
        return ""


def _try_cgroup() -> None:
    folder = cgroup_folder()
    if folder is None:
        raise OSError("no memory cgroup that we may write")
    os.rmdir(tempfile.mkdtemp(prefix="lambdaplay-probe-", dir=folder))


_TRIALS: dict[str, Callable[[], None]] = {
    "user namespace": _try_user,
    "mount namespace": _try_mount,
    "pid namespace": _try_pid,
    "network namespace": _try_network,
    "proc mount": _try_proc,
    "seccomp": _try_seccomp,
    "landlock": _try_landlock,
    "memory cgroup": _try_cgroup,
}


def _report(channel: int, work: Callable[[], None]) -> None:
    """In the child: do it, write what went wrong, end."""
    text = b""
    try:
        work()
    except BaseException as error:  # whatever it is, the child must not go on as a second parent
        text = str(error).encode() or type(error).__name__.encode()
    with suppress(OSError):
        os.write(channel, text)
    os._exit(1 if text else 0)


def _drop_to(uid: int, gid: int) -> None:
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    syscalls.set_dumpable()  # else /proc/self belongs to root and the maps cannot be written


def _attempt(work: Callable[[], None], user: tuple[int, int] | None) -> str:
    """Returns "yes", or what the kernel answered."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        signal.alarm(5)

        def whole() -> None:
            if user is not None:
                _drop_to(*user)
            work()

        _report(writing, whole)
    os.close(writing)
    with os.fdopen(reading, "rb") as file:
        text = file.read().decode(errors="replace")
    code = _wait(pid)
    return YES if code == 0 else text or f"the trial ended with {code}"


def probe(uid: int | None = None, gid: int | None = None) -> dict[str, str]:
    """Try everything, as uid and gid when given (needs root). Returns finding -> "yes", or why not, in words.

    Landlock's "yes" carries its ABI ("yes, ABI 7").
    """
    user = None if uid is None else (uid, uid if gid is None else gid)
    # cgroups are made by the host itself, before anything is dropped.
    findings = {name: _attempt(work, None if name == "memory cgroup" else user) for name, work in _TRIALS.items()}
    if findings["landlock"] == YES:
        findings["landlock"] = f"{YES}, ABI {landlock.abi()}"
    return findings


def found(findings: Mapping[str, str], name: str) -> bool:
    return findings.get(name, "").startswith(YES)


def level(findings: Mapping[str, str], wanted: str = "auto") -> tuple[str | None, str]:
    """The strongest sandbox that can be had, or just the wanted one, and one sentence that says why it is that one.

    wanted: "auto", "L2", "L1", "L0" or "none". (None, reason): functions must be refused.
    """
    if wanted == "L3":
        return None, "LAMBDAPLAY_SANDBOX=L3 (gVisor) is not built; set it to auto, L2, L1 or L0."
    if wanted == "none":
        return "none", "LAMBDAPLAY_SANDBOX=none: functions run without any wall."
    missing = [name for name in _JAIL if not found(findings, name)]
    choices = {
        "L2": missing + ([] if found(findings, "seccomp") else ["seccomp"]),
        "L1": missing,
        "L0": [name for name in ("landlock", "seccomp") if not found(findings, name)],
    }
    reasons: list[str] = []
    for name, lacking in choices.items():
        if wanted in ("L2", "L1", "L0") and name != wanted:
            continue
        if not lacking:
            return name, _sentence(name, reasons)
        needs = ", ".join(f"{each} ({findings.get(each, 'not tried')})" for each in lacking)
        reasons.append(f"{name} needs {needs}")
    return None, f"No sandbox: {'; '.join(reasons)}. Set LAMBDAPLAY_SANDBOX=none to run functions without one."


_MEANS = {
    "L2": "own user, mount, pid, network, ipc and uts namespaces, limits and a system call filter",
    "L1": "own namespaces and limits, without a system call filter",
    "L0": "Landlock, a system call filter and limits; no namespaces of its own",
}


def _sentence(name: str, passed_over: list[str]) -> str:
    because = f" ({'; '.join(passed_over)})" if passed_over else ""
    return f"{name}: {_MEANS[name]}{because}."
