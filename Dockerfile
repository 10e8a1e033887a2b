# One image for preparation, web, worker and beat, and one for the pooler; docker-compose.yml names the commands.
FROM debian:stable-slim AS pgbouncer
RUN apt-get update && apt-get install -y --no-install-recommends pgbouncer && rm -rf /var/lib/apt/lists/*
USER nobody
EXPOSE 6432
CMD ["pgbouncer", "/etc/pgbouncer/cso.ini"]

FROM python:3.13-slim AS product
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 DJANGO_SETTINGS_MODULE=cso.settings STATIC_ROOT=/srv/static
WORKDIR /srv/cso

# The lock first: this layer stays while only the code changes.
COPY requirements.lock ./
RUN pip install --no-cache-dir --require-hashes -r requirements.lock

COPY manage.py ./
COPY tenants tenants
COPY cso cso
COPY api api
COPY frontend frontend

# No database is reached here; the settings only want to see these names.
RUN SECRET_KEY=build DATABASE_URL=postgresql://cso_app:build@127.0.0.1/cso REDIS_URL=redis://127.0.0.1/0 \
    python manage.py collectstatic --no-input --ignore redoc --ignore rest_framework

RUN useradd --system cso
USER cso
EXPOSE 8000
CMD ["gunicorn", "cso.wsgi", "--bind", "0.0.0.0:8000", "--workers", "5", "--timeout", "120", "--no-control-socket"]
