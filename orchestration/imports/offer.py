"""One delivered file, looked at: a bank format, a shape that a map knows, or a map proposed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

from orchestration.home import Home, TieoutError
from orchestration.imports import maps
from orchestration.imports.maps import Change, Map, folded
from orchestration.imports.profile import Profile, profile
from orchestration.imports.propose import Proposal, complete, propose
from orchestration.imports.questions import Question
from orchestration.imports.reading import Total
from orchestration.imports.source import Source, bank_format, open_source
from orchestration.ingest.bank import BankFileError, read_bank_file
from orchestration.ingest.bank.model import BankReject


@dataclass(frozen=True)
class BankSummary:
    """What a bank file holds, for a person to tick off."""

    format: str
    items: int
    rejected: int
    accounts: tuple[str, ...]
    totals: tuple[Total, ...]
    first_day: str
    last_day: str
    statements: int
    unbalanced: int


@dataclass
class Offer:
    """What can be done with a file. `proposals` has one map for each feed that it fills."""

    path: Path
    name: str
    source: Source | None = None
    profile: Profile | None = None
    proposals: list[Proposal] = field(default_factory=list)
    known_as: str = ""
    is_own_map: bool = False
    change: Change | None = None
    bank: BankSummary | None = None

    @property
    def questions(self) -> list[Question]:
        """What only a person can say, each once."""
        asked = {q.key: q for proposal in self.proposals for q in proposal.questions}
        return list(asked.values())

    @property
    def is_ready(self) -> bool:
        """Whether it can be read without asking anything more."""
        return self.bank is not None or (
            bool(self.proposals) and not self.questions and all(p.map for p in self.proposals)
        )


def look_at(
    home: Home,
    path: Path,
    answers: Mapping[str, str],
    *,
    name: str | None = None,
    sheet: str | None = None,
    map_name: str | None = None,
    is_anew: bool = False,
    seen: tuple[Source, Profile] | None = None,
) -> Offer:
    """Tell what a file is and how it is read.

    Args:
        answers: what a person has said (`propose`).
        map_name: a saved map, a preset, or the path of a map.
        is_anew: propose a map, even where one is known.
        seen: what an earlier look at the same file and sheet found.

    Raises:
        TieoutError: when the file cannot be read, or a named map is none.
    """
    # bytes of a name that are no text would be refused where it is written down
    name = (name or path.name).encode("utf-8", "replace").decode("utf-8")
    offer = Offer(path, name)
    if seen is None and (found_format := bank_format(path)):
        offer.bank = _bank_summary(path, name, found_format)
        return offer
    source, found = seen or _looked(path, name, sheet)
    offer.source, offer.profile = source, found
    known = [*maps.saved_maps(home), *maps.presets()]
    if map_name:
        fits = [_named(map_name, known)]
    elif is_anew or answers.get("feed") or any(key.startswith("from:") for key in answers):
        fits = []
    else:
        fits = maps.fitting(known, source)
    if fits:
        offer.proposals = [complete(given, source, found, answers) for given in fits]
        own = not fits[0].is_preset
        offer.known_as = fits[0].title or fits[0].name
        offer.is_own_map = own
        # A preset that a person has completed is kept, so that it does not ask again.
        for proposal, given in zip(offer.proposals, fits, strict=True):
            is_whole = proposal.map is not None and not proposal.questions
            if given.is_preset and is_whole and not proposal.is_for_this_file:
                assert proposal.map is not None
                proposal.map = _kept(proposal.map, given, source, answers)
        return offer
    offer.change = None if is_anew else maps.changed(known, source)
    if offer.change is not None:
        said = answers_of(offer.change.map, source)
        # what is written otherwise than before may write its amounts otherwise, too
        said.pop("numbers", None)
        answers = {**said, **answers}
    offer.proposals = [propose(source, found, answers)]
    return offer


def answers_of(found: Map, source: Source) -> dict[str, str]:
    """What a map says as answers to a proposal, as far as the file still has its columns."""
    here = {folded(name): name for name in source.header}
    answers = {"feed": found.feed}
    for name, rule in found.columns.items():
        if rule.constant is not None:
            answers[f"set:{name}"] = rule.constant
        elif len(rule.source) == 1 and folded(rule.source[0]) in here:
            answers[f"from:{name}"] = here[folded(rule.source[0])]
    if found.dates:
        answers["dates"] = found.dates
    if found.numbers:
        answers["numbers"] = found.numbers
    return answers


def _kept(finished: Map, preset: Map, source: Source, answers: Mapping[str, str]) -> Map:
    """A preset as a map of one's own where answers went into it; else the preset itself."""
    if finished.columns == preset.columns and not answers.keys() & {"dates", "numbers"}:
        return finished
    here = {folded(name): name for name in source.header}
    columns = {
        column: rule
        for column, rule in finished.columns.items()
        if not rule.optional or any(folded(name) in here for name in rule.reads)
    }
    return replace(
        finished, header=source.header, is_preset=False, origin=None, columns=columns,
        name=finished.name.replace("__", "-"), told_by=(),
    )  # fmt: skip


def _looked(path: Path, name: str, sheet: str | None) -> tuple[Source, Profile]:
    source = open_source(path, name, sheet)
    return source, profile(source)


def _named(map_name: str, known: list[Map]) -> Map:
    for found in known:
        if found.name == map_name:
            return found
    path = Path(map_name)
    if path.suffix in (".yaml", ".yml") and path.exists():
        return maps.load_map(path)
    names = ", ".join(found.name for found in known)
    raise TieoutError(f"There is no map {map_name!r}; there are {names}. A path of one works too.")


def _bank_summary(path: Path, name: str, found_format: str) -> BankSummary:
    """Items, accounts and totals of a bank file.

    Raises:
        TieoutError: when it is broken.
    """
    sums: dict[str, list[Decimal]] = {}
    counts: Counter[str] = Counter()
    accounts: dict[str, None] = {}
    days: list[str] = []
    items = rejected = 0
    try:
        bank = read_bank_file(path)
        for row in bank.rows:
            if isinstance(row, BankReject):
                rejected += 1
                continue
            items += 1
            accounts[row.account_id] = None
            counts[row.currency] += 1
            sums.setdefault(row.currency, [Decimal(0), Decimal(0)])[row.amount < 0] += row.amount
            day = row.booking_date.isoformat()
            days = [min([*days, day]), max([*days, day])]
        statements = bank.statements
    except BankFileError as error:
        raise TieoutError(f"{name} is {found_format} and cannot be read: {error}") from error
    return BankSummary(
        format=found_format,
        items=items,
        rejected=rejected,
        accounts=tuple(accounts),
        totals=tuple(
            Total("amount", currency, counts[currency], parts[0], parts[1])
            for currency, parts in sorted(sums.items())
        ),
        first_day=days[0] if days else "",
        last_day=days[-1] if days else "",
        statements=len(statements),
        unbalanced=sum(1 for statement in statements if statement.ok is False),
    )
