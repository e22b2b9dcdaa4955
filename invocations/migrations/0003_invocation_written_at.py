import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("invocations", "0002_version_published_from")]

    operations = [
        migrations.AddField(
            model_name="invocation",
            name="written_at",
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
        ),
    ]
