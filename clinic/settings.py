"""Settings: one file, safe by default. Every variable is read through `clinic.env`."""

from datetime import timedelta
from pathlib import Path

import django_stubs_ext
from csp.constants import NONCE, NONE, SELF

from clinic import env

django_stubs_ext.monkeypatch()

ROOT = Path(__file__).resolve().parent.parent
HOME = Path(env.text("DAYBREAK_HOME", str(ROOT / ".daybreak")))

DEBUG = env.flag("DEBUG")
SECRET_KEY = env.text(
    "SECRET_KEY",
    remedy="Set it to at least 50 random characters, or start with bin/run, which makes one.",
)
SECRET_KEY_FALLBACKS = env.names("SECRET_KEY_FALLBACKS", "")
ALLOWED_HOSTS = env.names("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]")
CSRF_TRUSTED_ORIGINS = env.names("CSRF_TRUSTED_ORIGINS", "")

INSTALLED_APPS = [
    "clinic.apps.ClinicConfig",
    "labs.apps.LabsConfig",
    "courses.apps.CoursesConfig",
    "api.apps.ApiConfig",
    "clinic.apps.DaybreakAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "csp",
    "pgtrigger",
    "pghistory",
    "rest_framework",
    "django_filters",
    "knox",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "clinic.middleware.AccessMiddleware",
    "clinic.middleware.HistoryMiddleware",
]

ROOT_URLCONF = "clinic.urls"
WSGI_APPLICATION = "clinic.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "clinic.context_processors.shell",
                "labs.context_processors.alarms",
            ],
            "builtins": ["clinic.templatetags.formats", "clinic.templatetags.reasons"],
        },
    }
]

DATABASES = {
    "default": {
        **env.database("DATABASE_URL"),
        "ATOMIC_REQUESTS": True,
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }
}
# Which clinical content there is: each app says what it has.
CATALOGUE_KINDS = ["labs.kinds.KINDS", "courses.kinds.KINDS"]
REDIS_URL = env.url(
    "REDIS_URL",
    {"redis": "redis://:password@127.0.0.1:6379/0", "rediss": "rediss://:password@host:6379/0"},
).geturl()
# Sign-in limits live here. In the process, because Redis may vanish at any moment and a limit
# that vanishes with it is none.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
SESSION_ENGINE = "django.contrib.sessions.backends.db"

# --- People ---------------------------------------------------------------------------------
AUTH_USER_MODEL = "clinic.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "today"
LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_ADAPTER = "clinic.account.ClosedAccountAdapter"
# Staff are invited by an administrator, who vouches for the address.
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
# A shared machine at the chair forgets who sat there.
ACCOUNT_SESSION_REMEMBER = False
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
ACCOUNT_PREVENT_ENUMERATION = True

# --- Browser --------------------------------------------------------------------------------
HTTPS = env.flag("HTTPS")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 12 * 3600
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

# --- Words, time, files ---------------------------------------------------------------------
LANGUAGE_CODE = "en"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "static/"
STATIC_ROOT = HOME / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "clinic.static_files.StaticFiles"},
}
# Without a collected folder (tests, first minute of development) files come from the apps.
WHITENOISE_USE_FINDERS = not STATIC_ROOT.exists()
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Mail -----------------------------------------------------------------------------------
_mail = env.mail("EMAIL_URL", f"filemail://{HOME / 'mail'}")
EMAIL_BACKEND = str(_mail["EMAIL_BACKEND"])
EMAIL_HOST = str(_mail.get("EMAIL_HOST") or "localhost")
EMAIL_PORT = int(str(_mail.get("EMAIL_PORT") or 25))
EMAIL_HOST_USER = str(_mail.get("EMAIL_HOST_USER") or "")
EMAIL_HOST_PASSWORD = str(_mail.get("EMAIL_HOST_PASSWORD") or "")
EMAIL_USE_TLS = bool(_mail.get("EMAIL_USE_TLS"))
EMAIL_USE_SSL = bool(_mail.get("EMAIL_USE_SSL"))
EMAIL_FILE_PATH = str(_mail.get("EMAIL_FILE_PATH") or HOME / "mail")
# Shorter than a reminder's lease, so that a send ends before another worker may take it over.
EMAIL_TIMEOUT = 20
# How messages leave: docs/reference/messages.md.
EMAIL_THROUGH = env.text("EMAIL_THROUGH", "smtp")
SMS_THROUGH = env.optional("SMS_THROUGH")
GATEWAY_URL = env.optional("GATEWAY_URL")
GATEWAY_TOKEN = env.optional("GATEWAY_TOKEN")
# Several while one is being replaced by another.
GATEWAY_SECRETS = [one.strip() for one in env.optional("GATEWAY_SECRET").split(",") if one.strip()]
SMS_URL = env.optional("SMS_URL")
SMS_REGION = env.text("SMS_REGION", "GB")
# How long a sender holds a reminder, and the minutes until each further try: together 15 hours, so
# that a mail server may be down overnight. Shorter only in trials, which say so by DAYBREAK_TRIAL.
TRIAL = env.flag("DAYBREAK_TRIAL")
REMINDER_LEASE_SECONDS = env.number("REMINDER_LEASE_SECONDS", 60)
REMINDER_BACKOFF_MINUTES = env.numbers("REMINDER_BACKOFF_MINUTES", "1,5,15,60,120,240,480")
# Lets a trial stop a sender at a named place: labs/failpoints.py.
DEBUG_FAILPOINTS = env.flag("DEBUG_FAILPOINTS")
# After a restore nothing leaves until somebody has looked: docs/reference/reminders.md.
RESTORE_HOLD = env.flag("RESTORE_HOLD")
RESTORE_HOLD_FILE = HOME / "restore-hold"
# What left this machine, outside the database: a restored database is known by it. "off" only
# where the database is emptied on purpose.
_ledger = env.text("SEND_LEDGER", str(HOME / "sent.log"))
SEND_LEDGER = None if _ledger == "off" else Path(_ledger)
DEFAULT_FROM_EMAIL = env.text("MAIL_FROM", "Care team <care-team@localhost>")
PUBLIC_URL = env.text("PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")

