"""`tieout import FILE …`: look, ask, show, land, and offer a run."""

from __future__ import annotations

import argparse
import getpass
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from orchestration.home import Home, TieoutError
from orchestration.imports import landing, maps, missing
from orchestration.imports.maps import Map, Rule
from orchestration.imports.offer import BankSummary, Offer, look_at
from orchestration.imports.questions import Question
from orchestration.imports.reading import Reading, Total, apply, problems_by_kind
from orchestration.imports.vocabulary import vocabulary
from orchestration.review.people import Person, Role
from orchestration.summary import amount

_SHOWN_ROWS = 5
_SHOWN_PROBLEMS = 8


def run_import(options: argparse.Namespace) -> int:
    """Import every file; the exit status is 1 where one could not be landed.

    Raises:
        TieoutError: when a file cannot be read or something about it is still open.
    """
    home = Home.from_environment().create()
    asks = sys.stdin.isatty() and not options.yes
    answers = given_answers(options)
    person = local_person()
    landed = 0
    for path in options.files:
        if not path.is_file():
            raise TieoutError(f"{path} is no file.")
        landed += _import_one(home, path, options, answers, asks, person)
    if landed == 0:
        return 1
    print()
    for standing in missing.standings(home):
        print(f"  {'✓' if standing.runs else '–'} {standing.title}: {standing.says}")
    if options.run or (asks and _yes("Reconcile now?")):
        from orchestration import progress, runner
        from orchestration.home import Settings

        with progress.reporting(progress.ConsoleProgress()):
            print(runner.run(home, Settings.from_environment(), "import"), end="")
    else:
        print("\nNext: `tieout run` reconciles what has landed.")
    return 0 if landed == len(options.files) else 1


