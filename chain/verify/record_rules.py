"""The text of the record rules: which roles may say which type of record. A version's hash stands in the registry."""

from __future__ import annotations

import re
from collections.abc import Mapping

from chain.encoding import parse_json
from chain.members import Role

_TYPE = re.compile(r"[a-z]{1,24}\.[a-z_]{1,32}")


def parse_record_rules(text: bytes) -> Mapping[str, Role]:
    """Record type to the roles that may say it. Raises ValueError unless it is a JSON object of lists of role names."""
    rules: dict[str, Role] = {}
    value = parse_json(text)
    if not isinstance(value, dict):
        raise ValueError("is no JSON object")
    for record_type, names in value.items():
        if not _TYPE.fullmatch(record_type) or not isinstance(names, list):
            raise ValueError("names record types with lists of roles")
        roles = Role(0)
        for name in names:
            if not isinstance(name, str) or name not in Role.__members__:
                raise ValueError(f"names a role that this verifier does not know: {name!r}")
            roles |= Role[name]
        rules[record_type] = roles
    return rules
