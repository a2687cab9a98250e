"""The contract as SQL: text in, typed rows and reasons out.

Every reader hands over a relation of text (`TEXT_COLUMNS` and the contract columns that the file
has); `checked_rows` makes the query that types and checks it, the same for every feed and form.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from orchestration.files import quoted
from orchestration.ingest.contract import MAX_DECIMALS, Column, Feed

TEXT_COLUMNS = (
    "_batch_id",
    "_row_number",
    "_extra",
    "_doubles",
    "_broken_column",
    "_broken_value",
    "_broken_reason",
)
"""What a reader gives beside the columns: the `_broken_*` ones say why a record has no columns."""

MAX_VALUE = 1000
"""Characters of an offending value that quarantine keeps."""

_SPACE = "' ' || chr(9) || chr(10) || chr(13)"
_DECIMAL = "[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)"
_EXPONENT = "([eE][+-]?[0-9]{1,4})?"
_TIME_TAIL = (
    "([Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]{1,9})?)? ?"
    "([Zz]|[+-](0[0-9]|1[0-8])(:?[0-5][0-9])?)?)?"
)
_BASIC_TIMESTAMP = (
    "([0-9]{4})([0-9]{2})([0-9]{2})[Tt]([0-9]{2})([0-9]{2})([0-9]{2}([.,][0-9]{1,9})?)"
    "([Zz]|[+-][0-9]{2}(:?[0-9]{2})?)?"
)


def identifier(name: str) -> str:
    """A SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def numbers_as_text(json: str) -> str:
    """Expression: JSON text whose numbers have become strings of their digits as written.

    Strings are matched first, so digits inside them stay; U+0001 cannot occur in valid JSON and
    marks what was matched.
    """
    token = quoted(r'("(?:[^"\\]|\\.)*")|(-?[0-9][0-9.eE+-]*)')
    marked = f"regexp_replace({json}, {token}, '\\1' || chr(1) || '\\2' || chr(1), 'g')"
    return f"replace(replace({marked}, chr(1) || chr(1), ''), chr(1), '\"')"


def checked_rows(
    feed: Feed,
    source: str,
    present: Collection[str],
    *,
    exponents: bool,
    currencies: Mapping[str, int],
    deferred: Collection[str] = (),
) -> str:
    """Query over the text relation `source`: typed columns, row hash, and what is wrong with a row.

    Args:
        present: contract columns that the source has; the others are null.
        currencies: minor digits by ISO 4217 code.
        exponents: whether numbers may be in exponent form (JSON numbers and Parquet doubles may).
        deferred: required columns that get their value later (the ids of bank items).

    Returns:
        a query with the contract columns, `_batch_id`, `_row_number`, `_extra`, `_row_hash` (null
        for a rejected row or when columns are deferred), `_bad_column`, `_bad_value`, `_bad_reason`
        (null for a good row), `_row_key` (of rejected rows), `_naive` and `_doubles` (counts).
    """
    columns = [column for column in feed.columns if column.name not in deferred]
    problems = [_problem(c, feed, currencies, exponents) for c in columns] + _row_problems(feed)
    typed_names = ",\n    ".join(
        f"case when _bad_reason is null then {_typed(c)} end as {identifier(c.name)}"
        if c.name not in deferred
        else f"cast(null as {c.sql_type}) as {identifier(c.name)}"
        for c in feed.columns
    )
    text = ",\n    ".join(_cleaned(c, c.name in present) for c in columns)
    offsets = "".join(
        f", {_offset_of(_text(c))} as {_offset(c)}" for c in columns if c.kind == "timestamp"
    )
    typed = ",\n    ".join(f"{_type(c, feed, exponents)} as {_typed(c)}" for c in columns)
    errors = ",\n    ".join(
        f"case when _broken_reason is null then {problem} end as {name}"
        for name, _, _, problem in problems
    )
    bad_column = _first((name, quoted(column)) for name, column, _, _ in problems)
    bad_value = _first((name, value) for name, _, value, _ in problems)
    reasons = ", ".join(name for name, _, _, _ in problems)
    row_hash = "null" if deferred else row_hash_of(feed, _typed)
    naive = " + ".join(
        f"case when {_typed(c)} is not null and {_offset(c)} = '' then 1 else 0 end"
        for c in columns
        if c.kind == "timestamp"
    )
    return f"""
with cleaned as (
    select {", ".join(TEXT_COLUMNS)},
    {text}
    from {source}
),
located as (
    select cleaned.*{offsets}
    from cleaned
),
typed as (
    select located.*,
    {typed}
    from located
),
checked as (
    select typed.*,
    {errors}
    from typed
),
judged as (
    select checked.*,
    coalesce(_broken_reason, nullif(concat_ws('; ', {reasons}), '')) as _bad_reason
    from checked
)
select
    {typed_names},
    _batch_id,
    _row_number,
    _extra,
    case when _bad_reason is null then {row_hash} end as _row_hash,
    case
        when _bad_reason is null then null
        when _broken_reason is not null then _broken_column
        else {bad_column}
    end as _bad_column,
    case
        when _bad_reason is null then null
        when _broken_reason is not null then left(_broken_value, {MAX_VALUE})
        else left({bad_value}, {MAX_VALUE})
    end as _bad_value,
    _bad_reason,
    case when _bad_reason is not null then {_row_key(feed, deferred)} end as _row_key,
    cast({naive or "0"} as bigint) as _naive,
    cast(_doubles as bigint) as _doubles
from judged
"""


