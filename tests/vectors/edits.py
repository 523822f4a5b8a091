"""Edits of bundles and trust roots, each with one fault of form that ours names. `forms.json` holds them for others.

`bundles` and `trust_roots` name a file beside it and its edits: `delete` bytes are taken out at `at`, and `insert` is
put in their place. A bundle is then INVALID by check 1, *well-formed*; a trust root is none. What each says is the
fault that ours names: once a place and rule, places in lists left out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any, NamedTuple

from chain.encoding import Json, base64url, parse_base64url
from chain.errors import MalformedBundle, MalformedTrustRoot
from chain.proof import rlp
from chain.proof.bundle_reader import NoBundle, parse_bundle
from chain.proof.header import EXTRA_INDEX
from chain.verify import TrustRoot
from tests.vectors.forms import STORED_CHARS_MAX, records

BASES = ("receipt_kept_true", "receipts_of_a_group_true", "consignment_with_strangers_hidden_true", "witnessed_true")
"""Bundles that have between them every member that a bundle may have."""
OTHERS: tuple[Json, ...] = (None, True, -1, 0, 1 << 53, "", "x", "A=", [], {})
"""What is put in the place of a member, where it is of another form."""


class Edit(NamedTuple):
    """A change of a bundle's bytes."""

    at: int
    delete: int
    insert: str

    @classmethod
    def between(cls, old: str, new: str) -> Edit:
        """What turns one ASCII text into another."""
        start = 0
        while start < min(len(old), len(new)) and old[start] == new[start]:
            start += 1
        end = 0
        while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
            end += 1
        return cls(start, len(old) - start - end, new[start : len(new) - end])

    def apply(self, content: bytes) -> bytes:
        """The bundle with this change."""
        return content[: self.at] + self.insert.encode() + content[self.at + self.delete :]


def bundles(folder: Path) -> list[Json]:
    """Faults of form of the bundles in that folder: one for each place and rule that ours names."""
    seen: set[tuple[str, str]] = set()
    written: list[Json] = []
    for base in BASES:
        edits: list[Json] = [{"says": says, **edit._asdict()} for says, edit in _edits(folder / f"{base}.json", seen)]
        written.append({"bundle": f"bundles/{base}.json", "edits": edits})
    return written


def _edits(file: Path, seen: set[tuple[str, str]]) -> Iterator[tuple[str, Edit]]:
    content = file.read_text(encoding="utf-8")
    bundle = json.loads(content)
    for changed in (*_changed(bundle), *_with_headers(bundle), *_with_notes(bundle), *_with_others(bundle)):
        text = json.dumps(changed, ensure_ascii=False, separators=(",", ":"))
        fault = find_fault(text.encode())
        if fault is not None and fault not in seen:
            seen.add(fault)
            yield " ".join(fault), Edit.between(content, text)


def find_fault(content: bytes) -> tuple[str, str] | None:
    """Which rule of form a bundle breaks where, places in lists left out; None where it breaks none or is no bundle."""
    try:
        parse_bundle(content)
    except NoBundle:
        return None
    except MalformedBundle as fault:
        return _place_of(fault.field), fault.rule
    return None


def _place_of(field: str) -> str:
    """A field without the places in lists."""
    return "".join(part.partition("]")[2] if at else part for at, part in enumerate(field.split("[")))


