"""Strict field types shared by all entities: what a file may say in one place."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    PlainValidator,
    Strict,
    StringConstraints,
    TypeAdapter,
    WithJsonSchema,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from matcher.units import MAX_MONEY, MAX_QUANTITY, RATIO_DECIMALS, RATIO_DIGITS

FIRST_YEAR, LAST_YEAR = 1990, 2100


class Frozen(BaseModel):
    """Base of all data at the border: unknown fields refused, frozen once built."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
        validate_default=True,
        arbitrary_types_allowed=False,
        ser_json_inf_nan="constants",
    )

    def with_fields(self, **fields: Any) -> Self:
        """Returns the same with other values of some fields, validated as a whole (`model_copy` would not)."""
        return type(self)(**{**{name: getattr(self, name) for name in type(self).model_fields}, **fields})


def _ratio(value: object) -> Decimal:
    """Accepts int, float and Decimal (a float as the decimal number it is written as)."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise PydanticCustomError("number", "expected a number")
    number = value if isinstance(value, Decimal) else Decimal(repr(value))
    if not number.is_finite():
        raise PydanticCustomError("finite", "expected a finite number")
    if number == 0:
        return Decimal(0)
    if abs(number.adjusted()) > RATIO_DIGITS:  # before normalize(): its exponent may be a bomb
        raise PydanticCustomError("range", "expected a number between 1e-12 and 1e15 in size")
    number = number.normalize()
    exponent = number.as_tuple().exponent
    if len(number.as_tuple().digits) > RATIO_DIGITS or (isinstance(exponent, int) and exponent < -RATIO_DECIMALS):
        raise PydanticCustomError(
            "precision", f"expected at most {RATIO_DIGITS} digits and {RATIO_DECIMALS} decimal places"
        )
    return number + 0


def _number(value: Decimal) -> int | float:
    """The shortest JSON number that reads back as the same decimal."""
    return int(value) if value == value.to_integral_value() else float(value)


def _between(low: int, high: int | None) -> AfterValidator:
    def check(value: Decimal) -> Decimal:
        if value < low or (high is not None and value > high):
            wanted = f"a number from {low} to {high}" if high is not None else f"a number of at least {low}"
            raise PydanticCustomError("between", wanted)
        return value

    return AfterValidator(check)


def _json(**schema: Any) -> WithJsonSchema:
    return WithJsonSchema({"type": "number", **schema})


_AsNumber = PlainSerializer(_number, return_type=int | float, when_used="json")

Ratio = Annotated[Decimal, BeforeValidator(_ratio), _between(0, None), _AsNumber, _json(minimum=0)]
"""A finite decimal number, zero or more."""
Share = Annotated[Decimal, BeforeValidator(_ratio), _between(0, 1), _AsNumber, _json(minimum=0, maximum=1)]
"""A finite decimal number from 0 to 1."""

OptionKind = Literal["national", "bilateral", "operator", "multilateral", "south-south", "triangular", "public-private"]
"""Kinds of partnership, by who pays and who works."""

Money = Annotated[int, Strict(), Field(ge=0, le=MAX_MONEY)]
"""Whole minor currency units."""
Quantity = Annotated[int, Strict(), Field(ge=0, le=MAX_QUANTITY)]
"""Whole units of a capability."""
Total = Annotated[int, Strict(), Field(ge=0, le=2**62)]
"""A sum of money (minor units) or quantities (units)."""
Count = Annotated[int, Strict(), Field(ge=0, le=10**9)]
"""A whole number of things."""
Year = Annotated[int, Strict(), Field(ge=FIRST_YEAR, le=LAST_YEAR)]
"""A calendar year."""


_YEAR: TypeAdapter[int] = TypeAdapter(Year)


def _deadline(value: object) -> object:
    """A year, or a date as files write it; YAML reads a plain date as one."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    if not isinstance(value, str):
        return _YEAR.validate_python(value)
    try:
        day = date.fromisoformat(value)
    except ValueError:
        day = None
    if day is None or day.isoformat() != value or not FIRST_YEAR < day.year <= LAST_YEAR:
        raise PydanticCustomError("deadline", "expected a year, or a date as YYYY-MM-DD")
    return value


Deadline = Annotated[
    int | str,
    PlainValidator(_deadline),  # no union of two readers: each would tell its own fault, under a name of its own
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": FIRST_YEAR, "maximum": LAST_YEAR},
                {"type": "string", "format": "date"},
            ]
        }
    ),
]
"""A calendar year (its end), or a date."""


