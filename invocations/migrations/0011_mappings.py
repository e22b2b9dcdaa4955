import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("invocations", "0010_function_urls"),
    ]

    operations = [
        migrations.CreateModel(
            name="Batch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("epoch", models.IntegerField(default=0)),
                ("shard", models.CharField(blank=True, default="", max_length=80)),
                ("slot", models.IntegerField(default=0)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("COLLECTING", "Collecting"),
                            ("WAITING", "Waiting"),
                            ("RUNNING", "Running"),
                            ("ENDED", "Ended"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("succeeded", "Succeeded"),
                            ("partial", "Partial"),
                            ("failed", "Failed"),
                            ("filtered", "Filtered"),
                            ("throttled", "Throttled"),
                            ("refused", "Refused"),
                            ("expired", "Expired"),
                            ("returned", "Returned"),
                            ("lost", "Lost"),
                        ],
                        default="",
                        max_length=10,
                    ),
                ),
                ("reason", models.CharField(blank=True, default="", max_length=500)),
                ("request_id", models.CharField(blank=True, default="", max_length=36)),
                ("attempt", models.IntegerField(default=0)),
                ("records", models.IntegerField(default=0)),
                ("filtered", models.IntegerField(default=0)),
                ("failed", models.IntegerField(default=0)),
                ("payload_bytes", models.IntegerField(default=0)),
                ("first", models.CharField(blank=True, default="", max_length=160)),
                ("last", models.CharField(blank=True, default="", max_length=160)),
                ("opened_at", models.DateTimeField()),
                ("started_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("window_ends_at", models.DateTimeField(null=True)),
                ("visible_ms", models.BigIntegerField(null=True)),
                (
                    "written_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
            ],
            options={
                "verbose_name_plural": "batches",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="BatchRecords",
            fields=[
                (
                    "batch",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="content",
                        serialize=False,
                        to="invocations.batch",
                    ),
                ),
                ("records", models.JSONField(default=list)),
            ],
        ),
        migrations.CreateModel(
            name="Mapping",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.CharField(max_length=36, unique=True)),
                ("account", models.CharField(max_length=12)),
                ("region", models.CharField(max_length=32)),
                ("function", models.CharField(max_length=64)),
                ("qualifier", models.CharField(blank=True, default="", max_length=128)),
                (
                    "source",
                    models.CharField(
                        choices=[("sqs", "Sqs"), ("kinesis", "Kinesis"), ("dynamodb", "Dynamodb")], max_length=10
                    ),
                ),
                ("source_arn", models.CharField(max_length=512)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("Creating", "Creating"),
                            ("Enabling", "Enabling"),
                            ("Enabled", "Enabled"),
                            ("Updating", "Updating"),
                            ("Disabling", "Disabling"),
                            ("Disabled", "Disabled"),
                            ("Deleting", "Deleting"),
                        ],
                        max_length=10,
                    ),
                ),
                ("state_since", models.DateTimeField()),
                ("enabled", models.BooleanField()),
                ("batch_size", models.IntegerField()),
                ("window_seconds", models.IntegerField(default=0)),
                ("max_concurrency", models.IntegerField(null=True)),
                ("report_failures", models.BooleanField(default=False)),
                ("filters", models.JSONField(default=list)),
                ("starting_position", models.CharField(blank=True, default="", max_length=16)),
                ("starting_timestamp", models.DateTimeField(null=True)),
                ("parallelization_factor", models.IntegerField(default=1)),
                ("max_retries", models.IntegerField(default=-1)),
                ("max_record_age_seconds", models.IntegerField(default=-1)),
                ("bisect", models.BooleanField(default=False)),
                ("tumbling_window_seconds", models.IntegerField(default=0)),
                ("on_failure", models.CharField(blank=True, default="", max_length=350)),
                ("tags", models.JSONField(default=dict)),
                ("last_result", models.CharField(blank=True, default="", max_length=500)),
                ("pollers_wanted", models.IntegerField(default=0)),
                ("scaled_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField()),
                ("last_modified", models.DateTimeField()),
            ],
            options={
                "ordering": ["id"],
                "indexes": [models.Index(fields=["source_arn"], name="mapping_by_source")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("account", "region", "source_arn", "function", "qualifier"), name="mapping_is_unique"
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="batch",
            name="mapping",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="batches", to="invocations.mapping"
            ),
        ),
        migrations.CreateModel(
            name="Poller",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("shard", models.CharField(blank=True, default="", max_length=80)),
                ("slot", models.IntegerField(default=0)),
                ("epoch", models.IntegerField(default=0)),
                ("runner", models.CharField(blank=True, default="", max_length=128)),
                ("lease_until", models.DateTimeField(null=True)),
                ("due_at", models.DateTimeField()),
                ("idle_until", models.DateTimeField(null=True)),
                ("collect_until", models.DateTimeField(null=True)),
                ("sent_at", models.DateTimeField(null=True)),
                ("troubles", models.IntegerField(default=0)),
                ("trouble", models.CharField(blank=True, default="", max_length=500)),
                ("parents", models.JSONField(default=list)),
                ("waits", models.BooleanField(default=False)),
                ("slots", models.IntegerField(default=1)),
                ("checkpoint", models.CharField(blank=True, default="", max_length=160)),
                ("spans", models.JSONField(default=list)),
                ("window", models.JSONField(default=dict)),
                ("closed", models.BooleanField(default=False)),
                ("behind_ms", models.BigIntegerField(null=True)),
                (
                    "mapping",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="pollers", to="invocations.mapping"
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
            },
        ),
        migrations.AddField(
            model_name="batch",
            name="poller",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="batches", to="invocations.poller"
            ),
        ),
        migrations.AddConstraint(
            model_name="poller",
            constraint=models.UniqueConstraint(fields=("mapping", "shard", "slot", "slots"), name="poller_is_unique"),
        ),
        migrations.AddIndex(
            model_name="batch",
            index=models.Index(fields=["mapping", "-id"], name="batch_by_mapping"),
        ),
        migrations.AddIndex(
            model_name="batch",
            index=models.Index(
                condition=models.Q(("state", "ENDED"), _negated=True), fields=["poller"], name="batch_open"
            ),
        ),
    ]
