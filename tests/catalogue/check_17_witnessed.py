"""Bundles under a trust root that demands witnesses, each with one fault that check 17, *witnessed*, must see."""

from __future__ import annotations

from dataclasses import replace

from chain.encoding import base64url
from chain.proof.bundle import Bundle
from chain.proof.log_heads import LogHead
from chain.proof.notes import Note, NoteSignature
from chain.proof.shown_note import ShownNote
from chain.verify.results import Verdict
from tests.catalogue.vector import Made, vector
from tests.fakes.ledger_simulator import CUSTOMS, Consortium
from tests.fakes.outsiders import NAMES, Outsiders, at_the_checkpoint, log_leaves
from tests.fakes.time_stamp_authority import root_certificate


def _told() -> tuple[Consortium, Bundle]:
    """A consignment of two records, proved under the block of its second checkpoint."""
    it = Consortium()
    it.anchor(it.record())
    it.checkpoint()
    it.anchor(it.record(CUSTOMS, vct="customs.status"))
    it.checkpoint()
    return it, at_the_checkpoint(it).consignment_bundle()


def _made(bundle: Bundle, it: Consortium, outsiders: Outsiders) -> Made:
    return bundle.format(), outsiders.trust_root(it)


def _with_note(bundle: Bundle, note: Note) -> Bundle:
    assert bundle.cosigned_note is not None
    return replace(bundle, cosigned_note=replace(bundle.cosigned_note, note=note, head=LogHead.parse(note.text)))


def _changed_line(line: NoteSignature) -> NoteSignature:
    return replace(line, content=line.content[:-1] + bytes([line.content[-1] ^ 1]))


@vector(Verdict.VALID)
def witnessed_true() -> Made:
    """Three witnesses cosigned a log in which the header's block is the bundle's checkpoint."""
    it, bundle = _told()
    outsiders = Outsiders()
    return _made(outsiders.show(bundle), it, outsiders)


@vector(Verdict.VALID)
def witnessed_by_just_the_quorum_true() -> Made:
    """Two of three witnesses cosigned, which is the quorum; the log ends with the bundle's checkpoint."""
    it, bundle = _told()
    outsiders = Outsiders()
    return _made(outsiders.show(bundle, NAMES[:2], later=0), it, outsiders)


@vector(Verdict.VALID)
def witnessed_with_a_wrong_line_beside_the_quorum_true() -> Made:
    """A third witness's line is wrong and counts as none; two are right, which is the quorum."""
    it, bundle = _told()
    outsiders = Outsiders()
    note = outsiders.note(log_leaves(bundle))
    *lines, last = note.signatures
    return _made(_with_note(outsiders.show(bundle), Note(note.text, (*lines, _changed_line(last)))), it, outsiders)


@vector(Verdict.VALID)
def witnessed_with_a_strangers_line_true() -> Made:
    """A key that the trust root does not name cosigned too; it is ignored."""
    it, bundle = _told()
    outsiders, strangers = Outsiders(), Outsiders()
    shown = outsiders.show(bundle)
    foreign = strangers.note(log_leaves(bundle)).signatures[1]
    assert shown.cosigned_note is not None
    note = Note(shown.cosigned_note.note.text, (*shown.cosigned_note.note.signatures, foreign))
    return _made(_with_note(shown, note), it, outsiders)


@vector(Verdict.VALID, 17)
def note_shown_that_nobody_demands_true() -> Made:
    """The trust root names no witnesses; a note that the bundle shows is not looked at."""
    it, bundle = _told()
    return Outsiders().show(bundle).format(), it.trust_root()


@vector(Verdict.UNWITNESSED, 17)
def note_left_out() -> Made:
    """The trust root demands witnesses and no note is shown."""
    it, bundle = _told()
    return _made(bundle, it, Outsiders())


@vector(Verdict.UNWITNESSED, 17)
def cosignatures_below_the_quorum() -> Made:
    """One of the two witnesses demanded cosigned."""
    it, bundle = _told()
    outsiders = Outsiders()
    return _made(outsiders.show(bundle, NAMES[:1]), it, outsiders)


@vector(Verdict.UNWITNESSED, 17)
def one_witness_twice() -> Made:
    """Two right lines of one witness, at two times, count once."""
    it, bundle = _told()
    outsiders = Outsiders()
    shown = outsiders.show(bundle, NAMES[:1])
    later = replace(outsiders, time=outsiders.time + 60).note(log_leaves(bundle), NAMES[:1]).signatures[1]
    assert shown.cosigned_note is not None
    note = shown.cosigned_note.note
    return _made(_with_note(shown, Note(note.text, (*note.signatures, later))), it, outsiders)


@vector(Verdict.UNWITNESSED, 17)
def cosignature_changed() -> Made:
    """One of two cosignatures is not its key's."""
    it, bundle = _told()
    outsiders = Outsiders()
    shown = outsiders.show(bundle, NAMES[:2])
    assert shown.cosigned_note is not None
    *lines, last = shown.cosigned_note.note.signatures
    note = Note(shown.cosigned_note.note.text, (*lines, _changed_line(last)))
    return _made(_with_note(shown, note), it, outsiders)


