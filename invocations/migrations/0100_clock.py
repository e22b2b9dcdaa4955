from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('invocations', '0100_sqs'),
    ]

    operations = [
        migrations.CreateModel(
            name='ClockState',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('mode', models.CharField(choices=[('real', 'real'), ('scaled', 'scaled'), ('frozen', 'frozen')], default='real', max_length=6)),
                ('factor', models.FloatField(default=60.0)),
                ('anchor_real', models.DateTimeField()),
                ('anchor_product', models.DateTimeField()),
                ('advanced', models.FloatField(default=0.0)),
                ('revision', models.BigIntegerField(default=1)),
                ('setting', models.CharField(blank=True, default='', max_length=32)),
            ],
            options={
                'verbose_name': 'clock',
                'verbose_name_plural': 'clock',
            },
        ),
    ]
