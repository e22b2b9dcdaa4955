from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("invocations", "0007_buses")]

    operations = [
        migrations.CreateModel(
            name="Stream",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("account", models.CharField(max_length=12)),
                ("region", models.CharField(max_length=32)),
                ("name", models.CharField(max_length=128)),
                ("stream_id", models.CharField(max_length=24, unique=True)),
                (
                    "mode",
                    models.CharField(
                        choices=[("PROVISIONED", "Provisioned"), ("ON_DEMAND", "On Demand")],
                        default="PROVISIONED",
                        max_length=11,
                    ),
                ),
                ("retention_hours", models.IntegerField(default=24)),
                ("max_record_kib", models.IntegerField(default=1024)),
                ("tags", models.JSONField(default=dict)),
                ("next_shard", models.IntegerField(default=0)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("CREATING", "Creating"),
                            ("ACTIVE", "Active"),
                            ("UPDATING", "Updating"),
                            ("DELETING", "Deleting"),
                        ],
                        default="CREATING",
                        max_length=8,
                    ),
                ),
                ("status_since", models.DateTimeField()),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "ordering": ["name"],
                "constraints": [models.UniqueConstraint(fields=("account", "region", "name"), name="stream_name")],
            },
        ),
        migrations.CreateModel(
            name="StreamRecord",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("arrived_ms", models.BigIntegerField()),
                ("size", models.IntegerField()),
                ("partition_key", models.CharField(max_length=256)),
                ("data", models.BinaryField()),
            ],
            options={"ordering": ["id"]},
        ),
        migrations.CreateModel(
            name="Shard",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.IntegerField()),
                ("parent", models.IntegerField(null=True)),
                ("adjacent_parent", models.IntegerField(null=True)),
                ("first_hash", models.CharField(max_length=39)),
                ("last_hash", models.CharField(max_length=39)),
                ("epoch", models.BigIntegerField()),
                ("opened_ms", models.BigIntegerField()),
                ("closed_ms", models.BigIntegerField(null=True)),
                ("last_place", models.BigIntegerField(default=0)),
                ("last_arrival_ms", models.BigIntegerField(default=0)),
                ("largest_bytes", models.IntegerField(default=0)),
                (
                    "stream",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="shards",
                        to="invocations.stream",
                    ),
                ),
            ],
            options={
                "ordering": ["stream", "number"],
                "constraints": [models.UniqueConstraint(fields=("stream", "number"), name="shard_number")],
            },
        ),
    ]
