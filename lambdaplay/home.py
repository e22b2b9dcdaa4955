"""The state folder (LAMBDAPLAY_HOME): its layout, its modes and the secrets made on the first run."""

from __future__ import annotations

import json
import os
import secrets
import tempfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

# A unix socket's path must fit in sun_path (108 bytes on Linux, 104 on macOS); the rest is for the file name.
LONGEST_SOCKET_FOLDER = 80


@dataclass(frozen=True)
class Secrets:
    """What must stay the same between starts and be readable by the owner only."""

    django_key: str
    session_key_seed: str
    admin_password: str


@dataclass(frozen=True)
class Home:
    root: Path

    @property
    def database(self) -> Path:
        return self.root / "db.sqlite3"

    @property
    def code(self) -> Path:
        """One folder per code package, named by the SHA-256 of its zip."""
        return self.root / "code"

    @property
    def libraries(self) -> Path:
        """What the runtimes put in front of a function: the runtime client and boto3."""
        return self.root / "libraries"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def run(self) -> Path:
        """Sockets and pid files. Elsewhere (still private) when HOME's path is too long for a socket."""
        inside = self.root / "run"
        if len(os.fsencode(inside)) <= LONGEST_SOCKET_FOLDER:
            return inside
        base = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
        name = sha256(os.fsencode(self.root)).hexdigest()[:16]
        return Path(base) / f"lambdaplay-{os.getuid()}-{name}"

    @property
    def host_socket(self) -> Path:
        return self.run / "host.sock"

    @property
    def broker_socket(self) -> Path:
        return self.run / "broker.sock"

    @property
    def companion_socket(self) -> Path:
        return self.run / "companion.sock"

    @property
    def static(self) -> Path:
        """What `collectstatic` gathers; stays empty while the files are served from their packages."""
        return self.root / "static"

    def make(self) -> None:
        """Make the folders, private to their owner."""
        for folder in (self.root, self.code, self.libraries, self.logs, self.run, self.static):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (self.root, self.run):
            info = folder.stat()
            if info.st_uid != os.getuid():
                raise PermissionError(f"{folder} belongs to another user; set LAMBDAPLAY_HOME to a folder of your own.")
            folder.chmod(0o700)
        # Functions run as another user and read these two through mounts of their own; the 0700 root keeps others out.
        for folder in (self.code, self.libraries):
            folder.chmod(0o755)

    def secrets(self, admin_password: str | None) -> Secrets:
        """Read the secrets, making them on the first run; a given admin password replaces the stored one."""
        self.make()
        path = self.root / "secrets.json"
        made = Secrets(secrets.token_urlsafe(48), secrets.token_urlsafe(48), secrets.token_urlsafe(12))
        _write_new(path, made)
        stored = Secrets(**json.loads(path.read_text()))
        if admin_password is None:
            return stored
        return Secrets(stored.django_key, stored.session_key_seed, admin_password)


def _write_new(path: Path, value: Secrets) -> None:
    """Write the file whole or not at all, once, whoever else is starting at this moment."""
    if path.exists():
        return
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".secrets-")
    with os.fdopen(handle, "w") as file:
        json.dump(value.__dict__, file)
    try:
        os.link(name, path)
    except FileExistsError:
        pass
    finally:
        os.unlink(name)
