"""The code store: what it takes, what it refuses, and that a refusal leaves the disk as it was."""

from __future__ import annotations

import io
import os
import random
import stat
import struct
import subprocess
import sys
import threading
import time
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from invocations import limits
from invocations.errors import InvalidParameterValue, InvalidZipFile, Refusal, RequestEntityTooLarge
from invocations.runtime import archive, code
from lambdaplay.home import Home

BROKEN = "Could not unzip uploaded file. Please check your file, then try to upload again."
TOO_LARGE = "Unzipped size must be smaller than 262144000 bytes"


@pytest.fixture
def home(tmp_path: Path, settings: Any) -> Home:
    settings.LAMBDAPLAY_HOME = Home(tmp_path / "home")
    settings.LAMBDAPLAY_HOME.make()
    return Home(tmp_path / "home")


def on_disk(home: Home) -> list[str]:
    return sorted(str(path.relative_to(home.root)) for path in home.root.rglob("*") if path.name != ".lock")


def zipped(*entries: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as made:
        for name, content in entries:
            made.writestr(name, content, method)
    return buffer.getvalue()


def entry(name: str, mode: int, system: int = 3) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system = system
    info.external_attr = mode << 16
    return info


PLAIN = zipped(("app.py", b"x" * 1000))


def bomb() -> bytes:
    """300 MB of zeros, honestly declared, in 300 KB."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made, made.open("zeros", "w", force_zip64=True) as file:
        for _ in range(300):
            file.write(bytes(1024 * 1024))
    return buffer.getvalue()


def lying(declared: int) -> bytes:
    """A file of 20 MB whose headers claim another size."""
    content = bytes(20_000_000)
    made = bytearray(zipped(("app.py", content)))
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<I", made, made.index(signature) + offset, declared)
    return bytes(made)


def flag_encrypted() -> bytes:
    made = bytearray(PLAIN)
    made[made.index(b"PK\x03\x04") + 6] |= 1
    made[made.index(b"PK\x01\x02") + 8] |= 1
    return bytes(made)


def wrong_checksum() -> bytes:
    made = bytearray(zipped(("app.py", b"x" * 1000), method=zipfile.ZIP_STORED))
    made[made.index(b"xxx") + 5] = ord("y")
    return bytes(made)


def a_million_entries() -> bytes:
    """A directory of a million entries: 47 bytes each, as a small program can make them."""
    header = struct.pack("<4s4B4HL2L5H2L", b"PK\x01\x02", 20, 3, 20, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0)
    directory = (header + b"a") * 1_000_000
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, len(directory), 0, 0)
    return directory + end


def many_entries() -> bytes:
    return zipped(*((f"{number}", b"") for number in range(limits.ZIP_ENTRIES + 1)), method=zipfile.ZIP_STORED)


def many_folders() -> bytes:
    """Few entries, each of which names many folders."""
    return zipped(*((f"{number}/" + "d/" * 60 + "x", b"") for number in range(400)))


def overlapping() -> bytes:
    """Many directory entries that share one kernel of compressed data."""
    kernel = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = kernel.compress(bytes(10_000_000)) + kernel.flush()
    crc, size = zlib.crc32(bytes(10_000_000)), 10_000_000
    local = struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, 0, 8, 0, 0, crc, len(data), size, 1, 0) + b"a" + data
    central = b"".join(
        struct.pack(
            "<4s4B4HL2L5H2L", b"PK\x01\x02", 20, 3, 20, 0, 0, 8, 0, 0, crc, len(data), size, 1, 0, 0, 0, 0, 0, 0
        )
        + b"a"
        for _ in range(100)
    )
    return local + central + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 100, 100, len(central), len(local), 0)


def nameless() -> bytes:
    """An entry whose name has no characters, in both headers."""
    made = zipped(("a", b""), method=zipfile.ZIP_STORED)
    local = made.index(b"PK\x01\x02")
    front = bytearray(made[: local - 1])
    struct.pack_into("<H", front, 26, 0)
    central = bytearray(made[local : local + 46])
    struct.pack_into("<H", central, 28, 0)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, len(central), len(front), 0)
    return bytes(front + central) + end


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "Uploaded file must be a non-empty zip"),
    "no entries": (lambda: zipped(), "Uploaded file must be a non-empty zip"),
    "no zip": (lambda: b"def handler(): pass", BROKEN),
    "truncated in its directory": (lambda: PLAIN[:-10], BROKEN),
    "truncated in front": (lambda: PLAIN[40:], BROKEN),
    "climbs out": (lambda: zipped(("../app.py", b"x")), BROKEN),
    "climbs out in the middle": (lambda: zipped(("a/../../app.py", b"x")), BROKEN),
    "climbs out backwards": (lambda: zipped((entry("..\\app.py", 0o644), b"x")), BROKEN),
    "absolute": (lambda: zipped(("/etc/passwd", b"x")), BROKEN),
    "climbs as a folder": (lambda: zipped(("../d/", b"")), BROKEN),
    "nameless": (nameless, BROKEN),
    "nothing but dots": (lambda: zipped(("./", b""), ("./.", b"x")), BROKEN),
    "symlink": (lambda: zipped((entry("link", stat.S_IFLNK | 0o777), b"/etc/passwd")), BROKEN),
    "fifo": (lambda: zipped((entry("pipe", stat.S_IFIFO | 0o644), b"")), BROKEN),
    "device": (lambda: zipped((entry("null", stat.S_IFCHR | 0o644), b"")), BROKEN),
    "encrypted": (flag_encrypted, BROKEN),
    "bzip2, which inflates without a bound": (lambda: zipped(("a", b"x"), method=zipfile.ZIP_BZIP2), BROKEN),
    "wrong checksum": (wrong_checksum, BROKEN),
    "says less than it holds": (lambda: lying(100), BROKEN),
    "says more than it holds": (lambda: lying(30_000_000), BROKEN),
    "says far more than allowed": (lambda: lying(300_000_000), TOO_LARGE),
    "bomb": (bomb, TOO_LARGE),
    "overlapping entries": (overlapping, TOO_LARGE),
    "a million entries": (a_million_entries, BROKEN),
    "too many entries": (many_entries, BROKEN),
    "too many folders": (many_folders, BROKEN),
    "folders in folders in folders": (lambda: zipped(("d/" * 900 + "x", b"")), BROKEN),
    "file under a file": (lambda: zipped(("a", b"x"), ("a/b", b"x")), BROKEN),
    "file in a folder's place": (lambda: zipped(("a/b", b"x"), ("a", b"x")), BROKEN),
    "name too long": (lambda: zipped(("n" * 300, b"x")), BROKEN),
    "path too long": (lambda: zipped(("d" * 200 + ("/" + "d" * 200) * 30, b"x")), BROKEN),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_bad_archive_is_refused_in_aws_words_and_leaves_the_disk_as_it_was(case: str, home: Home) -> None:
    make, text = REFUSED[case]
    content = make()
    before = on_disk(home)
    started = time.monotonic()
    with pytest.raises(InvalidParameterValue) as caught:
        code.store(content)
    assert caught.value.message.startswith(text)
    assert caught.value.code == "InvalidParameterValueException"
    assert on_disk(home) == before
    assert time.monotonic() - started < 5


@pytest.mark.django_db
def test_a_damaged_archive_is_taken_or_refused_and_never_an_accident(home: Home) -> None:
    draw = random.Random(20)
    whole = [
        zipped(*((f"d{number}/f.py", b"x = 1\n" * 9) for number in range(4)), method=method)
        for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
    ]
    refusals = 0
    for _ in range(150):
        content = bytearray(draw.choice(whole))
        for _ in range(draw.choice((1, 1, 2, 5))):
            place = draw.randrange(len(content) // 2, len(content))  # the directory is in the second half
            content[place] = draw.choice((0, 1, 0x7F, 0x80, 0xFF, draw.randrange(256)))
        try:
            code.discard(code.store(bytes(content)))
        except Refusal:
            refusals += 1
        assert [path.name for path in home.code.iterdir() if path.name != ".lock"] == []
    assert 50 < refusals < 150


def test_only_what_lambdaplay_alone_refuses_has_words_of_its_own(home: Home) -> None:
    for case in ("climbs out", "encrypted", "wrong checksum", "no zip"):
        with pytest.raises(InvalidZipFile) as caught:
            code.store(REFUSED[case][0]())
        assert caught.value.message == BROKEN
    with pytest.raises(InvalidZipFile, match="symbolic link"):
        code.store(REFUSED["symlink"][0]())


def test_a_zip_over_the_limit_is_413_before_it_is_read(home: Home) -> None:
    with pytest.raises(RequestEntityTooLarge) as caught:
        code.store(bytes(limits.ZIPPED_BYTES + 1))
    assert caught.value.message == "Zipped size must be smaller than 52428800 bytes"
    assert caught.value.status == 413
    assert list(home.code.iterdir()) == []


def test_a_package_is_kept_as_uploaded_and_unpacked_with_plain_modes(home: Home) -> None:
    content = zipped(
        (entry("bootstrap", stat.S_IFREG | 0o4700), b"#!/bin/sh\n"),
        (entry("lib/deep/mod.py", stat.S_IFREG | 0o600), b"x = 1\n"),
        (entry("private/", stat.S_IFDIR | 0o700), b""),
        (entry("windows.py", 0, system=0), b"y = 1\n"),
    )
    package = code.store(content)
    folder = code.task_folder(package.sha256)
    modes = {str(path.relative_to(folder)): stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*")}
    assert modes == {
        "bootstrap": 0o755,
        "lib": 0o755,
        "lib/deep": 0o755,
        "lib/deep/mod.py": 0o644,
        "private": 0o755,
        "windows.py": 0o644,
    }
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755
    assert code.package_path(package.sha256).read_bytes() == content
    assert package.zipped_bytes == len(content)
    assert package.sha256_base64 == code.code_sha256_base64(package.sha256)
    # Besides the unpacked entries: code, libraries, logs and what the package is made of; run lies elsewhere when the
    # folder's path is too long for a socket.
    assert len([path for path in on_disk(home) if path != "run"]) == len(modes) + 7


def test_names_with_a_leading_dot_part_and_repeated_names_are_taken_as_unzip_takes_them(home: Home) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        content = zipped(("./app.py", b"first"), ("./app.py", b"second"))
    package = code.store(content)
    assert (code.task_folder(package.sha256) / "app.py").read_bytes() == b"second"


def test_an_umask_of_the_server_does_not_reach_a_package(home: Home) -> None:
    before = os.umask(0o077)
    try:
        package = code.store(zipped(("lib/app.py", b"x")))
    finally:
        os.umask(before)
    folder = code.task_folder(package.sha256)
    assert [stat.S_IMODE((folder / path).stat().st_mode) for path in (".", "lib", "lib/app.py")] == [
        0o755,
        0o755,
        0o644,
    ]
    assert stat.S_IMODE(folder.parent.stat().st_mode) == 0o755


def test_stores_of_one_package_at_once_are_harmless(home: Home) -> None:
    content = zipped(*((f"{number}.py", bytes(1000)) for number in range(200)))
    packages: list[code.CodePackage] = []
    start = threading.Barrier(8)

    def run() -> None:
        start.wait()
        packages.append(code.store(content))

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({package.sha256 for package in packages}) == 1
    assert len([package for package in packages if package.pin_ns]) == 1
    assert [path.name for path in home.code.iterdir() if path.name != ".lock"] == [packages[0].sha256]
    assert len(list(code.task_folder(packages[0].sha256).iterdir())) == 200


@pytest.mark.django_db
def test_a_discarded_store_goes_only_while_nobody_stored_it_again(home: Home) -> None:
    alone = code.store(zipped(("alone.py", b"x")))
    first = code.store(PLAIN)
    second = code.store(PLAIN)
    assert not code.discard(first)
    assert not code.discard(second)  # it was there before: something may run on it
    assert code.discard(alone)
    assert not code.discard(alone)
    assert sorted(path.name for path in home.code.iterdir()) == sorted([".lock", first.sha256])


@pytest.mark.django_db
def test_the_sweep_takes_old_leavings_and_lets_young_ones_be(home: Home) -> None:
    old, young = code.store(PLAIN), code.store(zipped(("other.py", b"x")))
    crashed, working = home.code / ".unpacking-old", home.code / ".unpacking-young"
    for folder in (crashed, working):
        folder.mkdir()
        (folder / "half").write_bytes(b"x")
    for folder in (crashed, home.code / old.sha256):
        os.utime(folder, (time.time() - 4000, time.time() - 4000))
    assert code.sweep() == 2
    assert sorted(path.name for path in home.code.iterdir()) == sorted([".lock", young.sha256, ".unpacking-young"])
    assert code.store(PLAIN).sha256 == old.sha256


def test_a_full_disk_leaves_nothing_behind(home: Home, tmp_path: Path) -> None:
    before = on_disk(home)
    source = f"""
import os, resource, signal, sys
os.environ["LAMBDAPLAY_HOME"] = {str(home.root)!r}
os.environ["DJANGO_SETTINGS_MODULE"] = "lambdaplay.settings"
import django; django.setup()
from invocations.runtime import code
content = open({str(tmp_path / "big.zip")!r}, "rb").read()
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
try:
    code.store(content)
except OSError as error:
    sys.exit(42)
"""
    (tmp_path / "big.zip").write_bytes(zipped(("big", os.urandom(3_000_000))))
    ended = subprocess.run([sys.executable, "-W", "ignore", "-c", source], check=False, cwd=Path(__file__).parents[2])
    assert ended.returncode == 42
    assert [path for path in on_disk(home) if path.startswith("code")] == [p for p in before if p.startswith("code")]


def test_a_folder_packs_to_the_same_bytes_whatever_its_dates(tmp_path: Path) -> None:
    folder = tmp_path / "function"
    (folder / "__pycache__").mkdir(parents=True)
    (folder / "__pycache__" / "app.pyc").write_bytes(b"x")
    (folder / "lib").mkdir()
    (folder / "lib" / "mod.py").write_text("x = 1\n")
    (folder / "bootstrap").write_text("#!/bin/sh\n")
    (folder / "bootstrap").chmod(0o755)
    first = code.from_folder(folder)
    os.utime(folder / "bootstrap", (1, 1))
    assert code.from_folder(folder) == first
    with zipfile.ZipFile(io.BytesIO(first)) as made:
        modes = {info.filename: oct(info.external_attr >> 16) for info in made.infolist()}
    assert modes == {"bootstrap": "0o100755", "lib/mod.py": "0o100644"}


@pytest.mark.parametrize("make", [lambda path: path / "missing", lambda path: path], ids=["missing", "empty"])
def test_a_folder_with_nothing_to_pack_is_a_sentence(make: Callable[[Path], Path], tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=r"folder|files"):
        code.from_folder(make(tmp_path))


def test_one_source_makes_a_package(home: Home) -> None:
    package = code.store(archive.from_source("bootstrap", "#!/bin/sh\necho ü\n"))
    file = code.task_folder(package.sha256) / "bootstrap"
    assert file.read_text() == "#!/bin/sh\necho ü\n"
    assert os.access(file, os.X_OK)
