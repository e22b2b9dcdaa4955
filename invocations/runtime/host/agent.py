"""The extension agent: the process of an environment that starts its external extensions and speaks their API.

Only environments whose layers bring extensions have one. It is forked from the function process once the jail is
closed, before the runtime begins, so that extensions live in the same jail, are frozen, counted and ended with it.

It is led through a socket, whose other end the host has, and lends to who runs an event there: `{"invoke": event}` and
`{"shutdown": reason}` come in; what extension_api.py tells goes out. The agent's end says that all of them are gone.
"""

from __future__ import annotations

import errno
import os
import signal
import socket
import threading
import time
from typing import Any

from invocations.runtime import channel
from invocations.runtime.host.extension_api import EXTENSIONS_MAX, Extensions
from invocations.runtime.host.http_side import Ended, Side, pass_on

SHUTDOWN_SECONDS = 2.0  # for runtime and extensions together. Source: AWS, execution environment lifecycle
_RUNTIME_SHARE = 0.3  # of it, before the runtime is killed
_LOOK_AGAIN_SECONDS = 0.005
_INSIST_SECONDS = 1.0  # for an extension that has told of its error to end
_STACK_BYTES = 512 * 1024  # of a thread: they count as the function's memory
_RUNTIME_API = b"/2018-06-01/"
# Of a function's variables, what extensions do not get. Source: AWS, "Accessing extension environment variables".
_HIDDEN = (
    *("AWS_EXECUTION_ENV", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_XRAY_CONTEXT_MISSING"),
    *("AWS_XRAY_DAEMON_ADDRESS", "LAMBDA_RUNTIME_DIR", "LAMBDA_TASK_ROOT", "_AWS_XRAY_DAEMON_ADDRESS"),
    *("_AWS_XRAY_DAEMON_PORT", "_HANDLER", "_LAMBDAPLAY_OPT", "PWD", "SHLVL"),
)
_KINDS = {errno.EACCES: "PermissionDenied"}


class Seat:
    """What the agent takes along from before the jail is closed: its socket, and a listener of its own."""

    def __init__(self, control: int) -> None:
        self.control = socket.socket(fileno=control)
        self.listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(128)
        self.port = int(self.listener.getsockname()[1])

    def take(self, start: channel.Message) -> None:
        """Fork the agent; returns in the function process, once all extensions have registered."""
        read, write = os.pipe2(os.O_CLOEXEC)
        runtime = os.getpid()
        child = os.fork()
        if child == 0:
            os.close(read)
            _become_agent(self, start, write, runtime)
        os.waitpid(child, 0)  # the one between: the agent is the init's child, not the runtime's
        os.close(write)
        self.control.close()
        self.listener.close()
        if not os.read(read, 1):
            signal.pause()  # it ended instead, and with it, soon, this environment
        os.close(read)


def _become_agent(seat: Seat, start: channel.Message, registered: int, runtime: int) -> None:
    """Never returns."""
    try:
        if os.fork() == 0:
            os.setsid()
            Agent(seat, start, registered, runtime).serve()
    except BaseException as error:  # the last frame of a process
        os.write(2, f"lambdaplay's extension agent: {type(error).__name__}: {error}\n".encode())
    os._exit(0)


class Agent:
    def __init__(self, seat: Seat, start: channel.Message, registered: int, runtime: int) -> None:
        self._seat = seat
        self._runtime = runtime
        self._folder = f"{start['opt_folder']}/extensions"
        names: list[str] = start["extensions"]["names"]
        self._too_many = len(names) > EXTENSIONS_MAX
        self._names = [] if self._too_many else names
        environment: dict[str, str] = start["environment"]
        host, _, port = environment["AWS_LAMBDA_RUNTIME_API"].rpartition(":")
        self._runtime_api = (host, int(port))
        kept = {name: value for name, value in environment.items() if name not in _HIDDEN}
        self._environment = {**kept, "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{seat.port}"}
        self._groups: dict[str, int] = {}  # of running extensions
        self._extensions = Extensions(
            self._names,
            start["extensions"]["identity"],
            registered=lambda: _tick(registered),
            tell=self._tell,
        )

    def serve(self) -> None:
        """Until the environment's last moment: the host says when that begins."""
        threading.stack_size(_STACK_BYTES)
        if self._too_many:
            self._extensions.fail("Extension.TooManyExtensions", f"more than {EXTENSIONS_MAX} extensions")
        for name in self._names:
            self._launch(name)
        _begin(self._accept)
        while True:
            message = self._hear()
            if "invoke" in message:
                self._extensions.invoke(message["invoke"])
            elif "shutdown" in message:
                self._shut_down(message["shutdown"])
                return

    def _tell(self, message: channel.Message) -> None:
        try:
            channel.send(self._seat.control, message)
        except OSError:
            os._exit(0)  # the host is gone

    def _hear(self) -> channel.Message:
        try:
            return channel.receive(self._seat.control).message or {"shutdown": "failure"}
        except OSError:
            os._exit(0)

    # --- processes --------------------------------------------------------------------------------------------------

    def _launch(self, name: str) -> None:
        import subprocess  # not before the fork: it is among what a function's code may bring its own of

        path = f"{self._folder}/{name}"
        try:
            process = subprocess.Popen(  # noqa: S603 - what the function's owner put into a layer
                [path], env=self._environment, cwd="/", start_new_session=True, close_fds=False
            )
        except OSError as error:
            why = f"fork/exec /opt/extensions/{name}: {os.strerror(error.errno or 0).lower()}"
            self._extensions.not_launched(name, why, _KINDS.get(error.errno or 0, "UnknownError"))
            return
        self._groups[name] = process.pid
        _begin(self._await_end, name, process)

    def _await_end(self, name: str, process: Any) -> None:
        status: int = process.wait()
        self._groups.pop(name, None)
        self._extensions.ended(name, _end_text(status))

    def _shut_down(self, reason: str) -> None:
        began = time.monotonic()
        self._extensions.leave()
        self._end_runtime(began + SHUTDOWN_SECONDS * _RUNTIME_SHARE)
        left = SHUTDOWN_SECONDS - (time.monotonic() - began)
        deadline = int((time.time() + left) * 1000)
        event = {"eventType": "SHUTDOWN", "deadlineMs": deadline, "shutdownReason": reason}
        for name in self._extensions.shut_down(event):
            _kill_group(self._groups.get(name), signal.SIGKILL)
        self._extensions.await_ends(SHUTDOWN_SECONDS - (time.monotonic() - began))

    def _end_runtime(self, deadline: float) -> None:
        """Ask it to end, so that its handler of SIGTERM runs; then end it. Init reaps it."""
        if not _kill(self._runtime, signal.SIGTERM):
            return
        while time.monotonic() < deadline:
            if not _kill(self._runtime, 0):
                return
            time.sleep(_LOOK_AGAIN_SECONDS)
        _kill(self._runtime, signal.SIGKILL)

    # --- calls ------------------------------------------------------------------------------------------------------

    def _accept(self) -> None:
        while True:
            connection, _ = self._seat.listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            _begin(self._serve_connection, connection)

    def _serve_connection(self, connection: socket.socket) -> None:
        caller = Side(connection)
        runtime: Side | None = None
        try:
            head = None
            while head is None or not head.last:
                head = caller.head()
                if head.first[1].startswith(_RUNTIME_API):
                    runtime = runtime or Side(self._connect())
                    pass_on(head, caller, runtime)
                elif not self._answer(caller, head.first, head.headers, caller.body(head)):
                    return
        except (Ended, OSError):
            return
        finally:
            connection.close()
            if runtime is not None:
                runtime.connection.close()

    def _connect(self) -> socket.socket:
        connection = socket.create_connection(self._runtime_api)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def _answer(self, caller: Side, first: list[bytes], headers: Any, body: bytes) -> bool:
        reply = self._extensions.answer(first[0], first[1], headers, body)
        if reply is None:
            return False
        caller.answer(*reply)
        if reply.status.startswith(b"202") and first[1].endswith(b"/error"):
            time.sleep(_INSIST_SECONDS)
            self._extensions.insist()
        return True


def _begin(target: Any, *arguments: Any) -> None:
    threading.Thread(target=target, args=arguments, daemon=True).start()


def _tick(pipe: int) -> None:
    os.write(pipe, b".")


def _kill(pid: int, number: int) -> bool:
    """Whether it was there."""
    try:
        os.kill(pid, number)
    except OSError:
        return False
    return True


def _kill_group(group: int | None, number: int) -> None:
    if group is not None:
        try:
            os.killpg(group, number)
        except OSError:
            pass  # gone meanwhile


def _end_text(status: int) -> str:
    """As AWS words it (seen in its logs)."""
    if status == 0:
        return "exit code 0"
    return f"exit status {status}" if status > 0 else f"signal: {signal.strsignal(-status) or -status}".lower()