def _changed(bundle: Any) -> Iterator[Any]:
    """The bundle with one member or item replaced, left out, added, doubled, or put elsewhere."""
    for path in _places(bundle):
        for change in (*(_put(value) for value in OTHERS), _cut, _swap, _add, _spell):
            changed = deepcopy(bundle)
            at = changed
            for step in path[:-1]:
                at = at[step]
            if change(at, path[-1]):
                yield changed


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of each member and of the first two items of each list; of lists only what lies in the first."""
    steps = list(value) if isinstance(value, dict) else range(min(2, len(value))) if isinstance(value, list) else ()
    for step in steps:
        yield (*path, step)
        if step != 1:
            yield from _places(value[step], (*path, step))


def _with_headers(bundle: Any) -> Iterator[Any]:
    """The bundle under headers of another form."""
    encoded = parse_base64url(bundle["header"])
    fields = rlp.decode_list(encoded)
    extra = rlp.decode_list(bytes(fields[EXTRA_INDEX]))  # type: ignore[arg-type]
    vanity, validators, vote, round_number, seals = extra
    assert isinstance(validators, list) and isinstance(seals, list)
    extras: list[list[rlp.Item]] = [
        extra[:4],
        [b"", *extra[1:]],
        [vanity, b"", vote, round_number, seals],
        [vanity, [bytes(19)], vote, round_number, seals],
        [vanity, validators, vote, b"\x00\x01", seals],
        [vanity, validators, vote, bytes(range(1, 6)), seals],
        [vanity, validators, vote, [], seals],
        [vanity, validators, vote, round_number, [bytes(64)]],
    ]
    changed: list[list[rlp.Item]] = [fields[:14], [*fields, *[b""] * 7]]
    parts: list[rlp.Item] = [b"\x00", b"\x01" * 33, []]
    changed += [[*fields[:at], part, *fields[at + 1 :]] for at in range(15) for part in parts]
    changed += [[*fields[:EXTRA_INDEX], rlp.encode(part), *fields[EXTRA_INDEX + 1 :]] for part in extras]
    for header in (*map(rlp.encode, changed), encoded + b"\x00", encoded[:-1], rlp.encode(encoded)):
        yield {**bundle, "header": base64url(header)}


def _with_notes(bundle: Any) -> Iterator[Any]:
    """The bundle with notes of another form; of a bundle with one."""
    shown = bundle.get("cosigned_note")
    if shown is None:
        return
    note = parse_base64url(shown["note"]).decode()
    head, _, lines = note.partition("\n\n")
    origin, size, root = head.split("\n")
    line = lines.split("\n")[0]
    heads = [
        *(f"{name}\n{size}\n{root}" for name in ("", "a b", "a+b", "a" * 201, "a\u00a0b")),
        *(f"{origin}\n{text}\n{root}" for text in ("", "01", "-1", "x", str(1 << 53))),
        *(f"{origin}\n{size}\n{text}" for text in ("", root[:-1], base64url(bytes(31)), root.replace("=", "A"))),
        f"{origin}\n{size}",
        f"{head}\nmore",
        f"{head}\r",
    ]
    ends = [
        "",
        lines + "more",
        lines[:-1],
        lines.replace("— ", "- ", 1),
        f"{line}=\n",
        "— a AAAA\n",
        f"{line}\n" * 65,
        "\n",
    ]
    for text in (*(f"{one}\n\n{lines}" for one in heads), *(f"{head}\n\n{end}" for end in ends), lines):
        yield {**bundle, "cosigned_note": {**shown, "note": base64url(text.encode())}}
    yield {**bundle, "cosigned_note": {**shown, "note": base64url(note.encode() + b"\xff\n")}}


def _with_others(bundle: Any) -> Iterator[Any]:
    """The bundle with disclosures in another order, and with another's lane beside lanes."""
    changed = deepcopy(bundle)
    jwt, *disclosures, tail = changed["records"][0]["sd_jwt"].split("~")
    changed["records"][0]["sd_jwt"] = "~".join((jwt, *disclosures[::-1], tail))
    yield changed
    changed = deepcopy(bundle)
    changed["groups"][0]["other"] = {"tag": "0" * 32, "count": 1, "dropped": 0, "head": "A" * 43}
    yield changed


