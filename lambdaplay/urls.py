from __future__ import annotations

from django.contrib import admin
from django.urls import path
from django.views.generic import RedirectView

from invocations.admin.clock import clock_page, steer
from invocations.admin.doctor import doctor_view
from invocations.admin.waiting import waiting_room
from invocations.views.clock import clock_view
from invocations.views.health import healthz
from invocations.views.invoke import invoke_view
from invocations.views.records import record

handler400 = "invocations.views.failures.bad_request"

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="root"),
    path("admin/clock/", admin.site.admin_view(clock_page), name="clock"),
    path("admin/clock/steer/", admin.site.admin_view(steer), name="clock-steer"),
    path("admin/waiting/", admin.site.admin_view(waiting_room), name="waiting"),
    path("admin/doctor/", admin.site.admin_view(doctor_view), name="doctor"),
    path("admin/", admin.site.urls),
    path("functions/<str:name>/invoke/", invoke_view, name="invoke"),
    path("_lambdaplay/clock", clock_view, name="clock-control"),
    path("_lambdaplay/invocations/<str:request_id>", record, name="record"),
    path("healthz", healthz),
]
