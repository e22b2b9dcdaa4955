from __future__ import annotations

import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("invocations", "0012_schedules")]

    operations = [
        migrations.AddField(
            model_name="attempt",
            name="written_at",
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
        ),
        migrations.AddIndex(
            model_name="invocation",
            index=models.Index(fields=["trace_id"], name="invocation_by_trace"),
        ),
    ]
