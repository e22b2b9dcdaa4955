from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("invocations", "0011_mappings")]

    operations = [
        migrations.AddField(model_name="rule", name="next_at", field=models.DateTimeField(null=True)),
        migrations.AddIndex(
            model_name="rule",
            index=models.Index(
                condition=models.Q(("next_at__isnull", False)), fields=["next_at"], name="rule_next_slot"
            ),
        ),
        migrations.CreateModel(
            name="ScheduleWatch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("looked_at", models.DateTimeField()),
                ("lease_until", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="MissedFirings",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("first_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                ("count", models.IntegerField()),
                ("noticed_at", models.DateTimeField()),
                (
                    "rule",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="missed", to="invocations.rule"
                    ),
                ),
            ],
            options={"verbose_name_plural": "missed firings", "ordering": ["-id"]},
        ),
    ]