def local_person() -> Person:
    """Whoever calls the command: they hold the files of the home, so nothing is kept from them."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = "unknown"
    return Person(
        subject=f"local:{name}", name=name, roles=frozenset({Role.ADMIN, Role.CONTROLLER})
    )


def given_answers(options: argparse.Namespace) -> dict[str, str]:
    """Options as answers (`propose`).

    Raises:
        TieoutError: when one is not of the form that its help says.
    """
    answers: dict[str, str] = {}
    if options.feed:
        answers["feed"] = options.feed
    for key in ("dates", "numbers"):
        if value := getattr(options, key):
            answers[key] = value
    for option, entries in (
        ("set", options.set),
        ("from", options.columns),
        ("value", options.value),
    ):
        for entry in entries:
            column, separator, value = (
                entry.rpartition("=") if option == "value" else entry.partition("=")
            )
            if not separator or not column:
                raise TieoutError(f"--{option} {entry!r} is not of the form COLUMN=VALUE.")
            if option == "value":
                name, _, text = column.partition(":")
                column = f"{name}:{maps.folded(text)}"
            answers[f"{option}:{column}"] = value
    return answers


def _import_one(
    home: Home, path: Path, options: argparse.Namespace, answers: dict[str, str], asks: bool,
    person: Person,
) -> bool:  # fmt: skip
    own = dict(answers)

    def look(offer: Offer | None = None) -> Offer:
        seen = (offer.source, offer.profile) if offer and offer.source and offer.profile else None
        return look_at(home, path, own, sheet=options.sheet, map_name=options.map_name, seen=seen)

    offer = look()
    print(f"\n{path.name}")
    if offer.bank is not None:
        print("\n".join(bank_lines(offer.bank)))
        if asks and not _yes("Land it?"):
            return False
        landed = landing.land_bank_file(home, path, offer.name, offer.bank, person)
        _tell(landed)
        return True
    assert offer.source is not None
    print(f"  {offer.source.dialect}; header in line {offer.source.header_line:,}")
    if offer.change:
        print(f"  {path.name} {offer.change.said}.")
    while offer.questions:
        if not asks:
            raise TieoutError(open_questions(path.name, offer.questions))
        for question in offer.questions:
            own[question.key] = _ask(question, list(offer.source.header))
        offer = look(offer)
    source = offer.source
    assert source is not None
    if offer.known_as:
        print(f"  Known: {offer.known_as}")
    feeds = {proposal.map.feed for proposal in offer.proposals if proposal.map is not None}
    for other in landing.elsewhere(home, source.sha256, feeds):
        print(
            f"  Note: this very file has landed as {other.feed} on {other.at:%Y-%m-%d %H:%M} UTC. "
            "Landed as something else too, its money counts twice."
        )
    done = False
    for proposal in offer.proposals:
        assert proposal.map is not None
        found = proposal.map
        if options.save_as and not found.is_preset:
            found = maps.parse({**maps_document(found), "name": options.save_as}, options.save_as)
        print("\n".join(map_lines(found, proposal.notes, proposal.unused)))
        with tempfile.TemporaryDirectory(prefix="tieout-import-") as folder:
            mapped = Path(folder) / "mapped.csv"
            reading = apply(source, found, mapped)
            print("\n".join(reading_lines(reading)))
            if reading.taken == 0 and len(offer.proposals) > 1:
                continue
            if asks and not _yes("Land it?"):
                continue
            landed = landing.land_mapped(home, path, offer.name, mapped, found, reading, person)
        if landed.is_new and landed.replaces:
            print(f"  {landed.replaces}")
        if not found.is_preset and not offer.is_own_map:
            print(f"  Map saved: {maps.save(home, found)}")
        _tell(landed)
        done = True
    return done


def maps_document(found: Map) -> dict[str, object]:
    """A map as YAML holds it."""
    import yaml

    document: dict[str, object] = yaml.load(maps.dump(found), yaml.BaseLoader)
    return document


def open_questions(name: str, questions: list[Question]) -> str:
    """Everything that is open about a file, with the option that answers it."""
    lines = [f"{name}: the file does not say everything. Still open: {len(questions)}"]
    for question in questions:
        lines.append(f"  {question.text}")
        lines.append(f"      {question.why}")
        lines.append(f"      Say it with {option_of(question)}")
    return "\n".join(lines)


def option_of(question: Question) -> str:
    """The option of the command line that answers a question."""
    kind, _, rest = question.key.partition(":")
    choices = [value for value, _ in question.choices]
    shown = "|".join(choices)
    if kind == "feed":
        return f"--feed {shown}"
    if kind in ("dates", "numbers"):
        return f"--{kind} '{choices[0]}' or --{kind} '{choices[1]}'"
    if kind == "value":
        return f"--value '{rest}={shown}'"
    return f"--{kind} '{rest}={shown or '...'}'"


def _ask(question: Question, header: list[str]) -> str:
    print(f"\n  {question.text}\n    {question.why}")
    choices = list(question.choices)
    if question.key.startswith("from:"):
        choices = [(name, name) for name in header]
    for number, (_, label) in enumerate(choices, start=1):
        print(f"    {number}  {label}")
    while True:
        text = input("  > ").strip()
        if text.isdigit() and 1 <= int(text) <= len(choices):
            return choices[int(text) - 1][0]
        if text and (
            not choices
            or text in {value for value, _ in choices}
            or question.key.startswith("set:")
        ):
            return text


def _yes(question: str) -> bool:
    return input(f"  {question} [y/N] ").strip().lower() in (
        "y",
        "yes",
        "j",
        "ja",
        "o",
        "oui",
        "s",
        "si",
    )


def _tell(landed: landing.Landed) -> None:
    if landed.is_new:
        print(f"  Landed as {landed.landed_as}")
    else:
        print(
            f"  Landed already on {landed.at:%Y-%m-%d %H:%M} UTC as {landed.landed_as}; "
            "nothing changes."
        )


def rule_said(rule: Rule) -> str:
    """A rule in words."""
    says: list[tuple[object, Callable[[], str]]] = [
        (rule.constant is not None, lambda: f"always {rule.constant!r}"),
        (rule.credit or rule.debit, lambda: f"{rule.credit} less {rule.debit}"),
        (
            rule.sign_of,
            lambda: f"{rule.positive} or {rule.negative}, by the sign of {rule.sign_of}",
        ),
        (rule.currency_in, lambda: f"as beside {rule.currency_in}"),
        (rule.above, lambda: "from the lines over the header"),
        (rule.hash_of, lambda: "made from the row's content"),
        (rule.first_of, lambda: " or ".join(rule.first_of)),
        (rule.source, lambda: " + ".join(rule.source)),
    ]
    text = next((say() for holds, say in says if holds), "")
    if rule.plus:
        text += f" plus {', '.join(rule.plus)}"
    if rule.less:
        text += f" less {', '.join(rule.less)}"
    if rule.side:
        text += f", credit or debit by {rule.side}"
    if rule.sign and rule.sign not in ("as written", "absolute"):
        text += f", {rule.sign}"
    return text


def map_lines(found: Map, notes: list[str], unused: list[str]) -> list[str]:
    """A map for a person."""
    lines = [f"  As {vocabulary().feeds[found.feed].title} ({found.feed})"]
    width = max(len(name) for name in found.columns)
    for name, rule in found.columns.items():
        lines.append(f"    {name.ljust(width)}  {rule_said(rule)}")
    how = [found.dates and f"dates {found.dates}", found.numbers and f"amounts {found.numbers}"]
    if any(how):
        lines.append("    " + ", ".join(text for text in how if text))
    if unused and not found.is_preset:
        lines.append(f"    not read: {', '.join(unused[:12])}")
    lines += [f"    {note}" for note in notes]
    if found.rests_on:
        lines.append(f"    {found.title}. Rests on: {found.rests_on}")
    if found.left_out:
        lines.append(f"    Left out: {found.left_out}")
    return lines


def total_said(total: Total) -> str:
    """`EUR 1,234.50` of one column and currency."""
    return f"{total.column} {total.currency} {amount(total.amount, 2)} in {total.rows:,} rows"


def reading_lines(reading: Reading) -> list[str]:
    """What a file would become: first rows, totals to tick off, and problems."""
    lines = ["  First rows, as they stand and as they would be read"]
    for shown in reading.preview[:_SHOWN_ROWS]:
        lines.append(f"    line {shown.line:<6} {' | '.join(shown.original)[:110]}")
        values = [f"{name}={value}" for name, value in shown.values.items() if value]
        lines.append(f"      reads     {' '.join(values)[:160]}")
    lines.append(
        f"  {reading.rows:,} rows: {reading.good:,} readable, {reading.bad:,} with problems"
        + "".join(f", {count:,} left out ({why})" for why, count in reading.left_out.items())
    )
    if reading.repeats:
        lines.append(f"  {reading.repeats:,} rows say the same as another one and count once")
    lines += [f"  Total of {total_said(total)}" for total in reading.totals]
    for stated in reading.stated:
        verdict = {True: "agrees with the rows", False: f"but the rows come to {stated.counted:,}",
                   None: "not compared"}[stated.agrees]  # fmt: skip
        lines.append(f"  Line {stated.line:,} states a total ({stated.text}): {verdict}")
    if reading.first_day:
        lines.append(f"  From {reading.first_day} to {reading.last_day}")
    for problem in reading.problems[:_SHOWN_PROBLEMS]:
        where = f"line {problem.line:,}" + (f", {problem.column}" if problem.column else "")
        lines.append(f"  ! {where}: {problem.value!r} {problem.reason}")
    if reading.problem_count > _SHOWN_PROBLEMS:
        lines.append(f"  ! {reading.problem_count:,} problems in all, by kind:")
        for column, reason, times in list(problems_by_kind(reading))[:_SHOWN_PROBLEMS]:
            lines.append(f"      {times:,} x {column}: {reason}")
    if reading.bad:
        lines.append(
            "  Rows with problems go to quarantine with their reason; no other row waits for them."
        )
    lines += [f"  STOP {text}" for text in reading.blocking]
    return lines


def bank_lines(bank: BankSummary) -> list[str]:
    """A bank file for a person."""
    accounts = ", ".join(bank.accounts) or "no account"
    lines = [f"  {bank.format}, passed on as it is: {bank.items:,} items of {accounts}"]
    if bank.rejected:
        lines.append(f"  {bank.rejected:,} items cannot be read; they go to quarantine")
    lines += [f"  Total of {total_said(total)}" for total in bank.totals]
    if bank.first_day:
        lines.append(f"  From {bank.first_day} to {bank.last_day}")
    if bank.unbalanced:
        lines.append(f"  ! {bank.unbalanced} of {bank.statements} statements do not add up")
    return lines
