from __future__ import annotations

from django.contrib import admin
from django.urls import path
from django.views.generic import RedirectView

from invocations.admin.clock import clock_page, steer
from invocations.admin.doctor import doctor_view
from invocations.admin.flow_page import flow_view
from invocations.admin.waiting import waiting_room
from invocations.views import resources
from invocations.views.clock import clock_view
from invocations.views.health import healthz
from invocations.views.invoke import invoke_view
from invocations.views.object_store import changes
from invocations.views.records import record

handler400 = "invocations.views.failures.bad_request"

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="root"),
    path("admin/clock/", admin.site.admin_view(clock_page), name="clock"),
    path("admin/clock/steer/", admin.site.admin_view(steer), name="clock-steer"),
    path("admin/waiting/", admin.site.admin_view(waiting_room), name="waiting"),
    path("admin/flow/<str:trace_id>/", admin.site.admin_view(flow_view), name="flow"),
    path("admin/doctor/", admin.site.admin_view(doctor_view), name="doctor"),
    path("admin/", admin.site.urls),
    path("functions/<str:name>/invoke/", invoke_view, name="invoke"),
    path("buses/", resources.create_bus, name="create-bus"),
    path("buses/<path:bus>/rules/", resources.create_rule, name="create-rule"),
    path("buses/<path:bus>/rules/<str:rule>/targets/", resources.put_target, name="put-target"),
    path("topics/", resources.create_topic, name="create-topic"),
    path("topics/<str:topic>/subscriptions/", resources.subscribe, name="subscribe"),
    path("_lambdaplay/clock", clock_view, name="clock-control"),
    path("_lambdaplay/invocations/<str:request_id>", record, name="record"),
    path("_lambdaplay/s3/events", changes, name="object-changes"),
    path("healthz", healthz),
]
