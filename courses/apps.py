"""App configuration."""

from django.apps import AppConfig

from clinic.signals import site_zone_changed


class CoursesConfig(AppConfig):
    name = "courses"
    verbose_name = "Courses"

    def ready(self) -> None:
        from courses.actions.zones import on_zone_changed

        site_zone_changed.connect(on_zone_changed, dispatch_uid="courses.zones_follow")
