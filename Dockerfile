# The service alone: no learning library, no compiler, no root. `docker build --tag equipoise .`; docs/operations.md says the rest.
FROM python:3.11-slim-bookworm AS build
WORKDIR /source
COPY requirements-service.lock ./
RUN python -m venv /opt/equipoise \
    && /opt/equipoise/bin/pip install --no-cache-dir --require-hashes --requirement requirements-service.lock
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY data_contracts data_contracts
COPY engine engine
COPY estimators estimators
COPY experiments experiments
COPY service service
RUN /opt/equipoise/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.11-slim-bookworm
COPY --from=build /opt/equipoise /opt/equipoise
RUN useradd --uid 10001 --create-home equipoise && install --directory --owner equipoise /var/lib/equipoise
USER 10001
ENV PATH=/opt/equipoise/bin:$PATH PYTHONUNBUFFERED=1 OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 \
    EQUIPOISE_HOME=/var/lib/equipoise EQUIPOISE_HOST=0.0.0.0 EQUIPOISE_PORT=8000
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/readyz', timeout=2)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["equipoise"]
CMD ["serve"]
