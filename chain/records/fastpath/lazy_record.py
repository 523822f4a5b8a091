"""A record whose sections become objects when they are asked for.

What a reader has proved by the models' own grammar (`grammar.py`) is a record before any object of it exists, and most
readers look at two or three of its sections. Such a record is an instance of its model; it makes a section at the first
look at it, and all of them, once and for all, where it is looked at as a whole: compared, copied, written, printed.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, Final, cast

from pydantic import BaseModel, ConfigDict, TypeAdapter

from chain.records import get_record_type
from chain.records.base import Record
from chain.sdjwt import MANY_ELEMENTS

if TYPE_CHECKING:
    from chain.sdjwt import SignedRecord

_SOURCE: Final = " signed"
"""Where an unread record keeps its signed form among its sections; no section has a space in its name."""
_MEMBERS: Final[Any] = BaseModel.__dict__["__dict__"]
"""The members of a model's instance, past the property of `_Unread`."""

_SLOTS: Final = ("__pydantic_fields_set__", "__pydantic_extra__", "__pydantic_private__")
"""What pydantic keeps beside the members."""


def unread_record(signed: SignedRecord) -> Record:
    """The record of sections that are known to fit their model, read when asked for."""
    kind = _unread_type(signed.vct)
    record = kind.__new__(kind)
    _MEMBERS.__set__(record, {_SOURCE: signed})
    return record


class _Unread:
    """What makes a model's instance read its sections late. Once it is read it is of the model's own class."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        members = _MEMBERS.__get__(self)
        signed = members.get(_SOURCE)
        kind = _model_of(type(self))
        if signed is not None and name in kind.model_fields:
            members[name] = value = _section(kind, name, signed)
            return value
        if signed is not None and name in _SLOTS:
            self._read()
            return object.__getattribute__(self, name)
        return getattr(super(), "__getattr__")(name)  # noqa: B009  pydantic's own, which it hides from type checkers

    @property
    def __dict__(self) -> dict[str, Any]:
        self._read()
        return cast(dict[str, Any], _MEMBERS.__get__(self))

    @__dict__.setter
    def __dict__(self, members: dict[str, Any]) -> None:
        _MEMBERS.__set__(self, members)  # a copy gets its members so
        object.__setattr__(self, "__class__", _model_of(type(self)))

    def _read(self) -> None:
        """Makes every section, and an ordinary record of this one."""
        members = _MEMBERS.__get__(self)
        if (signed := members.get(_SOURCE)) is not None:
            kind = _model_of(type(self))
            said = {name: signed.section(name) for name in signed.sections}
            whole = kind.from_sections(said)
            for slot in _SLOTS:
                object.__setattr__(self, slot, getattr(whole, slot))
            read = _MEMBERS.__get__(whole)
            # Those that were handed out already stay the same objects.
            _MEMBERS.__set__(self, {name: members.get(name, value) for name, value in read.items()})
            object.__setattr__(self, "__class__", kind)

    def __eq__(self, other: object) -> bool:
        self._read()
        return self == other

    def __hash__(self) -> int:
        self._read()
        return hash(self)

    def __reduce_ex__(self, protocol: Any) -> Any:
        self._read()
        return self.__reduce_ex__(protocol)


@lru_cache(maxsize=64)
def _unread_type(vct: str) -> type[Record]:
    record_type = get_record_type(vct)
    record_type.model_rebuild()
    named = {"__module__": record_type.__module__, "__qualname__": record_type.__qualname__}
    made: Any = type(record_type.__name__, (_Unread, record_type), named)
    # It is its model, so that nothing need be built for it.
    made.__pydantic_core_schema__ = record_type.__pydantic_core_schema__
    made.__pydantic_validator__ = record_type.__pydantic_validator__
    made.__pydantic_serializer__ = record_type.__pydantic_serializer__
    made.__pydantic_complete__ = True
    return cast(type[Record], made)


def _model_of(kind: type) -> type[Record]:
    """The model that an unread record is of; of an ordinary one, its own class."""
    return cast(type[Record], kind.__mro__[2] if kind.__mro__[1] is _Unread else kind)


def _section(record_type: type[Record], name: str, signed: SignedRecord) -> Any:
    values = signed.section(name)
    if not values:
        return record_type.model_fields[name].get_default(call_default_factory=True)
    return _reader(record_type, name)(values if name in MANY_ELEMENTS else values[0])


@lru_cache(maxsize=256)
def _reader(record_type: type[Record], name: str) -> Any:
    known = record_type.model_fields[name]
    said: Any = Annotated[known.annotation, *known.metadata] if known.metadata else known.annotation
    strict = None if isinstance(known.annotation, type) and issubclass(known.annotation, BaseModel) else _STRICT
    return TypeAdapter(said, config=strict).validate_python


_STRICT: Final = ConfigDict(strict=True)
