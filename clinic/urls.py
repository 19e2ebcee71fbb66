"""Root of all URLs; apps are named as strings so that nothing imports upward."""

from django.contrib import admin
from django.urls import include, path

from clinic.views import account, health

urlpatterns = [
    path("accounts/", include("allauth.account.urls")),
    path("healthz", health.live, name="healthz"),
    path("site/", account.choose_site, name="choose_site"),
    path("admin/", admin.site.urls),
    path("api/", include("api.urls")),
    path("", include("labs.urls")),
    path("", include("courses.urls")),
]
