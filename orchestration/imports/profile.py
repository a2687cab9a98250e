"""What the columns of a file hold, over all of its rows."""

from __future__ import annotations

from dataclasses import dataclass, field

from orchestration.imports.source import Source
from orchestration.imports.values import DateFacts, NumberFacts

SAMPLE_ROWS = 2_000
KEPT_VALUES = 60


@dataclass
class ColumnFacts:
    """One column. `values` are the first different ones, at most KEPT_VALUES."""

    name: str
    filled: int = 0
    values: dict[str, int] = field(default_factory=dict)
    has_more_values: bool = False
    is_unique: bool = True
    dates: DateFacts = field(default_factory=DateFacts)
    numbers: NumberFacts = field(default_factory=NumberFacts)

    @property
    def is_dates(self) -> bool:
        """Whether most values are dates."""
        return self.dates.values > 0 and self.dates.readable >= 0.5 * self.dates.values

    @property
    def is_numbers(self) -> bool:
        """Whether most values are amounts."""
        return self.numbers.values > 0 and self.numbers.readable >= 0.5 * self.numbers.values


@dataclass(frozen=True)
class Profile:
    """All columns of a file, by place, and how many rows it has."""

    columns: tuple[ColumnFacts, ...]
    rows: int

    def __getitem__(self, name: str) -> ColumnFacts:
        return next(column for column in self.columns if column.name == name)


def profile(source: Source) -> Profile:
    """Look at every row. Columns that turn out to be text are not read as dates and amounts on."""
    columns = tuple(ColumnFacts(name) for name in source.header)
    seen: list[set[int] | None] = [set() for _ in columns]
    dated = numbered = list(range(len(columns)))
    rows = 0
    for line, cells in source.rows():
        rows += 1
        if rows == SAMPLE_ROWS:
            dated = [n for n in dated if columns[n].is_dates]
            numbered = [n for n in numbered if columns[n].is_numbers]
        for place, column in enumerate(columns):
            cell = cells[place]
            if not cell or cell.isspace():
                continue
            column.filled += 1
            known = seen[place]
            if known is not None:
                size = len(known)
                known.add(hash(cell))
                if len(known) == size:
                    column.is_unique = False
                    seen[place] = None
            if not column.has_more_values:
                if cell in column.values:
                    column.values[cell] += 1
                elif len(column.values) < KEPT_VALUES:
                    column.values[cell] = 1
                else:
                    column.has_more_values = True
        for place in dated:
            if cells[place].strip():
                columns[place].dates.add(cells[place], line)
        for place in numbered:
            if cells[place].strip():
                columns[place].numbers.add(cells[place], line)
    for column in columns:
        column.is_unique = column.is_unique and column.filled == rows
    return Profile(columns, rows)
