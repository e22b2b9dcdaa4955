from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("invocations", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="functionversion",
            name="published_from",
            field=models.CharField(blank=True, default="", max_length=64),
        ),
    ]
