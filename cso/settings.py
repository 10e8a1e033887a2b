"""Settings of every process: web, worker, beat and commands. What differs by machine comes from the environment."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from celery.schedules import crontab
from csp.constants import NONE, SELF
from kombu import Exchange, Queue
from whitenoise.compress import Compressor

from cso.environment import database, flag, optional, required, url, whole_number

BASE_DIR = Path(__file__).resolve().parent.parent

# --- what the environment says ---------------------------------------------------------------------------------------
SECRET_KEY = required("SECRET_KEY")
DATABASE_URL = required("DATABASE_URL")
REDIS_URL = url("REDIS_URL", required("REDIS_URL"), "redis", "rediss", "unix")
PUBLIC_URL = url("PUBLIC_URL", optional("PUBLIC_URL", "http://localhost:8000"), "https", "http").rstrip("/")
ALLOWED_HOSTS = optional("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]").split(",")
STATIC_ROOT = optional("STATIC_ROOT", str(BASE_DIR / ".local" / "static"))
DEBUG = False
SECURE = urlsplit(PUBLIC_URL).scheme == "https"

# --- database --------------------------------------------------------------------------------------------------------
_database = database("DATABASE_URL")
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _database.pop("dbname", ""),
        "USER": _database.pop("user", ""),
        "PASSWORD": _database.pop("password", ""),
        "HOST": _database.pop("host", ""),
        "PORT": str(_database.pop("port", "")),
        "OPTIONS": _database,
        "ATOMIC_REQUESTS": True,
        "CONN_MAX_AGE": whole_number("DATABASE_CONNECTION_SECONDS", 60),
        "CONN_HEALTH_CHECKS": True,
        # A transaction pool (pgbouncer) hands each transaction another connection.
        "DISABLE_SERVER_SIDE_CURSORS": flag("DATABASE_POOLED", default=False),
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- applications ----------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "frontend",
    "api",
    "cso",
    "cso.demo",
    "cso.scorecards",
    "cso.strategy",
    "cso.metrics",
    "cso.committees",
    "cso.panels",
    "cso.recovery",
    "cso.recognition",
    "cso.outbox",
    "cso.alarms",
    "cso.rules",
    "cso.customers",
    "cso.people",
    "tenants",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "heroicons",
    "csp",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "frontend.languages.LanguageMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "tenants.middleware.TenantMiddleware",
]
ROOT_URLCONF = "cso.urls"
WSGI_APPLICATION = "cso.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["frontend.templatetags.dates", "frontend.templatetags.signs"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "frontend.context.workspace",
            ],
        },
    }
]

# --- cache, Celery ---------------------------------------------------------------------------------------------------
CACHES = {
    "default": {
        "BACKEND": "cso.cache.ForgivingRedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
    }
}
CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Straight to the queue, without an exchange: its bindings live in Redis, and an emptied Redis would lose them.
CELERY_TASK_QUEUES = [Queue("cso", Exchange(""), routing_key="cso")]
CELERY_TASK_DEFAULT_QUEUE = "cso"
CELERY_TASK_DEFAULT_EXCHANGE = ""
CELERY_TASK_DEFAULT_ROUTING_KEY = "cso"
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULE = {
    "refresh metrics": {"task": "metrics.dispatch", "schedule": 1.0, "options": {"expires": 5}},
    "retry metrics": {"task": "metrics.retry_quarantined", "schedule": 3_600.0, "options": {"expires": 600}},
    # In the night of most who use it; each tenant's own would be another hour.
    "verify metrics": {
        "task": "metrics.verify_all",
        "schedule": crontab(hour=3, minute=17),
        "options": {"expires": 3_600},
    },
    # Before the Monday of any zone begins, whoever came to lead in the week has the digest.
    "give digests": {
        "task": "scorecards.give_digests_to_all",
        "schedule": crontab(hour="*/6", minute=47),
        "options": {"expires": 3_600},
    },
    "ring alarms": {"task": "alarms.dispatch", "schedule": 1.0, "options": {"expires": 5}},
    "load batches": {"task": "recovery.dispatch_batches", "schedule": 1.0, "options": {"expires": 5}},
}

# --- sign-in ---------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "tenants.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"  # people are added by their administrator; there is no public sign-up
ACCOUNT_ADAPTER = "frontend.accounts.AccountAdapter"
ACCOUNT_SESSION_REMEMBER = True
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "CSO office"
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "account_login"

# --- mail: on the console, unless a server is named -------------------------------------------------------------------
EMAIL_HOST = optional("EMAIL_HOST", "")
EMAIL_PORT = whole_number("EMAIL_PORT", 587)
EMAIL_HOST_USER = optional("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = optional("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = flag("EMAIL_USE_TLS", default=True)
EMAIL_TIMEOUT = 20
_backend = "smtp" if EMAIL_HOST else "console"
EMAIL_BACKEND = optional("EMAIL_BACKEND", f"django.core.mail.backends.{_backend}.EmailBackend")
# A mailbox's server must be one of the public Internet, unless this says otherwise: for tests, and where the company's
# own mail server stands beside this one.
MAILBOXES_MAY_BE_LOCAL = flag("MAILBOXES_MAY_BE_LOCAL", default=False)
DEFAULT_FROM_EMAIL = optional("DEFAULT_FROM_EMAIL", f"office@{urlsplit(PUBLIC_URL).hostname}")

# --- API -------------------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["api.auth.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["api.auth.HasScope"],
    "DEFAULT_THROTTLE_CLASSES": ["api.throttling.KeyThrottle"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "api.rendering.AlwaysJson",
    "DEFAULT_RENDERER_CLASSES": ["api.rendering.OrjsonRenderer"],
    "DEFAULT_PARSER_CLASSES": ["api.rendering.OrjsonParser"],
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_SCHEMA_CLASS": "api.schema.KeySchema",
    "EXCEPTION_HANDLER": "api.errors.problem_response",
    "UNAUTHENTICATED_USER": None,
}
API_REQUESTS_PER_MINUTE = whole_number("API_REQUESTS_PER_MINUTE", 6_000)  # of one key
SPECTACULAR_SETTINGS = {
    "TITLE": "Chief Serving Officer's office",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "COMPONENT_SPLIT_PATCH": False,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_NAME_OVERRIDES": {
        "FigureStatus": "api.v1.metrics.representation.STATUSES",
        "RowStatus": "api.v1.cases.batch.STATUSES",
        "BatchStatus": "cso.recovery.models.Batch.Status",
    },
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enums", "api.schema.complete"],
}

# --- language, time, static files ------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
# As in cso/languages.py. What nobody has chosen a language for (the API, commands, the worker) speaks the one above.
LANGUAGES = [("en", "English"), ("fr-ca", "Français")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"  # the database speaks UTC; a page shows the tenant's zone
STATIC_URL = "/static/"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
# As whitenoise has it, and source maps: only developer tools read them, and they take longest to compress.
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = (*Compressor.SKIP_COMPRESS_EXTENSIONS, "map")

# --- security --------------------------------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
CSRF_COOKIE_HTTPONLY = True
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
CSRF_FAILURE_VIEW = "frontend.views.public.cookies.form_refused"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SECURE_SSL_REDIRECT = SECURE
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURE else None
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    # Two messages a second say that there is nothing to do.
    "loggers": {"celery.app.trace": {"level": "WARNING"}, "celery.worker.strategy": {"level": "WARNING"}},
    "root": {"handlers": ["console"], "level": optional("LOG_LEVEL", "INFO").upper()},
}
