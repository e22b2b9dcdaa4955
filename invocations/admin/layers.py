"""Layers in the admin: which there are, in which versions, and which functions use them. Made through the API."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from unfold.admin import ModelAdmin

from invocations.admin.pages import page, plain, wants_json
from invocations.decisions.grants import layer_sentence
from invocations.models import FunctionVersion, Layer, LayerVersion
from invocations.runtime.code import code_sha256_base64, extensions, package_path

ROWS = 25
SHOWN = 100  # versions of one layer on its page
USERS = 5000  # function versions with layers that are looked through
EXAMPLE = "aws lambda publish-layer-version --layer-name tools --zip-file fileb://tools.zip"

Users = Mapping[str, Sequence[FunctionVersion]]  # by the ARN of a layer version


@dataclass(frozen=True)
class Line:
    """One version of a layer, with who uses it and who else may, and the extensions that it brings."""

    row: LayerVersion
    users: Sequence[FunctionVersion]
    grants: Sequence[str]
    checksum: str
    extensions: Sequence[str]


@admin.register(Layer)
class LayerAdmin(ModelAdmin):  # type: ignore[misc]
    """What do functions share?"""

    actions: ClassVar[Any] = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Layer | None = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/<int:version>/package/", view(self.package), name="invocations_layer_package"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        self._must_view(request)
        asked, after = plain(request.GET.get("name"), 140).strip(), plain(request.GET.get("after"), 140)
        rows = Layer.objects.filter(versions__isnull=False).distinct().order_by("name", "id")
        if asked:
            rows = rows.filter(name__icontains=asked)
        if after:
            rows = rows.filter(name__gt=after)
        found = list(rows.prefetch_related("versions")[: ROWS + 1])
        older = found[ROWS - 1].name if len(found) > ROWS else None
        users = _users()
        shown = [_summary(layer, users) for layer in found[:ROWS]]
        if wants_json(request):
            return JsonResponse({"layers": [_listed(one) for one in shown], "after": older})
        context = {"rows": shown, "asked": asked, "older": older, "newer": bool(after), "example": EXAMPLE}
        return page(request, "console/layer_list.html", "Layers", context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        self._must_view(request)
        if not (object_id.isascii() and object_id.isdigit() and len(object_id) < 19):
            raise Http404("No such layer.")
        layer = get_object_or_404(Layer, pk=int(object_id))
        users = _users()
        versions = layer.versions.select_related("layer").order_by("-version")[:SHOWN]
        lines = [_line(row, users) for row in versions]
        if wants_json(request):
            return JsonResponse({"name": layer.name, "arn": layer.arn, "versions": [_document(line) for line in lines]})
        crumbs = [("Layers", reverse("admin:invocations_layer_changelist"))]
        return page(request, "console/layer.html", layer.name, {"layer": layer, "lines": lines}, crumbs)

    def package(self, request: HttpRequest, pk: int, version: int) -> HttpResponse | FileResponse:
        """Download a version's zip, as it was uploaded."""
        self._must_view(request)
        row = get_object_or_404(LayerVersion.objects.select_related("layer"), layer_id=pk, version=version)
        place = package_path(row.code_sha256)
        if not place.is_file():
            raise Http404("There is no such package.")
        name = f"{row.layer.name}-{row.version}.zip"
        return FileResponse(place.open("rb"), as_attachment=True, filename=name, content_type="application/zip")

    def _must_view(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied


def _users() -> Users:
    found: dict[str, list[FunctionVersion]] = defaultdict(list)
    rows = FunctionVersion.objects.exclude(opt_sha256="").select_related("function").order_by("function__name", "id")
    for row in rows[:USERS]:
        for layer in row.layers:
            found[layer["arn"]].append(row)
    return found


def _summary(layer: Layer, users: Users) -> dict[str, Any]:
    versions = list(layer.versions.all())
    using = {version.function for row in versions for version in users.get(f"{layer.arn}:{row.version}", ())}
    home = (settings.LAMBDAPLAY_ACCOUNT, settings.LAMBDAPLAY_REGION)
    elsewhere = "" if (layer.account, layer.region) == home else f"{layer.account} / {layer.region}"
    newest = max(versions, key=lambda row: row.version)
    functions = sorted(using, key=lambda function: function.name)
    return {"layer": layer, "elsewhere": elsewhere, "newest": newest, "count": len(versions), "functions": functions}


def _line(row: LayerVersion, users: Users) -> Line:
    grants = [layer_sentence(statement) for statement in row.statements]
    return Line(row, users.get(row.arn, ()), grants, code_sha256_base64(row.code_sha256), extensions(row.code_sha256))


def _listed(summary: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": summary["layer"].name,
        "arn": summary["layer"].arn,
        "versions": summary["count"],
        "newest": summary["newest"].version,
        "used_by": [function.name for function in summary["functions"]],
    }


def _document(line: Line) -> dict[str, Any]:
    row = line.row
    return {
        "version": row.version,
        "arn": row.arn,
        "description": row.description,
        "runtimes": row.runtimes,
        "architectures": row.architectures,
        "license": row.license_info,
        "code_sha256": line.checksum,
        "code_size": row.code_size,
        "unzipped_bytes": row.unzipped_bytes,
        "created_at": row.created_at.isoformat(),
        "extensions": line.extensions,
        "statements": row.statements,
        "used_by": [f"{version.function.name}:{version.version}" for version in line.users],
    }
