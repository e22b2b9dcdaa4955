from django.db import migrations, models
from django.utils.timezone import now


class Migration(migrations.Migration):
    dependencies = [("invocations", "0100_sqs")]

    operations = [
        migrations.AddField(
            model_name="delivery",
            name="give_up_at",
            field=models.DateTimeField(default=now),
            preserve_default=False,
        ),
    ]
