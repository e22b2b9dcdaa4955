"""What differs between two versions of a function: fields of the configuration, and files of the code."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse

from invocations.admin.pages import functions_crumb, page, plain, wants_json
from invocations.decisions import code_diff
from invocations.decisions.code_diff import FileDiff
from invocations.models import Function, FunctionVersion
from invocations.models.function import FROZEN
from invocations.runtime.code import task_folder
from invocations.values import LATEST

FILES_READ = 20_000
FILES_SHOWN = 50
CHOICES = 100
_CODE = ("code_sha256", "opt_sha256")  # shown as files, and as layers
_LABELS = {
    "timeout_seconds": "Timeout (s)",
    "memory_mb": "Memory (MB)",
    "tmp_mb": "Size of /tmp (MB)",
    "code_size": "Package (bytes)",
    "dead_letter_arn": "Dead-letter queue",
}


@dataclass(frozen=True)
class FieldDiff:
    """One setting, as text; `secret` is the value of an environment variable, shown on demand only."""

    name: str
    before: str
    after: str
    secret: bool = False


@dataclass(frozen=True)
class CodeDiff:
    """`problem` is "" when both packages could be read."""

    files: Sequence[FileDiff] = ()
    more: int = 0
    problem: str = ""


def compare_page(request: HttpRequest, function: Function) -> HttpResponse:
    """Two versions side by side: `from` (the newest published one unless told) and `to` ($LATEST)."""
    numbers = list(
        function.versions.exclude(version=LATEST).order_by("-id").values_list("version", flat=True)[:CHOICES]
    )
    before = _version(function, plain(request.GET.get("from"), 20) or (numbers[0] if numbers else LATEST))
    after = _version(function, plain(request.GET.get("to"), 20) or LATEST)
    fields, code = field_diffs(before, after), code_diffs(before.code_sha256, after.code_sha256)
    if wants_json(request):
        shown = [asdict(one) if not one.secret else {"name": one.name, "secret": True} for one in fields]
        return JsonResponse({"from": before.version, "to": after.version, "fields": shown, "code": asdict(code)})
    tab = reverse("admin:invocations_function_change", args=[function.pk])
    context = {
        "function": function,
        "before": before,
        "after": after,
        "choices": [LATEST, *numbers],
        "fields": fields,
        "code": code,
    }
    crumbs = [functions_crumb(), (function.name, f"{tab}?tab=versions")]
    return page(request, "console/version_diff.html", f"{before.version} and {after.version}", context, crumbs)


def _version(function: Function, version: str) -> FunctionVersion:
    found = function.versions.filter(version=version).first()
    if found is None:
        raise Http404("No such version.")
    return found


def field_diffs(before: FunctionVersion, after: FunctionVersion) -> list[FieldDiff]:
    """The settings that differ, environment variables one by one."""
    found = []
    for name in ("description", *FROZEN):
        old, new = getattr(before, name), getattr(after, name)
        if name == "variables":
            found += _variables(old or {}, new or {})
        elif name not in _CODE and old != new:
            found.append(FieldDiff(_LABELS.get(name) or name.replace("_", " ").capitalize(), _text(old), _text(new)))
    return found


def _variables(before: dict[str, str], after: dict[str, str]) -> list[FieldDiff]:
    names = [name for name in sorted({*before, *after}) if before.get(name) != after.get(name)]
    return [FieldDiff(name, before.get(name, ""), after.get(name, ""), secret=True) for name in names]


def _text(value: Any) -> str:
    if isinstance(value, list):  # layers
        return "\n".join(str(one.get("arn", one)) if isinstance(one, dict) else str(one) for one in value)
    return "" if value is None else str(value)


def code_diffs(before: str, after: str) -> CodeDiff:
    """The files that differ between two packages, by their checksums."""
    if before == after:
        return CodeDiff()
    folders = [task_folder(sha256) for sha256 in (before, after)]
    if not all(folder.is_dir() for folder in folders):
        return CodeDiff(problem="A package is not on this machine any more, so its files cannot be compared.")
    old, new = (_files(folder) for folder in folders)
    if old is None or new is None:
        return CodeDiff(problem=f"A package has more than {FILES_READ:,} files: download both to compare them.")
    names = [name for name in sorted({*old, *new}) if _differs(old.get(name), new.get(name))]
    shown = [_file(name, old.get(name), new.get(name)) for name in names[:FILES_SHOWN]]
    return CodeDiff(shown, len(names) - len(shown))


def _files(folder: Path) -> dict[str, Path] | None:
    found: dict[str, Path] = {}
    for base, _, names in os.walk(folder):
        for name in names:
            path = Path(base, name)
            found[path.relative_to(folder).as_posix()] = path
        if len(found) > FILES_READ:
            return None
    return found


def _differs(before: Path | None, after: Path | None) -> bool:
    if before is None or after is None:
        return True
    return _size(before) != _size(after) or _content(before) != _content(after)


def _file(name: str, before: Path | None, after: Path | None) -> FileDiff:
    sizes = [None if path is None else _size(path) for path in (before, after)]
    if max(size or 0 for size in sizes) > code_diff.BYTES:
        return code_diff.too_large(name, *sizes)
    return code_diff.compare(name, *(None if path is None else _content(path) for path in (before, after)))


def _size(path: Path) -> int:
    return path.lstat().st_size


def _content(path: Path) -> bytes:
    """A link is what it says, and is never followed: it may lead out of the package."""
    return os.readlink(path).encode() if path.is_symlink() else path.read_bytes()
