"""Runs rules in the data form: selections of inputs, decimal arithmetic, comparisons. The form is `docs/spec/rules.md`.

The form has no loops of its own, no functions of the host and no clock, so that a second implementation gives the same
answers byte for byte. Numbers are decimals of 50 digits; rounding is half up and only where it is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any, Final

from chain.errors import Malformed
from chain.rules.answers import Agrees, Answer, Finding, Missing, NotRun, finding
from chain.rules.facts import Record
from chain.rules.frame import Case, beijing_day
from chain.rules.groups import GROUPS, Group
from chain.rules.section_values import KILOGRAMS, decimal_of, is_day, is_utc, text_of, unsigned_zero

DIGITS: Final = 50
"""Precision of every result."""
VALUES_MAX: Final = 10_000
"""Values of one selection."""
DEPTH_MAX: Final = 32
"""Nesting of one expression."""


class MalformedRule(Malformed):
    """A rule file that does not keep the form."""


class _Unknown(Exception):
    """A value that the test needs is not there."""

    def __init__(self, missing: Missing, what: str, what_zh: str) -> None:
        self.missing, self.what, self.what_zh = missing, what, what_zh


@dataclass(frozen=True, slots=True)
class Value:
    """One selected value with its place."""

    record: str
    path: str
    value: Any
    currency: str = ""


Selected = Sequence[Value]
Names = dict[str, Any]


def run_form(form: Mapping[str, Any], case: Case) -> Iterator[Answer]:
    """The answers of a rule in the data form; raises `MalformedRule` where the form is broken."""
    for test in form["tests"]:
        for group in GROUPS[test["group"]](case.consignment):
            for element in _elements(test, group):
                with localcontext() as context:
                    context.prec = DIGITS
                    yield from _run_test(form["id"], test, group, element, case)


def _run_test(rule: str, test: Mapping[str, Any], group: Group, element: Value | None, case: Case) -> Iterator[Answer]:
    try:
        names: Names = {}
        chosen: dict[str, Selected] = {}
        for name, selection in test["select"].items():
            chosen[name] = names[name] = _select(name, selection, group, element)
        _check_currencies(chosen)
        for name, expression in test.get("let", ()):
            names[name] = _evaluate(expression, names, case, 0)
        if "when" in test and not _evaluate(test["when"], names, case, 0):
            return
        inputs = [value for name in test["inputs"] for value in chosen[name]]
        if _evaluate(test["agree"], names, case, 0):
            yield Agrees(rule, tuple(dict.fromkeys(value.record for value in inputs)))
        else:
            yield _finding(test, names, inputs, case)
    except _Unknown as unknown:
        yield NotRun(rule, unknown.missing, unknown.what, unknown.what_zh)


def _finding(test: Mapping[str, Any], names: Names, inputs: Sequence[Value], case: Case) -> Finding:
    declared, computed = (_evaluate(test[side], names, case, 0) for side in ("declared", "computed"))
    tolerance = test.get("tolerance", "none")
    shown = {name: _shown(value) for name, value in names.items()} | {
        "declared": _shown(declared),
        "computed": _shown(computed),
    }
    return finding(
        test["name"],
        test["severity"],
        test["en"].format_map(shown),
        test["zh"].format_map(shown),
        [(value.record, value.path, _shown(value.value)) for value in inputs],
        declared=declared if isinstance(declared, Decimal) else _shown(declared),
        computed=computed if isinstance(computed, Decimal) else _shown(computed),
        tolerance=tolerance if isinstance(tolerance, str) else _shown(_evaluate(tolerance, names, case, 0)),
    )


def _shown(value: Any) -> str:
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, list | tuple):
        return ", ".join(_shown(one.value if isinstance(one, Value) else one) for one in value) or "–"
    return str(value)


def _elements(test: Mapping[str, Any], group: Group) -> Iterator[Value | None]:
    """The elements over which a test is repeated; None, once, where it is not."""
    each = test.get("each")
    if each is None:
        yield None
        return
    for record in group.get(each["of"], ()):
        yield from _walk(record, each["path"].split("."))


def _select(name: str, selection: Mapping[str, Any], group: Group, element: Value | None) -> Selected:
    parts = selection["path"].split(".")
    if selection["of"] == "each":
        holder = element.value if element is not None else None
        base = element or Value("", "", None)
        places = list(_descend(base.record, base.path, holder, parts))
    else:
        places = [value for one in group.get(selection["of"], ()) for value in _walk(one, parts)]
    wanted = _READ[selection["as"]]
    read = [wanted(value) for value in places if _fits(value, selection.get("where", ()))]
    values = [value for value in read if value is not None]
    if selection.get("all") and len(values) != len(read):
        values = []
    if not values and not selection.get("optional"):
        raise _lacking(name, selection["path"])
    if len(values) > VALUES_MAX:
        raise _Unknown(Missing.FACT, f"more than {VALUES_MAX} values of {name}", f"{name} 的值过多")
    return values


def _lacking(name: str, path: str) -> _Unknown:
    return _Unknown(Missing.FACT, f"{name} ({path}) is not said or not seen", f"{name}（{path}）未说明或未披露")


def _fits(value: Value, conditions: Sequence[Sequence[Any]]) -> bool:
    """Whether the value itself is among those of each condition `["in", [...]]`."""
    return all(value.value in allowed for operator, allowed in conditions if operator == "in")


def _walk(record: Record, parts: Sequence[str]) -> Iterator[Value]:
    """Every place in the record that the path leads to; a section that has many elements is a list."""
    section, *rest = parts
    values = record.sections.get(section, ())
    if not rest or rest[0] != "*":
        holder = values[0] if values else None
        yield from _descend(record.id, section, holder, rest)
        return
    listed = values[0] if len(values) == 1 and isinstance(values[0], list) else values
    for place, inner in enumerate(listed):
        yield from _descend(record.id, f"{section}.{place}", inner, rest[1:])


def _descend(record: str, path: str, holder: Any, parts: Sequence[str]) -> Iterator[Value]:
    if not parts:
        yield Value(record, path, holder)
        return
    name, *rest = parts
    if name == "*":
        for place, inner in enumerate(holder if isinstance(holder, list) else ()):
            yield from _descend(record, f"{path}.{place}", inner, rest)
    else:
        inner = holder.get(name) if isinstance(holder, dict) else None
        yield from _descend(record, f"{path}.{name}", inner, rest)


def _kg(place: Value) -> Value | None:
    said = place.value
    factor = KILOGRAMS.get(text_of(said, "unit")) if isinstance(said, dict) else None
    number = decimal_of(said.get("value")) if factor else None
    return None if number is None or factor is None else Value(place.record, place.path, number * factor)


def _money(place: Value) -> Value | None:
    said = place.value
    number = decimal_of(said.get("value")) if isinstance(said, dict) else None
    return None if number is None else Value(place.record, place.path, number, text_of(said, "currency"))


def _quantity(place: Value) -> Value | None:
    number = decimal_of(place.value.get("value")) if isinstance(place.value, dict) else None
    return None if number is None else Value(place.record, place.path, number)


def _decimal(place: Value) -> Value | None:
    number = decimal_of(place.value)
    return None if number is None else Value(place.record, place.path, number)


def _integer(place: Value) -> Value | None:
    said = place.value
    is_whole = isinstance(said, int) and not isinstance(said, bool)
    return Value(place.record, place.path, Decimal(said)) if is_whole else None


def _text(place: Value) -> Value | None:
    return place if isinstance(place.value, str) and place.value else None


_READ: Final[Mapping[str, Callable[[Value], Value | None]]] = {
    "kg": _kg,
    "money": _money,
    "quantity": _quantity,
    "decimal": _decimal,
    "integer": _integer,
    "text": _text,
    "any": lambda place: place if place.value is not None else None,
}


def _check_currencies(chosen: Mapping[str, Selected]) -> None:
    """Sums of money are compared in one currency; in several, nobody says which part is which."""
    currencies = {value.currency for selected in chosen.values() for value in selected if value.currency}
    if len(currencies) > 1:
        raise _Unknown(Missing.ALLOCATION, "the amounts are in several currencies", "金额涉及多种货币")


def _evaluate(expression: Any, names: Names, case: Case, depth: int) -> Any:
    if depth > DEPTH_MAX:
        raise MalformedRule("expression", f"nests at most {DEPTH_MAX} deep")
    if isinstance(expression, str):
        if expression not in names:
            raise MalformedRule("expression", "names what was selected or let", value=expression)
        return names[expression]
    operator, *arguments = expression
    if operator == "dec":
        return Decimal(arguments[0])
    if operator == "text":
        return arguments[0]
    if operator == "param":
        return _parameter(case, arguments[0])
    if operator in _LAZY:
        return _LAZY[operator](arguments, lambda one: _evaluate(one, names, case, depth + 1))
    if operator not in _OPERATORS:
        raise MalformedRule("expression", "begins with an operator of the form", value=operator)
    values = [_evaluate(one, names, case, depth + 1) for one in arguments]
    try:
        result = _OPERATORS[operator](*values)
        return _working_day(result, case) if operator == "working_day" else result
    except (ValueError, OverflowError):
        raise _Unknown(Missing.FACT, f"{operator} of what is no day", f"{operator} 的参数不是日期") from None


def _parameter(case: Case, name: str) -> Decimal:
    value = getattr(case.parameters, name)
    return Decimal(value)


def _working_day(day: date, case: Case) -> str:
    days = case.tables.working_days
    worked = days.on_or_after(day) if days is not None else None
    if worked is None:
        raise _Unknown(Missing.TABLE, f"no table of working days for {day}", f"无 {day} 的工作日表")
    return worked.isoformat()


def _numbers(selected: Selected) -> list[Any]:
    return [one.value for one in selected]


def _sum(selected: Selected) -> Decimal:
    if not selected:
        raise _Unknown(Missing.FACT, "a sum has no amounts", "没有可合计的金额")
    return sum(_numbers(selected), Decimal(0))


def _only(selected: Selected) -> Any:
    distinct = list(dict.fromkeys(_numbers(selected)))
    if len(distinct) != 1:
        raise _Unknown(Missing.ALLOCATION, "several values where one is needed", "存在多个取值，无法确定其一")
    return distinct[0]


def _round(value: Decimal, digits: Decimal) -> Decimal:
    return unsigned_zero(value.quantize(Decimal(1).scaleb(-int(digits)), rounding=ROUND_HALF_UP))


def _date(day: str) -> date:
    if not is_day(day):
        raise ValueError(day)
    return date.fromisoformat(day)


def _days(first: str, second: str) -> Decimal:
    return Decimal((_date(second) - _date(first)).days)


def _beijing_day(utc: str) -> str:
    if not is_utc(utc):
        raise ValueError(utc)
    return beijing_day(utc)


_OPERATORS: Final[Mapping[str, Callable[..., Any]]] = {
    "sum": _sum,
    "count": lambda selected: Decimal(len(selected)),
    "one": _only,
    "set": lambda selected: sorted(set(_numbers(selected))),
    "least": lambda selected: min(_numbers(selected)),
    "most": lambda selected: max(_numbers(selected)),
    "without": lambda these, those: [one for one in these if one not in those],
    "add": lambda *values: sum(values, Decimal(0)),
    "sub": lambda first, second: first - second,
    "mul": lambda first, second: unsigned_zero(first * second),
    "abs": abs,
    "min": min,
    "max": max,
    "round": _round,
    "le": lambda first, second: first <= second,
    "lt": lambda first, second: first < second,
    "eq": lambda first, second: first == second,
    "not": lambda value: not value,
    "prefix": lambda text, digits: text[: int(digits)],
    "is_digits": lambda text: text.isascii() and text.isdigit(),
    "length": lambda text: Decimal(len(text)),
    "days": _days,
    "plus_days": lambda day, days: (_date(day) + timedelta(days=int(days))).isoformat(),
    "beijing_day": _beijing_day,
    "working_day": _date,
}
"""Operators whose arguments are all evaluated first; see `docs/spec/rules.md`."""

_LAZY: Final[Mapping[str, Callable[[list[Any], Callable[[Any], Any]], Any]]] = {
    "and": lambda arguments, value: all(value(one) for one in arguments),
    "or": lambda arguments, value: any(value(one) for one in arguments),
    "if": lambda arguments, value: value(arguments[1] if value(arguments[0]) else arguments[2]),
}
"""Operators that evaluate no more arguments than they need."""