def row_hash_of(feed: Feed, name_of: object = None) -> str:
    """Expression: SHA-256 over the typed values, equal for equal values in whatever notation.

    Each value goes in as `name=length:value;`, an absent one not at all, so that an optional
    column of a later minor version does not change the hashes of rows that do not have it.
    """
    parts = []
    for column in feed.columns:
        name = name_of(column) if callable(name_of) else identifier(column.name)
        value = f"to_json({name})" if column.kind == "list" else name
        value = f"cast({value} as varchar)"
        parts.append(f"{quoted(column.name + '=')} || length({value}) || ':' || {value} || ';'")
    return f"sha256(concat({', '.join(parts)}))"


def key_text(feed: Feed, names: Iterable[str]) -> str:
    """Expression: key columns joined as the ids of the output contract are; null when all are."""
    parts = list(names)
    if len(parts) == 1:
        return parts[0]
    escaped = [f"replace(replace(coalesce({p}, ''), '%', '%25'), '/', '%2F')" for p in parts]
    joined = f"concat_ws('/', {', '.join(escaped)})"
    return f"case when coalesce({', '.join(parts)}) is not null then {joined} end"


def _text(column: Column) -> str:
    return identifier(f"r_{column.name}")


def _typed(column: Column) -> str:
    return identifier(f"t_{column.name}")


def _error(name: str) -> str:
    return identifier(f"e_{name}")


def _is_among(text: str, codes: Iterable[str]) -> str:
    """Expression: whether a text is one of some three-letter codes.

    A search in one constant string: a join would let the planner put the file, whose size it cannot
    know, into memory, and a long `in` compares one by one.
    """
    listed = quoted(" ".join(["", *codes, ""]))
    return f"(length({text}) = 3 and contains({listed}, ' ' || {text} || ' '))"


def _minor_digits(text: str, currencies: Mapping[str, int]) -> str:
    """Expression: minor digits of a currency; `MAX_DECIMALS` where it is absent or unknown."""
    by_digits: dict[int, list[str]] = {}
    for code, digits in currencies.items():
        by_digits.setdefault(digits, []).append(code)
    branches = " ".join(
        f"when {_is_among(text, codes)} then {digits}"
        for digits, codes in sorted(by_digits.items(), key=lambda item: -len(item[1]))
    )
    return f"case {branches} else {MAX_DECIMALS} end"


def _cleaned(column: Column, present: bool) -> str:
    """The text of a value; absent when empty. Spaces around it count in plain text only."""
    if not present:
        return f"cast(null as varchar) as {_text(column)}"
    name = identifier(column.name)
    trimmed = f"trim({name}, {_SPACE})"
    # Looking at the ends first spares nearly every value the copy that trim makes.
    if column.kind == "text" and not column.domain:
        return f"case when ascii({name}) > 32 or {trimmed} <> '' then {name} end as {_text(column)}"
    trimmed = (
        f"(case when ascii({name}) > 32 and ascii(right({name}, 1)) > 32 then {name} "
        f"else {trimmed} end)"
    )
    if column.kind == "currency":
        return f"nullif(upper({trimmed}), '') as {_text(column)}"
    if column.kind == "timestamp":
        trimmed = _extended(trimmed)
    return f"nullif({trimmed}, '') as {_text(column)}"