def trust_roots(folder: Path) -> list[Json]:
    """Edits of trust roots after which they are none: one for each place and rule that ours names."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    file = next(line["trust_root"] for line in manifest if line["name"] == "witnessed_true")
    content, seen = (folder / file).read_text(encoding="utf-8"), set[tuple[str, str]]()
    edits: list[Json] = []
    for changed in (*_changed(json.loads(content)), *_with_ranges(json.loads(content))):
        text = json.dumps(changed, ensure_ascii=False, indent=2) + "\n"
        fault = find_root_fault(text.encode())
        if fault is not None and fault not in seen:
            seen.add(fault)
            edits.append({"says": " ".join(fault), **Edit.between(content, text)._asdict()})
    return [{"trust_root": file, "edits": edits}]


def _with_ranges(root: Any) -> Iterator[Any]:
    """The trust root with ranges that leave a gap, overlap, end, or are not accepted; with a key under two names."""
    (only,) = root["validators"]
    for ranges in (
        [],
        [{**only, "to_block": 9}],
        [{**only, "accepted": False}],
        [{**only, "to_block": 9}, {**only, "from_block": 9}],
        [{**only, "to_block": 9}, {**only, "from_block": 11}],
        [only, {**only, "from_block": 10}],
        [{**only, "from_block": 9, "to_block": 8}, {**only, "from_block": 9}],
    ):
        yield {**root, "validators": ranges}
    yield {**root, "contracts": [contract for contract in root["contracts"] if contract["name"] != "RecordLedger"] * 2}
    witnesses = root["witnesses"]
    yield {**root, "witnesses": {**witnesses, "quorum": len(witnesses["keys"]) + 1}}
    yield {**root, "witnesses": {**witnesses, "origins": witnesses["keys"]}}
    yield {**root, "witnesses": {**witnesses, "keys": witnesses["keys"][::-1]}}
    for key in ("a", "a+b", witnesses["keys"][0][:-4] + "AAA=", "x" + witnesses["keys"][0]):
        yield {**root, "witnesses": {**witnesses, "keys": [key]}}


def find_root_fault(content: bytes) -> tuple[str, str] | None:
    """As `find_fault`, of a trust root."""
    try:
        TrustRoot.parse(content)
    except MalformedTrustRoot as fault:
        return _place_of(fault.field), fault.rule
    return None


Change = Callable[[Any, Any], bool]
"""Changes a member (of a dict) or an item (of a list) in place; whether there was anything to change."""


def _put(value: Json) -> Change:
    def put(at: Any, name: Any) -> bool:
        is_other = at[name] != value or type(at[name]) is not type(value)
        at[name] = value
        return is_other

    return put


def _cut(at: Any, name: Any) -> bool:
    del at[name]
    return True


def _swap(at: Any, name: Any) -> bool:
    if isinstance(at, dict) or name == 0:
        return False
    at[name - 1], at[name] = at[name], at[name - 1]
    return True


def _add(at: Any, name: Any) -> bool:
    if isinstance(at[name], dict):
        at[name]["note"] = 1
    elif isinstance(at[name], list) and at[name]:
        at[name].append(deepcopy(at[name][-1]))
    else:
        return False
    return True


def _spell(at: Any, name: Any) -> bool:
    """Another spelling of a text: capitals, one character less."""
    text = at[name]
    if not isinstance(text, str) or len(text) < 2:
        return False
    at[name] = text[:-1]
    return True


def wrong_edits(folder: Path, edited: Sequence[Mapping[str, Any]]) -> list[str]:
    """Of edits of bundles or trust roots in that folder, those that are not the fault that they name."""
    wrong = [] if edited else ["there are none"]
    for base in edited:
        is_bundle = "bundle" in base
        content = (folder / str(base["bundle" if is_bundle else "trust_root"])).read_bytes()
        for edit in base["edits"]:
            says, *change = edit.values()
            changed = Edit(*change).apply(content)
            fault = find_fault(changed) if is_bundle else find_root_fault(changed)
            if fault is None or " ".join(fault) != says:
                wrong.append(says)
    return wrong


def as_json(folder: Path) -> dict[str, Json]:
    """The file; what it says of bundles is taken from the one in that folder while it is right."""
    written: dict[str, Any] = json.loads((folder / "forms.json").read_text(encoding="utf-8"))
    is_right = not wrong_edits(folder, written["bundles"]) and not wrong_edits(folder, written["trust_roots"])
    return {
        "records": [form._asdict() for form in records() if len(form.text) <= STORED_CHARS_MAX],
        "bundles": written["bundles"] if is_right else bundles(folder / "bundles"),
        "trust_roots": written["trust_roots"] if is_right else trust_roots(folder),
    }
