"""Hypothesis strategies for what records are made of; every room's property tests draw from here.

`records()` reads the models' own annotations, so that a new field is drawn as soon as it exists.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Le, MaxLen, MinLen
from hypothesis import strategies as st
from pydantic import StringConstraints
from stdnum import imo, iso6346
from stdnum.cn import uscc

from chain import identifiers as ids
from chain.encoding import Json
from chain.records import RECORD_TYPES, Record, scalars
from chain.records.scalars import Part
from chain.records.transport import Container
from chain.records.value import Charge

_USCC_LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_DIGITS = "0123456789"


def _digits(count: int) -> st.SearchStrategy[str]:
    return st.text(_DIGITS, min_size=count, max_size=count)


def usccs() -> st.SearchStrategy[ids.Uscc]:
    """USCCs with a right check character."""
    body = st.tuples(
        st.sampled_from(["91", "92", "12", "51"]), _digits(6), st.text(_USCC_LETTERS, min_size=9, max_size=9)
    )
    return body.map(lambda parts: "".join(parts)).map(lambda text: ids.Uscc.parse(text + uscc.calc_check_digit(text)))


def ucrs() -> st.SearchStrategy[ids.Ucr]:
    """Chinese UCRs."""
    tail = st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ()-", min_size=1, max_size=13)
    return st.builds(lambda year, who, ref: ids.Ucr.parse(f"{year}CN{who}-{ref}"), st.integers(0, 9), usccs(), tail)


def declaration_numbers() -> st.SearchStrategy[ids.DeclarationNumber]:
    """18-digit declaration numbers."""
    parts = st.tuples(_digits(4), st.just("20"), _digits(2), st.sampled_from("01"), _digits(9))
    return parts.map(lambda p: ids.DeclarationNumber.parse("".join(p)))


def container_numbers() -> st.SearchStrategy[ids.ContainerNumber]:
    """ISO 6346 numbers with a right check digit."""
    parts = st.tuples(st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=3, max_size=3), st.sampled_from("UJZ"), _digits(6))
    bodies = parts.map(lambda p: "".join(p))
    return bodies.map(lambda text: ids.ContainerNumber.parse(text + iso6346.calc_check_digit(text)))


def air_waybill_numbers() -> st.SearchStrategy[ids.AirWaybillNumber]:
    """Air waybills with a right check digit."""
    return st.builds(lambda a, s: ids.AirWaybillNumber.parse(f"{a}-{s}{int(s) % 7}"), _digits(3), _digits(7))


def _imo_numbers() -> st.SearchStrategy[ids.ImoNumber]:
    return _digits(6).map(lambda text: ids.ImoNumber.parse(text + imo.calc_check_digit(text + "0")))


def _identifiers(kind: type[ids.Identifier]) -> st.SearchStrategy[Any]:
    special = {
        ids.Uscc: usccs,
        ids.Ucr: ucrs,
        ids.DeclarationNumber: declaration_numbers,
        ids.ContainerNumber: container_numbers,
        ids.AirWaybillNumber: air_waybill_numbers,
        ids.ImoNumber: _imo_numbers,
    }
    if kind in special:
        return special[kind]()
    return st.from_regex(kind.LAYOUT, fullmatch=True).filter(kind.is_valid).map(kind.parse)


def lines(longest: int = 24) -> st.SearchStrategy[str]:
    """One line of text as records take it, in any script."""
    return st.text(
        st.characters(codec="utf-8", exclude_categories=("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")),
        min_size=1,
        max_size=longest,
    )


def decimals(scale: int = 5, integer_digits: int = 6) -> st.SearchStrategy[str]:
    """Decimal strings of that scale, zero or more."""
    return st.integers(0, 10 ** (integer_digits + scale) - 1).map(
        lambda n: f"{n // 10**scale}.{n % 10**scale:0{scale}d}"
    )


def _days() -> st.SearchStrategy[str]:
    return st.dates(date(2000, 1, 1), date(2099, 12, 31)).map(date.isoformat)


def _times() -> st.SearchStrategy[str]:
    moments = st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
    return moments.map(lambda moment: moment.strftime("%Y-%m-%dT%H:%M:%SZ"))


def _pattern(alias: Any) -> str:
    return next(str(m.pattern) for m in get_args(alias)[1:] if isinstance(m, StringConstraints))


_BY_PATTERN: dict[str, st.SearchStrategy[str]] = {
    _pattern(scalars.Token): st.from_regex(r"[!-~]{1,12}", fullmatch=True),
    _pattern(scalars.Text): lines(),
    _pattern(scalars.Note): lines(60),
    _pattern(scalars.Decimal19_5): decimals(5),
    _pattern(scalars.Money): st.one_of(decimals(2), decimals(5)),
    _pattern(scalars.Rate): decimals(6, 1),
    _pattern(scalars.Day): _days(),
    _pattern(scalars.UtcTime): _times(),
    _pattern(scalars.Country): st.sampled_from(["CN", "US", "JP", "DE", "cn-customs:999"]),
    _pattern(scalars.Currency): st.sampled_from(["CNY", "USD", "EUR", "cn-customs:999"]),
    _pattern(scalars.Unit): st.sampled_from(["KGM", "H87", "TNE", "cn-customs:120"]),
    _pattern(scalars.Sha256Hex): st.binary(min_size=32, max_size=32).map(bytes.hex),
    _pattern(scalars.RecordId): st.from_regex(r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]", fullmatch=True),
}


def _text(metadata: tuple[Any, ...]) -> st.SearchStrategy[str]:
    patterns = [str(m.pattern) for m in _flat(metadata) if getattr(m, "pattern", None)]
    if not patterns:
        return st.from_regex(r"[A-Za-z0-9]{1,12}", fullmatch=True)
    if patterns[-1] in _BY_PATTERN:
        return _BY_PATTERN[patterns[-1]]
    return st.from_regex(patterns[-1].replace("$", r"\Z"))


def _flat(metadata: tuple[Any, ...]) -> list[Any]:
    flat: list[Any] = []
    for constraint in metadata:
        flat.extend(_flat(tuple(constraint.metadata)) if hasattr(constraint, "metadata") else [constraint])
    return flat


def _bound(metadata: tuple[Any, ...], kind: type, name: str, default: int) -> int:
    return next((int(getattr(m, name)) for m in _flat(metadata) if isinstance(m, kind)), default)


def _values(annotation: Any, metadata: tuple[Any, ...], depth: int) -> st.SearchStrategy[Any]:
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *more = get_args(annotation)
        return _values(inner, (*more, *metadata), depth)
    if origin in (Union, UnionType):
        return st.one_of(*(_values(a, metadata, depth) for a in get_args(annotation) if a is not type(None)))
    if origin is Literal:
        return st.sampled_from(get_args(annotation))
    if origin is tuple:
        most = min(2, _bound(metadata, MaxLen, "max_length", 2))
        least = _bound(metadata, MinLen, "min_length", 0)
        inner = _values(get_args(annotation)[0], (), depth + 1)
        return st.lists(inner, min_size=least, max_size=most, unique_by=repr).map(tuple)
    if annotation is bool:
        return st.booleans()
    if annotation is int:
        return st.integers(_bound(metadata, Ge, "ge", 0), _bound(metadata, Le, "le", 999))
    if annotation is str:
        return _text(metadata)
    if issubclass(annotation, ids.Identifier):
        return _identifiers(annotation)
    return parts(annotation, depth)


def parts(kind: type[Part], depth: int = 0) -> st.SearchStrategy[Any]:
    """Values of a record's part, required fields always and each optional one now and then."""
    if kind is Container:
        known = st.builds(Container, number=container_numbers(), tare=st.none() | parts(scalars.Weight))
        return known | st.builds(Container, number=st.just("CBHU1234567"), known=st.just(False))
    if kind is Charge:
        rates = st.builds(Charge, mark=st.just("rate"), rate=decimals(6, 1))
        return rates | st.builds(Charge, mark=st.sampled_from(["unit", "total"]), amount=parts(scalars.Amount))

    @st.composite
    def draw_part(draw: st.DrawFn) -> Any:
        said = {}
        for name, field in kind.model_fields.items():
            wanted = field.is_required() or (depth < 3 and draw(st.integers(0, 2 + 2 * depth)) == 0)
            if wanted:
                said[name] = draw(_values(field.annotation, tuple(field.metadata), depth + 1))
        return kind(**said)

    return draw_part()


def records(record_type: type[Record] | None = None) -> st.SearchStrategy[Record]:
    """Records of one type, or of any, speaking of one to three consignments."""
    kinds = [record_type] if record_type else list(RECORD_TYPES.values())
    named = st.lists(ucrs(), min_size=1, max_size=3, unique=True)
    return st.sampled_from(kinds).flatmap(lambda kind: st.builds(lambda r, u: r.for_ucrs(u), parts(kind), named))


def json_values(leaves: int = 12) -> st.SearchStrategy[Json]:
    """JSON values as sections hold them: no fractions, no floats."""
    texts = st.text(st.characters(codec="utf-8"), max_size=12)
    scalars_ = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | texts
    names = texts.filter(lambda name: name not in ("...", "_sd", "_sd_alg"))
    return st.recursive(
        scalars_,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
        max_leaves=leaves,
    )