def _type(column: Column, feed: Feed, exponents: bool) -> str:
    text = _text(column)
    if column.kind in ("text", "currency"):
        return text
    if column.kind in ("money", "quantity"):
        pattern = quoted(_DECIMAL + (_EXPONENT if exponents else ""))
        return (
            f"case when regexp_full_match({text}, {pattern}) then {_decimal(text, exponents)} end"
        )
    if column.kind == "integer":
        return (
            f"case when regexp_full_match({text}, '[+-]?[0-9]+([.]0+)?') "
            f"then try_cast(split_part({text}, '.', 1) as bigint) end"
        )
    if column.kind == "boolean":
        return (
            f"case when lower({text}) in ('true', '1') then true "
            f"when lower({text}) in ('false', '0') then false end"
        )
    if column.kind == "date":
        return (
            f"case when regexp_full_match({text}, '[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}') "
            f"then try_cast({text} as date) end"
        )
    if column.kind == "timestamp":
        return _timestamp(column, feed.time_zone)
    if column.kind == "list":
        json = numbers_as_text(text)
        is_json = f"starts_with({text}, '[') and ends_with({text}, ']')"
        items = (
            f"case when {text} is null then null when {is_json} then "
            f"case when json_valid({text}) then from_json({json}, '[\"VARCHAR\"]') end "
            f"else string_split({text}, ';') end"
        )
        trimmed = f"list_transform({items}, lambda x: trim(x, {_SPACE}))"
        filled = f"list_filter({trimmed}, lambda x: x <> '')"
        return f"case when len({filled}) > 0 then {filled} end"
    if column.kind == "json":
        return (
            f"case when json_valid({text}) then cast(json({numbers_as_text(text)}) as varchar) end"
        )
    raise ValueError(f"no type for kind {column.kind!r}")


def _decimal(text: str, exponents: bool) -> str:
    """Expression: the decimal of a number's text.

    DuckDB reads narrow decimals a hundred times faster than DECIMAL(38,10), and nearly all fit.
    """
    plain = f"not contains(lower({text}), 'e') and " if exponents else ""
    written = f"length({text}) - strpos({text} || '.', '.')"
    return (
        f"case when {plain}length({text}) <= 14 and {written} <= 4 "
        f"then cast(try_cast({text} as decimal(18, 4)) as decimal(38, 10)) "
        f"when {plain}strpos({text}, '.') between 1 and 9 and {written} <= 10 "
        f"then cast(try_cast({text} as decimal(18, 10)) as decimal(38, 10)) "
        f"else try_cast({text} as decimal(38, 10)) end"
    )


def _offset(column: Column) -> str:
    return identifier(f"o_{column.name}")


def _offset_of(text: str) -> str:
    """Expression: the offset of a timestamp's text, empty without one."""
    return (
        f"case when right({text}, 1) in ('Z', 'z') then right({text}, 1) "
        f"else regexp_extract(substr({text}, 11), '([+-][0-9:]+)$', 1) end"
    )


def _extended(text: str) -> str:
    """Expression: the text of a timestamp, its basic form (20260630T180000Z) made extended."""
    extended = quoted(r"\1-\2-\3T\4:\5:\6\8")
    return (
        f"case when {text}[5:5] <> '-' and regexp_full_match({text}, {quoted(_BASIC_TIMESTAMP)}) "
        f"then regexp_replace({text}, {quoted(_BASIC_TIMESTAMP)}, {extended}) else {text} end"
    )


