"""Signed notes: the specification's own examples, what is written is read alike, one fault each is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.keys import KeyAlgorithm, SigningKey
from chain.proof.log_heads import LogHead, LogLeaf, read_cosigned
from chain.proof.merkle import inclusion_path, tree_root
from chain.proof.notes import (
    NOTE_BYTES_MAX,
    SIGNATURES_MAX,
    KeyType,
    MalformedNote,
    Note,
    NoteKey,
    cosign_text,
    parse_signatures,
    sign_text,
)

# signed-note v1.0.0, "Example"
EXAMPLE_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
EXAMPLE_NOTE = """This is an example message.

— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
"""
ORIGIN = "governor.example/checkpoints"
WITNESS = "university.example/witness"
LOG_SECRET = SigningKey.generate(KeyAlgorithm.ED25519)
WITNESS_SECRET = SigningKey.generate(KeyAlgorithm.ED25519)
LOG = NoteKey(ORIGIN, KeyType.LOG, LOG_SECRET.public)
WITNESS_KEY = NoteKey(WITNESS, KeyType.WITNESS, WITNESS_SECRET.public)
HEAD = LogHead(ORIGIN, 3, bytes(range(32)))


def cosigned(head: LogHead = HEAD, time: int = 1_700_000_000) -> Note:
    return head.sign(LOG_SECRET).with_signatures([cosign_text(head.text, WITNESS, WITNESS_SECRET, time)])


def test_the_example_of_the_specification_verifies() -> None:
    key, note = NoteKey.parse(EXAMPLE_KEY), Note.parse(EXAMPLE_NOTE)
    assert note.signature_of(key) is not None
    assert key.text == EXAMPLE_KEY and note.format() == EXAMPLE_NOTE


def test_the_example_of_the_checkpoint_page_is_a_head() -> None:
    head = LogHead.parse("example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n")
    assert head.size == 20_852_163
    assert LogHead.parse(head.text) == head


def test_a_note_with_empty_lines_ends_its_text_at_the_last_one() -> None:
    text = "Ognuno sta solo\n\ned è subito sera.\n"
    note = Note(text, (sign_text(text, ORIGIN, LOG_SECRET),))
    assert Note.parse(note.format().encode()).signature_of(LOG) is not None


@given(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=40),
    st.integers(1, 2**63 - 1),
)
def test_whatever_is_signed_is_read_alike_and_verifies(line: str, time: int) -> None:
    text = line + "\n"
    lines = [sign_text(text, ORIGIN, LOG_SECRET), cosign_text(text, WITNESS, WITNESS_SECRET, time)]
    note = Note.parse(Note(text, tuple(lines)).format().encode())
    found = note.signature_of(WITNESS_KEY)
    assert note.signature_of(LOG) and found is not None and found.time == time


def test_a_cosignature_covers_its_time() -> None:
    note = cosigned()
    line = note.signatures[1]
    later = type(line)(line.name, line.key_id, (1_800_000_000).to_bytes(8, "big") + line.content[8:])
    assert Note(note.text, (later,)).signature_of(WITNESS_KEY) is None
    assert Note(note.text, (later,)).has_wrong_signature_of(WITNESS_KEY)


def test_a_cosignature_of_time_zero_is_none() -> None:
    line = cosigned().signatures[1]
    never = type(line)(line.name, line.key_id, bytes(8) + line.content[8:])
    assert not WITNESS_KEY.verify(HEAD.text, never)
    with pytest.raises(MalformedNote, match="time"):
        cosign_text(HEAD.text, WITNESS, WITNESS_SECRET, 0)


def test_a_log_signature_is_no_cosignature_and_the_other_way_round() -> None:
    as_witness = NoteKey(ORIGIN, KeyType.WITNESS, LOG_SECRET.public)
    assert as_witness.id != LOG.id
    assert HEAD.sign(LOG_SECRET).signature_of(as_witness) is None


def test_a_wrong_line_counts_as_none_and_spoils_no_right_one() -> None:
    note = cosigned()
    wrong = type(note.signatures[1])(WITNESS, WITNESS_KEY.id, bytes(7) + b"\x01" + bytes(64))
    only_wrong = Note(note.text, (note.signatures[0], wrong))
    both = Note(note.text, (note.signatures[0], wrong, note.signatures[1]))
    found = read_cosigned(only_wrong, [LOG], [WITNESS_KEY])
    assert found is not None and found.cosignatures == () and found.wrong == (WITNESS_KEY,)
    found = read_cosigned(both, [LOG], [WITNESS_KEY])
    assert found is not None and len(found.cosignatures) == 1 and found.wrong == ()


def test_a_note_of_no_known_origin_is_nobodys() -> None:
    stranger = SigningKey.generate(KeyAlgorithm.ED25519)
    assert read_cosigned(HEAD.sign(stranger), [LOG], [WITNESS_KEY]) is None
    renamed = LogHead("other.example", 3, HEAD.root)
    signed_by_log = Note(renamed.text, (sign_text(renamed.text, ORIGIN, LOG_SECRET),))
    assert read_cosigned(signed_by_log, [LOG], [WITNESS_KEY]) is None


def test_leaves_are_held_at_their_own_index_alone() -> None:
    leaves = [LogLeaf(index, 10 + index, bytes((index,)) * 32) for index in range(5)]
    contents = [leaf.content for leaf in leaves]
    head = LogHead(ORIGIN, 5, tree_root(contents))
    assert all(head.holds(leaf, inclusion_path(contents, leaf.index)) for leaf in leaves)
    assert not head.holds(LogLeaf(1, 11, bytes(32)), inclusion_path(contents, 1))
    assert LogLeaf.parse(contents[3]) == leaves[3]


GOOD = cosigned().format()
LINE = GOOD.split("\n")[4]
FAULTS = {
    "no signatures": HEAD.text,
    "no empty line": HEAD.text + LINE + "\n",
    "no newline at the end": GOOD[:-1],
    "a carriage return": GOOD.replace("\n3\n", "\r\n3\r\n"),
    "a control character": "\x01" + GOOD,
    "a hyphen for the dash": GOOD.replace("— ", "- "),
    "no key name": GOOD.replace(f"— {ORIGIN}", "— "),
    "a plus in a key name": GOOD.replace(f"— {ORIGIN}", "— a+b"),
    "a wide space in a key name": GOOD.replace(f"— {ORIGIN}", "— a\u3000b"),
    "base64 without padding": GOOD.replace("=\n— ", "\n— ").replace("==\n", "\n"),
    "base64 with stray bits": EXAMPLE_NOTE.replace("aQM=", "aQN="),
    "a signature of a key ID alone": f"text\n\n— {ORIGIN} AAAAAA==\n",
    "too many lines": f"text\n\n{(LINE + chr(10)) * (SIGNATURES_MAX + 1)}",
    "too long": "x" * NOTE_BYTES_MAX + GOOD,
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_note_with_one_fault_is_refused(fault: str) -> None:
    assert FAULTS[fault] != GOOD
    with pytest.raises(MalformedNote):
        Note.parse(FAULTS[fault].encode())


def test_bytes_that_are_not_utf8_are_refused() -> None:
    with pytest.raises(MalformedNote, match="UTF-8"):
        Note.parse(b"\xff" + GOOD.encode())
    with pytest.raises(MalformedNote, match="UTF-8"):
        Note.parse("\ud800" + GOOD)


def test_signature_lines_end_with_a_newline() -> None:
    with pytest.raises(MalformedNote, match="newline"):
        parse_signatures(LINE)


KEY_FAULTS = {
    "no plus": EXAMPLE_KEY.replace("+", "-"),
    "another key ID": EXAMPLE_KEY.replace("530d903a", "530d903b"),
    "key ID in capitals": EXAMPLE_KEY.replace("530d903a", "530D903A"),
    "another name": EXAMPLE_KEY.replace("foo", "bar"),
    "unknown type": EXAMPLE_KEY.replace("+Aeky", "+Beky"),
    "too short": EXAMPLE_KEY[:-4],
    "a space in the name": EXAMPLE_KEY.replace("foo", "f o"),
    "no name": EXAMPLE_KEY.removeprefix("example.com/foo"),
}


@pytest.mark.parametrize("fault", KEY_FAULTS)
def test_a_verifier_key_with_one_fault_is_refused(fault: str) -> None:
    with pytest.raises(MalformedNote):
        NoteKey.parse(KEY_FAULTS[fault])


HEAD_FAULTS = {
    "two lines": f"{ORIGIN}\n3\n",
    "an extension line": HEAD.text + "more\n",
    "no newline": HEAD.text[:-1],
    "a leading zero": HEAD.text.replace("\n3\n", "\n03\n"),
    "a sign": HEAD.text.replace("\n3\n", "\n+3\n"),
    "digits of another script": HEAD.text.replace("\n3\n", "\n３\n"),
    "a size beyond 2^53": HEAD.text.replace("\n3\n", f"\n{2**53}\n"),
    "a root of 31 bytes": HEAD.text[:-5] + "\n",
    "a space in the origin": HEAD.text.replace(ORIGIN, "a b"),
    "no origin": HEAD.text.removeprefix(ORIGIN),
}


@pytest.mark.parametrize("fault", HEAD_FAULTS)
def test_a_head_with_one_fault_is_refused(fault: str) -> None:
    with pytest.raises(MalformedNote):
        LogHead.parse(HEAD_FAULTS[fault])
