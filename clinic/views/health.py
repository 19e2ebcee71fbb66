"""Is it alive?"""

from django.http import HttpRequest, HttpResponse


def live(request: HttpRequest) -> HttpResponse:
    """The web process answers. What it says nothing of: whether reminders flow."""
    return HttpResponse("ok", content_type="text/plain")