def _timestamp(column: Column, zone: str) -> str:
    """Expression: naive UTC. Fractions beyond the microsecond are cut off.

    Of a local time that occurs twice the later moment is taken, and one that never occurs is moved
    on by the gap, as PostgreSQL and ICU do.
    """
    text, offset = _text(column), _offset(column)
    clock = f"upper(trim(left({text}, length({text}) - length({offset}))))"
    local = f"try_cast(replace({clock}, ',', '.') as timestamp)"
    minutes = (
        f"(case when {offset} in ('', 'Z', 'z') then 0 else "
        f"(case when starts_with({offset}, '-') then -1 else 1 end) * "
        f"(60 * cast(substr({offset}, 2, 2) as integer) "
        f"+ coalesce(try_cast(right(replace(substr({offset}, 4), ':', ''), 2) as integer), 0)) end)"
    )
    utc = local
    if zone != "UTC":
        utc = (
            f"case when {offset} = '' then "
            f"({local} at time zone {quoted(zone)}) at time zone 'UTC' else {local} end"
        )
    pattern = quoted("[0-9]{4}-[0-9]{2}-[0-9]{2}" + _TIME_TAIL)
    return f"case when regexp_full_match({text}, {pattern}) then {utc} - to_minutes({minutes}) end"


def _problem(
    column: Column, feed: Feed, currencies: Mapping[str, int], exponents: bool
) -> tuple[str, str, str, str]:
    """Name of the reason, its column and value, and the expression: null, or what to mend."""
    text, typed = _text(column), _typed(column)
    shown = f"'{column.name} \"' || left({text}, 80) || '\" '"
    cases = []
    if column.required:
        cases.append(
            f"when {text} is null then '{column.name} is empty and is required; fill it in'"
        )
    cases.append(f"when {text} is null then null")
    if column.domain:
        allowed = ", ".join(quoted(value) for value in column.domain)
        choice = quoted(f"is not one of {', '.join(column.domain)}")
        cases.append(f"when {text} not in ({allowed}) then {shown} || {choice}")
    elif column.kind == "currency":
        cases.append(
            f"when not {_is_among(text, currencies)} "
            f"then {shown} || 'is not an ISO 4217 currency code such as EUR'"
        )
    elif column.kind in ("money", "quantity"):
        cases += _number_cases(column, feed, currencies, exponents, shown)
    elif column.kind == "json":
        cases += _json_cases(column, shown)
    elif column.kind == "list":
        cases.append(
            f"when {typed} is null and starts_with({text}, '[') and not json_valid({text}) and "
            f"ends_with({text}, ']') then {shown} "
            '|| \'is not a JSON list; write ["a", "b"] or a;b\''
        )
    elif column.kind != "text":
        wanted = {
            "date": "is not a date; write it as 2026-06-30",
            "timestamp": "is not an ISO 8601 timestamp; write it as 2026-06-30T18:00:00Z",
            "boolean": "is not true or false",
            "integer": "is not a whole number",
        }[column.kind]
        cases.append(f"when {typed} is null then {shown} || {quoted(wanted)}")
    if column.kind == "integer":
        cases += _range_cases(column, shown)
    return _error(column.name), column.name, text, f"case {' '.join(cases)} end"


def _number_cases(
    column: Column, feed: Feed, currencies: Mapping[str, int], exponents: bool, shown: str
) -> list[str]:
    text, typed = _text(column), _typed(column)
    digits: str = str(MAX_DECIMALS)
    limit = quoted(f"{MAX_DECIMALS} are allowed")
    if column.currency is not None:
        money = _text(feed.column(column.currency))
        digits = _minor_digits(money, currencies)
        limit = f"coalesce({money} || ' has ' || {digits}, {limit})"
    decimals = (
        f"case when contains({text}, '.') "
        f"then length(rtrim({text}, '0')) - strpos({text}, '.') else 0 end"
    )
    if exponents:
        decimals = f"case when contains(lower({text}), 'e') then {_scale(text)} else {decimals} end"
    cases = [
        f"when {typed} is null then {shown} || case "
        f"when regexp_full_match({text}, {quoted(_DECIMAL)}) "
        f"then 'is too large: at most 28 digits before the point' "
        f"when regexp_full_match({text}, '[+-]?[0-9]{{1,3}}([ ,][0-9]{{3}})+([.][0-9]+)?') "
        f"then 'has thousands separators; write 1234.50' "
        f"when regexp_full_match({text}, '[+-]?[0-9.]+,[0-9]+') "
        f"then 'has a decimal comma; write 1234.50' "
        f"when regexp_full_match({text}, {quoted(_DECIMAL + _EXPONENT)}) "
        f"then 'is in exponent form, which loses digits; write 1234.50' "
        f"else 'is not a decimal number such as 1234.50' end",
        f"when {decimals} > 0 and {decimals} > {digits} then {shown} || 'has ' || ({decimals}) "
        f"|| ' digits after the point and ' || {limit} || '; round it where it comes from'",
    ]
    return cases + _range_cases(column, shown)