# --- Monitoring: docs/reference/health.md ----------------------------------------------------
HEALTH_TOKEN = env.optional("HEALTH_TOKEN")
DEAD_MAN_URL = env.optional("DEAD_MAN_URL")

# --- REST -----------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "api.authentication.Token",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["api.permissions.MayReadApi"],
    "DEFAULT_RENDERER_CLASSES": ["api.renderers.Json"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_PAGINATION_CLASS": "api.pagination.CursorPages",
    "DEFAULT_FILTER_BACKENDS": ["api.filters.Backend"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "api.errors.problem",
    "URL_FORMAT_OVERRIDE": None,
    "DEFAULT_THROTTLE_CLASSES": ["rest_framework.throttling.UserRateThrottle"],
    # For one account and one process; its memory is no promise, only a brake.
    "DEFAULT_THROTTLE_RATES": {"user": "600/min"},
    "COERCE_DECIMAL_TO_STRING": True,
    "DATETIME_FORMAT": "%Y-%m-%dT%H:%M:%S.%fZ",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
REST_KNOX = {
    "SECURE_HASH_ALGORITHM": "hashlib.sha512",
    "TOKEN_TTL": timedelta(days=90),
    "AUTH_HEADER_PREFIX": "Token",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Daybreak",
    "VERSION": "1",
    "DESCRIPTION": "Treatment courses, scores, laboratory results and what falls due.",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["api.permissions.MayReadApi"],
    "SWAGGER_UI_DIST": "SIDECAR",
    # No picture from a foreign server, and no token kept in the browser.
    "SWAGGER_UI_SETTINGS": {
        "deepLinking": True,
        "validatorUrl": None,
        "persistAuthorization": False,
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "api.schema.with_problems",
    ],
    "ENUM_NAME_OVERRIDES": {
        "CourseStatus": "courses.models.CourseStatus",
        "SessionStatus": "courses.models.SessionStatus",
        "AssessmentStatus": "courses.models.AssessmentStatus",
        "AppointmentStatus": "clinic.models.AppointmentStatus",
        "ResultStatus": "labs.models.ResultStatus",
        "RequirementStatus": "labs.models.RequirementStatus",
        "RequirementState": "api.filters.STATES",
        "Verdict": "api.serializers.VERDICTS",
    },
}

# --- History of rows ------------------------------------------------------------------------
PGHISTORY_APPEND_ONLY = True
# Reading changes no row, so it needs no context.
PGHISTORY_MIDDLEWARE_METHODS = ("POST", "PUT", "PATCH", "DELETE")

# --- Background work ------------------------------------------------------------------------
CELERY_BROKER_URL = REDIS_URL
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_TASKS_PER_CHILD = 500
CELERY_TASK_TIME_LIMIT = 120
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 300,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_connect_timeout": 1,
    "socket_timeout": 2,
    "max_retries": 0,
}
CELERY_REDBEAT_REDIS_URL = REDIS_URL
CELERY_REDBEAT_LOCK_TIMEOUT = 60
CELERY_BEAT_SCHEDULER = "redbeat.RedBeatScheduler"
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = {
    "dispatch-reminders": {"task": "labs.tasks.dispatch", "schedule": timedelta(seconds=30)},
    "follow-policies": {"task": "labs.tasks.follow_policies", "schedule": timedelta(minutes=5)},
    "watch": {"task": "labs.tasks.watch", "schedule": timedelta(minutes=1)},
    "mark-missed-sessions": {
        "task": "courses.tasks.mark_missed_sessions",
        "schedule": timedelta(minutes=15),
    },
    "reconcile-requirements": {
        "task": "courses.tasks.reconcile",
        "schedule": timedelta(minutes=15),
    },
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    # These name whom they write to.
    "loggers": {name: {"level": "CRITICAL"} for name in ("apprise", "urllib3")},
}
