"""A clinic begins: its site, its chairs, the first person who may let others in."""

from __future__ import annotations

from datetime import time
from typing import Final

from django.core.exceptions import ValidationError
from django.db import transaction

from clinic.actions.audit import record
from clinic.errors import Conflict, Invalid
from clinic.models import Chair, Membership, OpeningHours, Role, Site, User

WORKDAYS: Final = range(1, 6)


@transaction.atomic
def open_site(
    *, name: str, slug: str, time_zone: str, chairs: int, email: str, person: str, password: str
) -> Site:
    """A site open on workdays from 8 to 18 with its first clinical lead and site administrator.

    Raises Invalid naming the field, Conflict `email_taken`. Everything can be changed in the admin.
    """
    site = Site(name=name, slug=slug, time_zone=time_zone)
    try:
        site.full_clean()
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise Invalid("invalid", messages[0], field) from None
    site.save()
    for weekday in WORKDAYS:
        OpeningHours.objects.create(site=site, weekday=weekday, opens=time(8), closes=time(18))
    for number in range(1, chairs + 1):
        Chair.objects.create(site=site, name=str(number))
    if User.objects.filter(email__iexact=email).exists():
        raise Conflict("email_taken", f"{email} has an account already.", "email")
    user = User.objects.create_user(email, password, name=person)
    membership = Membership.objects.create(site=site, user=user, role=Role.LEAD)
    record("site.opened", by=None, subject=membership)
    return site