def _range_cases(column: Column, shown: str) -> list[str]:
    typed = _typed(column)
    cases = []
    if column.minimum is not None:
        cases.append(f"when {typed} < {column.minimum} then {shown} || 'is below {column.minimum}'")
    elif not column.signed:
        cases.append(
            f"when {typed} < 0 then {shown} || 'is negative and has no sign by the contract'"
        )
    if column.maximum is not None:
        cases.append(f"when {typed} > {column.maximum} then {shown} || 'is above {column.maximum}'")
    return cases


def _scale(text: str) -> str:
    """Expression: digits after the point that a number in exponent form really has."""
    mantissa = f"ltrim(split_part(lower({text}), 'e', 1), '+-')"
    exponent = f"try_cast(split_part(lower({text}), 'e', 2) as integer)"
    digits = f"replace({mantissa}, '.', '')"
    zeros = f"length({digits}) - length(rtrim({digits}, '0'))"
    written = f"length(split_part({mantissa}, '.', 2))"
    return (
        f"(case when ltrim({digits}, '0') = '' then 0 else {written} - ({zeros}) - {exponent} end)"
    )


def _json_cases(column: Column, shown: str) -> list[str]:
    typed = _typed(column)
    shape = ", ".join(column.elements)
    structure = quoted("[{" + ", ".join(f'"{name}": "VARCHAR"' for name in column.elements) + "}]")
    complete = " and ".join(f"x.{identifier(name)} is not null" for name in column.elements)
    wrong = quoted(f"is not a JSON list of objects with {shape}")
    elements = f"list_filter(from_json({typed}, {structure}), lambda x: {complete})"
    cases = [
        f"when {typed} is null then {shown} || {wrong}",
        f"when json_type({typed}) <> 'ARRAY' then {shown} || {wrong}",
    ]
    if column.elements:
        cases.append(f"when len({elements}) <> json_array_length({typed}) then {shown} || {wrong}")
    return cases


def _row_problems(feed: Feed) -> list[tuple[str, str, str, str]]:
    """Rules over several columns; they speak only where each of the columns is right."""
    if not feed.exactly_one_of:
        return []
    columns = [feed.column(name) for name in feed.exactly_one_of]
    well_formed = " and ".join(f"({_text(c)} is null or {_typed(c)} is not null)" for c in columns)
    given = " + ".join(f"(case when {_text(c)} is null then 0 else 1 end)" for c in columns)
    nonzero = " + ".join(f"(case when {_typed(c)} <> 0 then 1 else 0 end)" for c in columns)
    names = " and ".join(feed.exactly_one_of)
    values = " || ' / ' || ".join(f"coalesce({_text(c)}, '')" for c in columns)
    rule = quoted(f"exactly one of {names} is to be given; empty the other one")
    problem = (
        f"case when {well_formed} and ({given}) <> 1 and not (({given}) > 1 and ({nonzero}) = 1) "
        f"then {rule} end"
    )
    return [(_error("exactly_one_of"), columns[0].name, values, problem)]


def _first(choices: Iterable[tuple[str, str]]) -> str:
    branches = " ".join(f"when {error} is not null then {value}" for error, value in choices)
    return f"case {branches} end"


def _row_key(feed: Feed, deferred: Collection[str]) -> str:
    """The key of a rejected row; where a part did not parse, its text."""
    parts = []
    for name in feed.key:
        if name in deferred:
            name = "bank_reference"
        column = feed.column(name)
        text, typed = _text(column), _typed(column)
        if column.kind == "timestamp":
            parts.append(f"coalesce(strftime({typed}, '%Y-%m-%dT%H:%M:%SZ'), {text})")
        elif column.kind in ("text", "currency"):
            parts.append(text)
        else:
            parts.append(f"coalesce(cast({typed} as varchar), {text})")
    return key_text(feed, parts)
