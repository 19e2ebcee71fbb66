"""App configuration."""

from django.apps import AppConfig

from clinic.signals import policy_set


class LabsConfig(AppConfig):
    name = "labs"
    verbose_name = "Laboratory and monitoring"

    def ready(self) -> None:
        from labs import checks, checks_ledger  # noqa: F401  system checks register on import
        from labs.actions.policies import on_policy_set

        policy_set.connect(on_policy_set, dispatch_uid="labs.requirements_follow")
