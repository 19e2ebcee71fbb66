"""People who sign in, and what they are at which site."""

from __future__ import annotations

from typing import Any, ClassVar

import pghistory
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models

from clinic.models.base import Row, SiteRow
from clinic.models.constraints import same_site
from clinic.querysets import SiteScopedQuerySet


class UserManager(BaseUserManager["User"]):
    """Accounts are made with an e-mail address."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """An account that may sign in; without a password, only by token."""
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.full_clean(exclude=["password"])
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """A platform operator: runs the installation, sees no patient without a membership."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)


@pghistory.track(exclude=["password", "last_login"])
class User(Row, AbstractBaseUser, PermissionsMixin):
    """One person or one integration. What they may do lies in their memberships."""

    email = models.EmailField("e-mail", unique=True)
    name = models.CharField(max_length=120)
    is_active = models.BooleanField("may sign in", default=True)
    is_staff = models.BooleanField("may open the admin", default=True)

    objects = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return self.name


class Role(models.TextChoices):
    """What a person is at a site. `clinic.rules.access` says what each may do."""

    COORDINATOR = "coordinator", "Coordinator"
    NURSE = "nurse", "Nurse"
    PRESCRIBER = "prescriber", "Prescriber"
    LEAD = "lead", "Clinical lead"
    SITE_ADMIN = "site_admin", "Site administrator"
    AUDITOR = "auditor", "Auditor"
    INTEGRATION = "integration", "Integration"


@pghistory.track()
class Membership(SiteRow):
    """One person's role at one site."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    site = models.ForeignKey("clinic.Site", on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role.choices)
    is_active = models.BooleanField("active", default=True)

    objects = SiteScopedQuerySet.as_manager()

    class Meta:
        ordering = ("site", "user__name")
        constraints: ClassVar = [
            *same_site("membership"),
            # One role a site keeps `visible_to` free of doubled rows.
            models.UniqueConstraint(fields=["user", "site"], name="one_role_a_site"),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.get_role_display()} at {self.site}"
