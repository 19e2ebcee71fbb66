"""The product's settings with a fast password hasher; the servers are real."""

from clinic.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# The tables are emptied between tests: to the ledger that is a database which went back.
SEND_LEDGER = None
# Looked up when asked for: nothing is collected, and no client of a test walks through all files.
WHITENOISE_AUTOREFRESH = True