@vector(Verdict.UNWITNESSED, 17)
def cosignature_with_its_time_changed() -> Made:
    """One of two cosignatures says another time than was signed."""
    it, bundle = _told()
    outsiders = Outsiders()
    shown = outsiders.show(bundle, NAMES[:2])
    assert shown.cosigned_note is not None
    *lines, last = shown.cosigned_note.note.signatures
    later = replace(last, content=(outsiders.time + 1).to_bytes(8, "big") + last.content[8:])
    return _made(_with_note(shown, Note(shown.cosigned_note.note.text, (*lines, later))), it, outsiders)


@vector(Verdict.UNWITNESSED, 17)
def note_of_a_log_that_is_not_the_trust_roots() -> Made:
    """The witnesses cosigned, and the log's own key is a stranger's under the origin's name."""
    it, bundle = _told()
    outsiders = Outsiders()
    forged = replace(outsiders, log=Outsiders().log)
    return _made(forged.show(bundle), it, outsiders)


@vector(Verdict.UNWITNESSED, 17)
def note_that_its_log_did_not_sign() -> Made:
    """The log's own line is left out; the witnesses' are right."""
    it, bundle = _told()
    outsiders = Outsiders()
    shown = outsiders.show(bundle)
    assert shown.cosigned_note is not None
    note = shown.cosigned_note.note
    return _made(_with_note(shown, Note(note.text, note.signatures[1:])), it, outsiders)


@vector(Verdict.UNWITNESSED, 17)
def header_later_than_its_checkpoint() -> Made:
    """The header is of a later block than its checkpoint's, so that no log holds it."""
    it = Consortium()
    it.anchor(it.record())
    it.checkpoint()
    outsiders = Outsiders()
    return _made(outsiders.show(it.consignment_bundle()), it, outsiders)


@vector(Verdict.INVALID, 17)
def another_block_in_the_log() -> Made:
    """The log that was cosigned has another block at the bundle's checkpoint: another history."""
    it, bundle = _told()
    outsiders = Outsiders()
    shown = outsiders.show(bundle)
    leaves = log_leaves(bundle)
    leaves[bundle.checkpoint or 0] = leaves[0]
    return _made(_with_note(shown, outsiders.note(leaves)), it, outsiders)


@vector(Verdict.INVALID, 17)
def path_to_the_log_cut_short() -> Made:
    """The path from the header's checkpoint lacks its last hash."""
    it, bundle = _told()
    outsiders = Outsiders()
    shown = outsiders.show(bundle)
    assert shown.cosigned_note is not None
    cut = replace(shown.cosigned_note, path=shown.cosigned_note.path[:-1])
    return _made(replace(shown, cosigned_note=cut), it, outsiders)


@vector(Verdict.INVALID, 17)
def log_shorter_than_the_checkpoint() -> Made:
    """The note's log ends before the bundle's checkpoint."""
    it, bundle = _told()
    outsiders = Outsiders()
    shown = outsiders.show(bundle)
    return _made(_with_note(shown, outsiders.note(log_leaves(bundle)[:1])), it, outsiders)


@vector(Verdict.INVALID, 1)
def note_with_an_extension_line() -> Made:
    """The note's text has a fourth line, which not every cosignature would cover."""
    it, bundle = _told()
    outsiders = Outsiders()
    shown = outsiders.show(bundle)
    assert shown.cosigned_note is not None
    note = shown.cosigned_note.note
    longer = ShownNote(Note(note.text + "more\n", note.signatures), shown.cosigned_note.head, shown.cosigned_note.path)
    return _made(replace(shown, cosigned_note=longer), it, outsiders)


@vector(Verdict.INVALID, 1)
def note_with_padding_left_out() -> Made:
    """The base64 of the note's root lacks its padding."""
    it, bundle = _told()
    outsiders = Outsiders()
    content = outsiders.show(bundle)
    assert content.cosigned_note is not None
    written = content.cosigned_note.note.format()
    old, new = (base64url(text.encode()) for text in (written, written.replace("=\n", "\n", 1)))
    assert old != new
    return content.format().replace(old.encode(), new.encode()), outsiders.trust_root(it)


@vector(Verdict.VALID, 18)
def time_stamp_without_an_authority_true() -> Made:
    """A time stamp is shown and the trust root names no authorities: it is not looked at, and says nothing."""
    it, bundle = _told()
    outsiders = Outsiders()
    shown = outsiders.show(bundle)
    assert shown.cosigned_note is not None
    stamped = replace(shown.cosigned_note, stamps=(b"not a stamp",))
    return _made(replace(shown, cosigned_note=stamped), it, outsiders)


@vector(Verdict.VALID, 18)
def time_stamp_that_is_none() -> Made:
    """What is shown as a time stamp is none: that is told, and the bundle stays valid. Who reads no stamps skips it."""
    it, bundle = _told()
    outsiders = Outsiders(time_stamp_roots=(root_certificate("Example Time-Stamp Authority"),))
    shown = outsiders.show(bundle)
    assert shown.cosigned_note is not None
    stamped = replace(shown.cosigned_note, stamps=(b"not a stamp",))
    return _made(replace(shown, cosigned_note=stamped), it, outsiders)
