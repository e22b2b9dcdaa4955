from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("invocations", "0005_policies"),
    ]

    operations = [
        migrations.CreateModel(
            name="Publication",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("message_id", models.CharField(max_length=36, unique=True)),
                ("published_at", models.DateTimeField()),
                ("written_at", models.DateTimeField()),
                ("sequence", models.BigIntegerField(default=0)),
                ("group", models.CharField(blank=True, default="", max_length=128)),
                ("deduplication_id", models.CharField(blank=True, default="", max_length=128)),
                ("publisher", models.CharField(blank=True, default="", max_length=256)),
                ("trace_id", models.CharField(blank=True, default="", max_length=64)),
                ("caused_by", models.CharField(blank=True, default="", max_length=36)),
                ("deliveries", models.IntegerField(default=0)),
                ("filtered", models.JSONField(default=dict)),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="Subscription",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("subscription_id", models.CharField(max_length=36, unique=True)),
                (
                    "state",
                    models.CharField(
                        choices=[("PENDING", "Pending"), ("CONFIRMED", "Confirmed"), ("DELETED", "Deleted")],
                        max_length=9,
                    ),
                ),
                ("protocol", models.CharField(max_length=8)),
                ("endpoint", models.CharField(max_length=2048)),
                ("owner", models.CharField(max_length=12)),
                ("principal", models.CharField(max_length=256)),
                ("by_function", models.BooleanField(default=False)),
                ("authenticated", models.BooleanField(default=False)),
                ("keep_signed", models.BooleanField(default=False)),
                ("token", models.CharField(blank=True, db_index=True, default="", max_length=96)),
                ("token_until", models.DateTimeField(null=True)),
                ("raw", models.BooleanField(default=False)),
                ("filter_policy", models.TextField(blank=True, default="")),
                ("filter_scope", models.CharField(default="MessageAttributes", max_length=17)),
                ("redrive_policy", models.TextField(blank=True, default="")),
                ("redrive_target", models.CharField(blank=True, default="", max_length=350)),
                ("delivery_policy", models.TextField(blank=True, default="")),
                ("created_at", models.DateTimeField()),
                ("deleted_at", models.DateTimeField(null=True)),
            ],
            options={
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="Topic",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("account", models.CharField(max_length=12)),
                ("region", models.CharField(max_length=32)),
                ("name", models.CharField(max_length=256)),
                ("fifo", models.BooleanField(default=False)),
                ("display_name", models.CharField(blank=True, default="", max_length=100)),
                ("policy", models.TextField(blank=True, default="")),
                ("delivery_policy", models.TextField(blank=True, default="")),
                ("content_deduplication", models.BooleanField(default=False)),
                ("throughput_scope", models.CharField(blank=True, default="", max_length=16)),
                ("signature_version", models.CharField(blank=True, default="", max_length=1)),
                ("max_message_bytes", models.IntegerField(null=True)),
                ("tags", models.JSONField(default=dict)),
                ("last_sequence", models.BigIntegerField(default=0)),
                ("subscriptions_deleted", models.IntegerField(default=0)),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "ordering": ["name"],
            },
        ),
        migrations.CreateModel(
            name="TopicDedup",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("group", models.CharField(blank=True, default="", max_length=128)),
                ("deduplication_id", models.CharField(max_length=128)),
                ("message_id", models.CharField(max_length=36)),
                ("sequence", models.BigIntegerField()),
                ("expires_at", models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name="delivery",
            name="lane",
            field=models.CharField(max_length=700, null=True),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("lane__isnull", False)), fields=["lane", "state", "id"], name="delivery_lane"
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(fields=["source_arn", "-id"], name="delivery_by_source"),
        ),
        migrations.CreateModel(
            name="PublicationBody",
            fields=[
                (
                    "publication",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="content",
                        serialize=False,
                        to="invocations.publication",
                    ),
                ),
                ("message", models.TextField()),
                ("subject", models.CharField(blank=True, default="", max_length=100)),
                ("structure", models.CharField(blank=True, default="", max_length=8)),
                ("attributes", models.JSONField(default=dict)),
            ],
        ),
        migrations.AddConstraint(
            model_name="topic",
            constraint=models.UniqueConstraint(fields=("account", "region", "name"), name="topic_name"),
        ),
        migrations.AddField(
            model_name="subscription",
            name="topic",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="subscriptions", to="invocations.topic"
            ),
        ),
        migrations.AddField(
            model_name="publication",
            name="topic",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="publications",
                to="invocations.topic",
            ),
        ),
        migrations.AddField(
            model_name="topicdedup",
            name="topic",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, to="invocations.topic"
            ),
        ),
        migrations.AddConstraint(
            model_name="subscription",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "DELETED"), _negated=True),
                fields=("topic", "protocol", "endpoint"),
                name="subscription_endpoint",
            ),
        ),
        migrations.AddIndex(
            model_name="publication",
            index=models.Index(fields=["topic", "-id"], name="publication_by_topic"),
        ),
        migrations.AddIndex(
            model_name="topicdedup",
            index=models.Index(fields=["topic", "expires_at"], name="topic_deduplication_end"),
        ),
        migrations.AddConstraint(
            model_name="topicdedup",
            constraint=models.UniqueConstraint(
                fields=("topic", "group", "deduplication_id"), name="topic_deduplication"
            ),
        ),
    ]
