"""The media types that the gateway speaks, each declared once."""

from __future__ import annotations

JSON = "application/json"
PROBLEM_JSON = "application/problem+json"
NDJSON = "application/x-ndjson"
JSON_SEQ = "application/json-seq"
"""RFC 7464: each text after a record separator."""
SD_JWT = "application/sd-jwt"
BUNDLE = "application/vnd.tongguan.bundle+json"
JSON_SCHEMA = "application/schema+json"
EVENTS = "text/event-stream"
CSV = "text/csv"
PARQUET = "application/vnd.apache.parquet"
TEXT = "text/plain"
HTML = "text/html"
FORM = "application/x-www-form-urlencoded"
BYTES = "application/octet-stream"