def last_full_year(deadline: int | str) -> int:
    """Returns the last calendar year that ends on or before a deadline."""
    if isinstance(deadline, int):
        return deadline
    day = date.fromisoformat(deadline)
    return day.year if (day.month, day.day) == (12, 31) else day.year - 1


Flag = Annotated[bool, Strict()]
"""true or false."""
Id = Annotated[str, Strict(), StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_.\-]{0,63}$")]
"""A short name used as a reference: a letter, then letters, digits, ``_``, ``.`` or ``-``."""
Text = Annotated[str, Strict(), StringConstraints(max_length=4000, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$")]
"""Free text without control characters."""


def _sorted_unique(values: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(sorted(set(values)))


Ids = Annotated[tuple[Id, ...], AfterValidator(_sorted_unique)]
"""A set of references; order and repetition carry no meaning."""


class Years(Frozen):
    """A run of years, both ends included; written ``[first, last]``."""

    first: Year
    """First year."""
    last: Year
    """Last year."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        def read(value: object) -> object:
            if isinstance(value, list | tuple):
                if len(value) != 2:
                    raise PydanticCustomError("years", "expected two years, [first, last]")
                return {"first": value[0], "last": value[1]}
            return value

        def check(value: Years) -> Years:
            if value.first > value.last:
                raise PydanticCustomError("years", "expected the first year not to be after the last")
            return value

        inner = core_schema.no_info_before_validator_function(read, handler(source))
        return core_schema.no_info_after_validator_function(
            check,
            inner,
            serialization=core_schema.plain_serializer_function_ser_schema(lambda years: [years.first, years.last]),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        year = {"type": "integer", "minimum": FIRST_YEAR, "maximum": LAST_YEAR}
        return {"type": "array", "items": year, "minItems": 2, "maxItems": 2, "description": cls.__doc__}

    def __contains__(self, year: int) -> bool:
        return self.first <= year <= self.last

    def range(self) -> range:
        """Returns the years in order."""
        return range(self.first, self.last + 1)


class Yearly:
    """A whole amount per year: one number for every year, or a mapping year -> number (others 0)."""

    __slots__ = ("_by_year", "amounts", "every")

    def __init__(self, every: int | None = None, amounts: tuple[tuple[int, int], ...] = ()) -> None:
        object.__setattr__(self, "every", every)
        object.__setattr__(self, "amounts", amounts)
        object.__setattr__(self, "_by_year", dict(amounts))

    every: int | None
    amounts: tuple[tuple[int, int], ...]
    _by_year: dict[int, int]

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"Yearly is frozen: cannot set {name}")

    def __reduce__(self) -> tuple[type[Yearly], tuple[int | None, tuple[tuple[int, int], ...]]]:
        return Yearly, (self.every, self.amounts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Yearly) and (self.every, self.amounts) == (other.every, other.amounts)

    def __hash__(self) -> int:
        return hash((self.every, self.amounts))

    def __repr__(self) -> str:
        return f"Yearly({self.plain()!r})"

    def at(self, year: int) -> int:
        """Returns the amount of one year."""
        return self.every if self.every is not None else self._by_year.get(year, 0)

    def plain(self) -> int | dict[int, int]:
        """Returns the amount as a file would say it."""
        return self.every if self.every is not None else dict(self.amounts)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        amount = core_schema.int_schema(strict=True, ge=0, le=MAX_MONEY)
        year = core_schema.int_schema(strict=True, ge=FIRST_YEAR, le=LAST_YEAR)
        by_year = core_schema.dict_schema(core_schema.no_info_before_validator_function(_year_key, year), amount)

        def read(value: Any, inner: core_schema.ValidatorFunctionWrapHandler) -> Yearly:
            if isinstance(value, Yearly):
                value = value.plain()
            if isinstance(value, Mapping):
                return Yearly(None, tuple(sorted(inner(dict(value)).items())))
            return Yearly(inner(value))

        def tag(value: object) -> str:
            return "by_year" if isinstance(value, dict) else "every"

        union = core_schema.tagged_union_schema({"by_year": by_year, "every": amount}, discriminator=tag)
        return core_schema.no_info_wrap_validator_function(
            read, union, serialization=core_schema.plain_serializer_function_ser_schema(lambda yearly: yearly.plain())
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        amount = {"type": "integer", "minimum": 0, "maximum": MAX_MONEY}
        by_year = {"type": "object", "additionalProperties": amount, "propertyNames": {"pattern": "^[12][0-9]{3}$"}}
        return {"oneOf": [amount, by_year], "description": cls.__doc__}


def _year_key(key: object) -> object:
    """JSON can only write keys as text; four digits are a year."""
    return int(key) if isinstance(key, str) and len(key) == 4 and key.isascii() and key.isdigit() else key
