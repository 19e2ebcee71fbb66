"""The Celery app. It carries hints only: the truth about reminders lies in PostgreSQL."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic.settings")

app = Celery("daybreak")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
