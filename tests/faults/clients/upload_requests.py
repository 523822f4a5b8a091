"""Uploads a file with `requests`, which writes the whole request before it reads. URL FILE TOKEN; prints lines."""

import sys

import requests

url, file, token = sys.argv[1:]
with open(file, "rb") as body:  # noqa: PTH123 - as a member would write it
    headers = {"Content-Type": "application/x-ndjson", "Authorization": f"Bearer {token}"}
    answer = requests.post(url, data=body, headers=headers, timeout=300)
print(len(answer.text.splitlines()))
