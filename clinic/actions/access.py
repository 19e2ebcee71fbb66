"""Who is let in."""

from __future__ import annotations

from django.db import transaction

from clinic.actions.audit import record
from clinic.errors import Conflict, NotFound
from clinic.models import Membership, Role, Site, User


@transaction.atomic
def integration_user(*, email: str, site_slug: str) -> User:
    """The account that a program uses at one site: no password, no admin, tokens only.

    Raises NotFound `unknown_site`, Conflict `a_person` where the address belongs to somebody who
    signs in.
    """
    site = Site.objects.filter(slug=site_slug).first()
    if site is None:
        raise NotFound("unknown_site", f"There is no site “{site_slug}”.", "site")
    user = User.objects.filter(email__iexact=email).first()
    if user is None:
        user = User.objects.create_user(email, name=email, is_staff=False)
    elif user.has_usable_password():
        raise Conflict("a_person", f"{email} belongs to a person. Choose another.", "email")
    membership, is_new = Membership.objects.get_or_create(
        user=user, site=site, defaults={"role": Role.INTEGRATION}
    )
    if is_new:
        record("integration.added", by=None, subject=membership)
    return user
