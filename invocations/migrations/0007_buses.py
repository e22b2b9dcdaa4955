from __future__ import annotations

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("invocations", "0006_topics"),
    ]

    operations = [
        migrations.CreateModel(
            name="Bus",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("account", models.CharField(max_length=12)),
                ("region", models.CharField(max_length=32)),
                ("name", models.CharField(max_length=256)),
                ("description", models.CharField(blank=True, default="", max_length=512)),
                ("policy", models.TextField(blank=True, default="")),
                ("tags", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField()),
                ("modified_at", models.DateTimeField()),
            ],
            options={
                "verbose_name_plural": "buses",
                "ordering": ["name"],
                "constraints": [models.UniqueConstraint(fields=("account", "region", "name"), name="bus_name")],
            },
        ),
        migrations.CreateModel(
            name="Rule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "bus",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="rules",
                        to="invocations.bus",
                    ),
                ),
                ("name", models.CharField(max_length=64)),
                ("pattern", models.TextField(blank=True, default="")),
                ("schedule", models.CharField(blank=True, default="", max_length=256)),
                (
                    "state",
                    models.CharField(
                        choices=[("ENABLED", "Enabled"), ("DISABLED", "Disabled")], default="ENABLED", max_length=8
                    ),
                ),
                ("description", models.CharField(blank=True, default="", max_length=512)),
                ("role_arn", models.CharField(blank=True, default="", max_length=1600)),
                ("tags", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField()),
                ("modified_at", models.DateTimeField()),
            ],
            options={
                "ordering": ["name"],
                "constraints": [models.UniqueConstraint(fields=("bus", "name"), name="rule_name")],
            },
        ),
        migrations.CreateModel(
            name="RuleTarget",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "rule",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="targets",
                        to="invocations.rule",
                    ),
                ),
                ("target_id", models.CharField(max_length=64)),
                ("arn", models.CharField(max_length=1600)),
                ("role_arn", models.CharField(blank=True, default="", max_length=1600)),
                ("constant", models.TextField(blank=True, default="")),
                ("path", models.CharField(blank=True, default="", max_length=256)),
                ("template", models.TextField(blank=True, default="")),
                ("paths", models.JSONField(default=dict)),
                ("group", models.CharField(blank=True, default="", max_length=128)),
                ("max_retries", models.IntegerField(null=True)),
                ("max_age_seconds", models.IntegerField(null=True)),
                ("dead_letter_arn", models.CharField(blank=True, default="", max_length=350)),
            ],
            options={
                "ordering": ["id"],
                "indexes": [models.Index(fields=["arn"], name="rule_target_arn")],
                "constraints": [models.UniqueConstraint(fields=("rule", "target_id"), name="rule_target_id")],
            },
        ),
        migrations.CreateModel(
            name="BusEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "bus",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="events",
                        to="invocations.bus",
                    ),
                ),
                ("bus_arn", models.CharField(max_length=400)),
                ("arrival", models.CharField(max_length=64, unique=True)),
                ("event_id", models.CharField(max_length=36)),
                ("source", models.CharField(max_length=256)),
                ("detail_type", models.CharField(max_length=256)),
                ("event_at", models.DateTimeField()),
                ("received_at", models.DateTimeField()),
                ("matched", models.JSONField(default=list)),
                ("via", models.CharField(blank=True, default="", max_length=400)),
                ("trace_id", models.CharField(blank=True, default="", max_length=64)),
                ("hops", models.IntegerField(default=0)),
                ("caused_by", models.CharField(blank=True, default="", max_length=36)),
                (
                    "written_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
            ],
            options={
                "ordering": ["-id"],
                "indexes": [
                    models.Index(fields=["bus", "id"], name="bus_event_by_bus"),
                    models.Index(condition=models.Q(("bus", None)), fields=["id"], name="bus_event_lost"),
                    models.Index(
                        condition=models.Q(("trace_id", ""), _negated=True),
                        fields=["trace_id"],
                        name="bus_event_by_trace",
                    ),
                ],
                "constraints": [],
            },
        ),
        migrations.CreateModel(
            name="BusEventBody",
            fields=[
                (
                    "event",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="content",
                        serialize=False,
                        to="invocations.busevent",
                    ),
                ),
                ("body", models.BinaryField()),
            ],
            options={
                "constraints": [],
            },
        ),
    ]
