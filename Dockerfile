# Tongguan's own parts (gateway, attesters, single-window stand-in, the command): one small image, not run as root.
# The digest is of the tag 3.11-slim as others published it; pulled and built nowhere yet (README, What was not run).
FROM python:3.11-slim@sha256:9c900dea9e8fb7e16277c179b555cc72d29a352dbc33cff48ad5a0412fd5bfc7
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
USER 10001:10001
ENTRYPOINT ["tongguan"]
