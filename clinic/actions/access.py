"""Who is let in."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.core.exceptions import ValidationError
from django.db import transaction
from knox.models import get_token_model

from clinic.actions.audit import record
from clinic.errors import Conflict, Invalid, NotFound
from clinic.models import Membership, Role, Site, User

LONGEST_DAYS: Final = 90


@transaction.atomic
def issue_token(*, email: str, site_slug: str, days: int, by: User | None) -> str:
    """A new token for a program at one site; its account is made where there is none.

    The text is given back this once: only its digest is stored. Raises Invalid (`days`, `email`),
    NotFound `unknown_site`, Conflict (`a_person`, `other_site`, `other_role`, `switched_off`).
    """
    if not 1 <= days <= LONGEST_DAYS:
        raise Invalid("out_of_range", f"From 1 to {LONGEST_DAYS} days.", "days")
    site = Site.objects.filter(slug=site_slug).first()
    if site is None:
        raise NotFound("unknown_site", f"There is no site “{site_slug}”.", "site")
    membership = _membership(_account(email), site, by)
    _, token = get_token_model().objects.create(user=membership.user, expiry=timedelta(days=days))
    record("token.issued", by=by, subject=membership, change={"days": days})
    return str(token)


def _account(email: str) -> User:
    """The program's account: no password, no admin."""
    user = User.objects.filter(email__iexact=email).first()
    if user is None:
        try:
            return User.objects.create_user(email, name=email, is_staff=False)
        except ValidationError as error:
            raise Invalid("invalid", " ".join(error.messages), "email") from None
    if user.has_usable_password():
        raise Conflict("a_person", f"{email} belongs to a person. Choose another.", "email")
    if not user.is_active:
        raise Conflict("switched_off", f"{email} is switched off.", "email")
    return user


def _membership(user: User, site: Site, by: User | None) -> Membership:
    held = list(Membership.objects.select_related("user").filter(user=user))
    if not held:
        made = Membership.objects.create(user=user, site=site, role=Role.INTEGRATION)
        record("integration.added", by=by, subject=made)
        return made
    (membership, *more) = held
    if more or membership.site_id != site.pk:
        # Tokens handed out before would open the second site as well.
        raise Conflict("other_site", f"{user.email} works at another site.", "email")
    if membership.role != Role.INTEGRATION:
        raise Conflict("other_role", f"{user.email} has another role here.", "email")
    if not membership.is_active:
        raise Conflict("switched_off", f"{user.email} is switched off at this site.", "email")
    return membership
