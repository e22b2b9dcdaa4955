"""Resource policies of functions, and an outbox that carries more than outcomes of invocations."""

from __future__ import annotations

from typing import Any

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models
from django.db.models import OuterRef, Subquery, Value
from django.db.models.functions import Concat

import invocations.models.function


def take_from_invocations(apps: Any, schema_editor: Any) -> None:
    """Deliveries that are there already all tell of an invocation: what they share with parcels is read from it."""
    Delivery, Invocation = apps.get_model("invocations", "Delivery"), apps.get_model("invocations", "Invocation")
    told = Invocation.objects.filter(pk=OuterRef("invocation_id"))
    Delivery.objects.update(
        key=Concat(Subquery(told.values("request_id")[:1]), Value(":"), "kind"),
        account=Subquery(told.values("account")[:1]),
        region=Subquery(told.values("region")[:1]),
        trace_id=Subquery(told.values("trace_id")[:1]),
        hops=Subquery(told.values("hops")[:1]) + 1,
        caused_by=Subquery(told.values("request_id")[:1]),
    )


class Migration(migrations.Migration):
    dependencies = [("invocations", "0004_asynchronous")]
    operations = [
        migrations.CreateModel(
            name="FunctionPolicy",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("qualifier", models.CharField(blank=True, default="", max_length=128)),
                ("statements", models.JSONField(default=list)),
                ("revision_id", models.CharField(default=invocations.models.function.new_revision, max_length=36)),
                (
                    "function",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="policies",
                        to="invocations.function",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "function policies",
                "ordering": ["id"],
            },
        ),
        migrations.AddConstraint(
            model_name="functionpolicy",
            constraint=models.UniqueConstraint(fields=("function", "qualifier"), name="function_policy_is_unique"),
        ),
        migrations.RemoveConstraint(model_name="delivery", name="delivery_is_unique"),
        migrations.AddField("delivery", "key", models.CharField(max_length=512, default=""), preserve_default=False),
        migrations.AddField("delivery", "account", models.CharField(max_length=12, default=""), preserve_default=False),
        migrations.AddField("delivery", "region", models.CharField(max_length=32, default=""), preserve_default=False),
        migrations.AddField("delivery", "source_arn", models.CharField(blank=True, default="", max_length=512)),
        migrations.AddField("delivery", "principal", models.CharField(blank=True, default="", max_length=64)),
        migrations.AddField("delivery", "policy_arn", models.CharField(blank=True, default="", max_length=512)),
        migrations.AddField("delivery", "trace_id", models.CharField(blank=True, default="", max_length=64)),
        migrations.AddField("delivery", "hops", models.IntegerField(default=0)),
        migrations.AddField("delivery", "caused_by", models.CharField(blank=True, default="", max_length=36)),
        migrations.AddField("delivery", "spent", models.IntegerField(default=0)),
        migrations.AddField("delivery", "max_tries", models.IntegerField(null=True)),
        migrations.AddField("delivery", "max_age_seconds", models.IntegerField(default=21600)),
        migrations.AddField("delivery", "dead_letter_arn", models.CharField(blank=True, default="", max_length=350)),
        migrations.AddField(
            "delivery",
            "written_at",
            models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
        ),
        migrations.AddField("deliverybody", "options", models.JSONField(default=dict)),
        migrations.AddField("deliverybody", "back_off", models.JSONField(default=list)),
        migrations.AddField("deliverybody", "dead_letter_attributes", models.JSONField(default=dict)),
        migrations.AddField("deliverybody", "dead_letter_body", models.BinaryField(null=True)),
        migrations.AlterField("delivery", "destination", models.CharField(max_length=2048)),
        migrations.AlterField(
            "delivery",
            "invocation",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="deliveries",
                to="invocations.invocation",
            ),
        ),
        migrations.AlterField(
            "delivery",
            "kind",
            models.CharField(
                choices=[
                    ("on-success", "On Success"),
                    ("on-failure", "On Failure"),
                    ("dead-letter", "Dead Letter"),
                    ("subscription", "Subscription"),
                    ("rule", "Rule"),
                    ("mapping", "Mapping"),
                    ("schedule", "Schedule"),
                ],
                max_length=16,
            ),
        ),
        migrations.RunPython(take_from_invocations, migrations.RunPython.noop),
        migrations.AlterField("delivery", "key", models.CharField(max_length=512, unique=True)),
        migrations.AddIndex(
            "delivery",
            models.Index(
                condition=models.Q(("caused_by", ""), _negated=True), fields=["caused_by"], name="delivery_caused_by"
            ),
        ),
    ]
