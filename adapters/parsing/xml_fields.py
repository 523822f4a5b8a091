"""Typed fields out of an XML tree: every fault is collected with its place, and one error names them all.

A `Form` is the printed format of a field (`C..60`, `N19,5`, `C14 YYYYMMDDhhmmss`). A `Table` is a list of fields that
stand directly inside one element, as the official field tables print them; reading an element by its table costs one
look-up a child. Formats with deeper trees (DecMessage, WCO, UBL) use `Fields`, which walks by name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from lxml import etree

from adapters.parsing.forms import SEPARATOR, Form
from adapters.parsing.xml import local_name, namespace_of
from chain.errors import Malformed, MalformedMessage
from chain.records.base import Remark

FAULTS_MAX = 100
"""Faults named in one error; past them the reader stops looking, since such a file is of another kind."""
SCHEMA_CODE = "0002"
"""Gateway code 数据包不能通过 schema 验证: a field is missing, too long, no number (7-1 table, 2022-05)."""
BUSINESS_CODE = "4004"
"""Our code, from the user-extensible range: each field is well formed, but together they make the message unusable."""


@dataclass
class Faults:
    """What is wrong with one message, in the order found."""

    found: list[Malformed] = field(default_factory=list)
    read: set[etree._Element] = field(default_factory=set)
    """Elements whose text was asked for."""
    members: dict[int, set[str]] = field(default_factory=dict)
    """JSON: identity of an object or list -> names of its members that were asked for."""
    notes: list[Remark] = field(default_factory=list)
    """What was read otherwise than it was said (cut, rounded, in another unit); taken over with what was not read."""

    def remark(self, rule: str, text: str, where: str | None = None) -> None:
        """Notes what looks wrong or was read otherwise, and refuses nothing."""
        self.notes.append(Remark(rule=rule, text=text[:4_000], field=where))

    def take_notes(self) -> tuple[Remark, ...]:
        """The remarks since it was last asked, each once."""
        taken = tuple(dict.fromkeys(self.notes))
        self.notes.clear()
        return taken

    def fitted(self, text: str, form: Form, where: str) -> str | None:
        """The text as a record can hold it; None where it is not of the form, which is noted."""
        if form.fits(text):
            return text
        if (mended := form.mend(text)) is not None:
            return mended
        if form.cut_at and len(text) > form.cut_at:
            beginning = text[: form.cut_at].rstrip()
            beginning = beginning if form.fits(beginning) else form.mend(beginning) or ""
            if beginning:
                sentence = f"{where.rpartition('/')[2]}: the first {form.cut_at} of {len(text)} characters are kept"
                self.remark("cut", sentence)
                return beginning
        self.add(where, form.rule, value=text)
        return None

    def has_read(self, holder: object, name: str) -> bool:
        """Whether that member of a JSON object was asked for; of a list: whether the whole of it was."""
        return name in self.members.get(id(holder), ())

    def note_read(self, holder: object, name: str) -> None:
        """Notes that a member of a JSON object, or with an empty name a whole list, was asked for."""
        self.members.setdefault(id(holder), set()).add(name)

    def add(self, where: str, rule: str, *, value: object = None, fix: str = "", code: str = SCHEMA_CODE) -> None:
        """Notes one fault; raises at once where there are `FAULTS_MAX` of them."""
        self.found.append(Malformed(where, rule, value=value, fix=fix, code=code))
        if len(self.found) >= FAULTS_MAX:
            self.refuse("message")

    def note(self, fault: Malformed, where: str) -> None:
        """Takes over a fault that an identifier or a model found, under the place in the message."""
        self.add(where, fault.rule, value=fault.value, fix=fault.fix, code=fault.code)

    def refuse(self, kind: str) -> None:
        """Raises one `MalformedMessage` that holds them all; returns where there are none."""
        if not self.found:
            return
        first = self.found[0]
        if len(self.found) == 1:
            raise MalformedMessage(
                first.field, first.rule, value=first.value, fix=first.fix, code=first.code, faults=(first,)
            )
        listed = "; ".join(str(fault) for fault in self.found[:10])
        more = f"; and {len(self.found) - 10} more" if len(self.found) > 10 else ""
        raise MalformedMessage(
            kind, f"has {len(self.found)} faults: {listed}{more}", code=first.code, faults=tuple(self.found)
        )


@dataclass(frozen=True)
class Field:
    """One row of an official field table."""

    name: str
    """Element name as the table spells it, misspellings kept."""
    form: Form
    required: bool = True
    also: tuple[str, ...] = ()
    """Other official spellings of the same field (the XSD's, where the document differs)."""


def _together(rows: Sequence[Field]) -> re.Pattern[str]:
    """Matches the joined texts of all rows at once. Each group is atomic, so that none is tried twice."""
    groups = [f"(?>{row.form.pattern.pattern}{'' if row.required else '|'})" for row in rows]
    return re.compile(SEPARATOR.join(groups), re.DOTALL)


UNKNOWN_CHARS_MAX: Final = 200
"""Characters of an unknown element's text that are repeated."""
UNKNOWN_PERSONAL: Final = re.compile(r"(?i)name|phone|tel|mail|idnumber|address|buyer|payer|sign|cert")
"""Unknown elements that may hold what identifies a person: they are named, and what they say is not repeated."""


def unknown_text(where: str, element: etree._Element) -> str:
    """The place of an element that no table names, with what it says."""
    name, text = local_name(element), " ".join((element.text or "").split())[:UNKNOWN_CHARS_MAX]
    shown = f" ({text})" if text and not UNKNOWN_PERSONAL.search(name) else ""
    return f"{where}/{name}{shown}"


class Table:
    """The fields that stand directly inside one element."""

    def __init__(self, namespace: str, fields: Sequence[Field]) -> None:
        self.rows = tuple(fields)
        mark = f"{{{namespace}}}" if namespace else ""
        self._names: dict[object, str] = {f"{mark}{name}": row.name for row in fields for name in (row.name, *row.also)}
        self._forms = {row.name: row.form for row in fields}
        self._order = tuple(row.name for row in fields)
        self._empty = ("",) * len(self._order)

    @cached_property
    def _whole(self) -> re.Pattern[str]:
        """One match over all texts in table order."""
        # Compiled when first needed: all tables together take longer than reading a message.
        return _together(self.rows)

    def read(self, element: etree._Element, where: str, faults: Faults, strange: list[str]) -> dict[str, str]:
        """Field name → stripped text of every field that has one; collects faults, unknown names join `strange`."""
        values: dict[str, str] = {}
        known, seen = self._names.get, 0
        for child in element:
            name = known(child.tag)
            if name is None:
                strange.append(unknown_text(where, child))
                continue
            said = child.text
            if said is not None and (said := said.strip()):
                seen += 1
                values.setdefault(name, said)
            if len(child):
                faults.add(f"{where}/{name}", "holds text only", value=local_name(child[0]))
        said_in_order = map(values.get, self._order, self._empty)
        if seen != len(values) or self._whole.fullmatch(SEPARATOR.join(said_in_order)) is None:
            self._note(element, where, values, faults)
        return values

    def known_in(self, element: etree._Element) -> tuple[etree._Element, ...]:
        """The children that the table names."""
        return tuple(child for child in element if child.tag in self._names)

    def names_in(self, element: etree._Element) -> tuple[tuple[str, str], ...]:
        """Local name and field name of each child in order; empty where one is no field."""
        found = [(local_name(child), self._names.get(child.tag, "")) for child in element]
        return tuple(found) if all(name for _, name in found) else ()

    def in_order(self, names: Sequence[str]) -> Callable[[Sequence[str]], bool]:
        """Tells of the texts of these fields, which are all that must be there, whether each is of its form."""
        rows = {row.name: row for row in self.rows}
        fullmatch = _together([rows[name] for name in names]).fullmatch
        return lambda texts: fullmatch(SEPARATOR.join(texts)) is not None

    def _note(self, element: etree._Element, where: str, values: dict[str, str], faults: Faults) -> None:
        """Slow path: mends what only its line breaks make unfit, and names every fault in the order of the message,
        missing fields last."""
        met: set[str] = set()
        for child in element:
            name, said = self._names.get(child.tag), (child.text or "").strip()
            if name is None or not said:
                continue
            if name in met:
                faults.add(f"{where}/{name}", "appears once", value=said)
            elif (fitted := faults.fitted(said, self._forms[name], f"{where}/{name}")) is not None:
                values[name] = fitted
            met.add(name)
        for row in self.rows:
            if row.required and row.name not in values:
                faults.add(f"{where}/{row.name}", "must be there", fix="Fill in the element")


@dataclass(frozen=True)
class Fields:
    """One element whose children are read by name, for formats with deep trees."""

    element: etree._Element
    where: str
    """Its path in the message, for errors."""
    faults: Faults
    namespace: str
    """Namespace of the children that are asked for by plain name; a Clark name `{ns}name` asks for another."""

    @classmethod
    def root(cls, element: etree._Element, faults: Faults) -> Fields:
        """The message's root element; children are in its namespace."""
        return cls(element, local_name(element), faults, namespace_of(element))

    def child(self, name: str, *, required: bool = False) -> Fields | None:
        """The one child element of that name; None (and a fault where it is required) where there is none."""
        found = self.element.findall(self._tag(name))
        if len(found) > 1:
            self.faults.add(f"{self.where}/{_plain(name)}", "appears once", value=f"{len(found)} times")
        if not found:
            if required:
                self.faults.add(f"{self.where}/{_plain(name)}", "must be there", fix="Fill in the element")
            return None
        return self._inside(found[0], name)

    def at(self, *names: str) -> Fields | None:
        """The element reached by going down the names; None where one of them is not there."""
        here: Fields | None = self
        for name in names:
            here = here.child(name) if here is not None else None
        return here

    def each(self, name: str) -> Iterator[Fields]:
        """Every child element of that name, with its count in the path, from 1."""
        for count, found in enumerate(self.element.iterfind(self._tag(name)), 1):
            yield Fields(found, f"{self.where}/{_plain(name)}[{count}]", self.faults, self.namespace)

    def text(self, name: str, form: Form, *, required: bool = True) -> str | None:
        """The stripped text of the child of that name; None where it has none or a wrong one, which is noted."""
        found = self.element.findall(self._tag(name))
        place = f"{self.where}/{_plain(name)}"
        said = (found[0].text or "").strip() if found else ""
        self.faults.read.update(found)
        if not said:
            if required:
                self.faults.add(place, "must be there", fix="Fill in the element")
            return None
        if len(found) > 1:
            self.faults.add(place, "appears once", value=f"{len(found)} times")
        elif len(found[0]):
            self.faults.add(place, "holds text only", value=local_name(found[0][0]))
        else:
            return self.faults.fitted(said, form, place)
        return None

    def maybe(self, name: str, form: Form) -> str | None:
        """As `text`, for a field that may be absent or empty."""
        return self.text(name, form, required=False)

    def first(self, paths: Sequence[str], form: Form) -> str | None:
        """The text at the first of these paths (`GoodsMeasure/GrossMassMeasure`) that has one; None where none has.

        What stands at another of them and says something else counts as unread, so that it is remarked on.
        """
        return self.first_measure(paths, form)[0]

    def first_measure(self, paths: Sequence[str], form: Form) -> tuple[str | None, str | None]:
        """As `first`, with the `unitCode` of the element that it stands in; None for either where it has none."""
        chosen: str | None = None
        unit: str | None = None
        for path in paths:
            *steps, name = path.split("/")
            holder = self.at(*steps)
            said = holder.maybe(name, form) if holder is not None else None
            if holder is None or said is None:
                continue
            elements = holder.element.findall(holder._tag(name))
            own = str(elements[0].get("unitCode", "")).strip() or None
            if chosen is None:
                chosen, unit = said, own
            elif (said, own) != (chosen, unit):
                self.faults.read.difference_update(elements)
        return chosen, unit

    def own(self, form: Form) -> str | None:
        """The element's own stripped text; None where it is empty or wrong, which is noted."""
        self.faults.read.add(self.element)
        said = (self.element.text or "").strip()
        return self.faults.fitted(said, form, self.where) if said else None

    def attribute(self, name: str, form: Form, *, required: bool = False) -> str | None:
        """An attribute's text; None where it is absent or wrong, which is noted."""
        said = str(self.element.get(name, "")).strip()
        if not said:
            if required:
                self.faults.add(f"{self.where}/@{name}", "must be there", fix="Fill in the attribute")
            return None
        return self.faults.fitted(said, form, f"{self.where}/@{name}")

    def _tag(self, name: str) -> str:
        return name if name.startswith("{") or not self.namespace else f"{{{self.namespace}}}{name}"

    def _inside(self, element: etree._Element, name: str) -> Fields:
        return Fields(element, f"{self.where}/{_plain(name)}", self.faults, self.namespace)


def _plain(name: str) -> str:
    return name[name.rfind("}") + 1 :]
