# Tongguan's own parts (gateway, attesters, single-window stand-in, the command): one small image, not run as root.
FROM python:3.11-slim
WORKDIR /tongguan
COPY requirements.lock ./
RUN python -m pip install --no-cache-dir --require-hashes --only-binary :all: -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY contracts contracts
COPY chain chain
COPY gateway gateway
COPY adapters adapters
COPY scripts scripts
RUN python -m pip install --no-cache-dir --no-deps --no-build-isolation -e . \
    && useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin tongguan
USER tongguan
ENTRYPOINT ["tongguan"]
