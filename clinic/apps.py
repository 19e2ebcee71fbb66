"""App configuration; importing the Celery app here binds shared tasks."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig

from clinic.celery import app as celery_app

__all__ = ["ClinicConfig", "DaybreakAdminConfig", "celery_app"]


class ClinicConfig(AppConfig):
    name = "clinic"
    verbose_name = "Clinic"

    def ready(self) -> None:
        from clinic import checks  # noqa: F401  system checks register on import


class DaybreakAdminConfig(AdminConfig):
    default_site = "clinic.admin_site.DaybreakAdminSite"
