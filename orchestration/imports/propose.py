"""What a file is, how its columns are read, and what only a person can say.

`propose` makes a map from names and values; `complete` fills in what a map leaves open (the order
of dates, the mark of decimals, values that nobody has listed), from all values of the column. What
they leave open becomes a question, never a guess. Answers are kept by key:

    feed                 which feed the file is
    from:COLUMN          the file's column for a column of the feed; empty: none
    set:COLUMN           a constant for it
    dates, numbers       how they are written; dates:COLUMN, numbers:COLUMN for one column
    value:COLUMN:TEXT    what a text of the file means in a column with a list of values
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePath

from orchestration.home import TieoutError
from orchestration.imports import doubts
from orchestration.imports.maps import Map, Rule, folded
from orchestration.imports.profile import ColumnFacts, Profile
from orchestration.imports.questions import Question, dates_question, numbers_question
from orchestration.imports.rules import account_above
from orchestration.imports.source import Source
from orchestration.imports.values import NUMBER_STYLES, currency_of
from orchestration.imports.vocabulary import FeedWords, contract, plain, vocabulary
from orchestration.ingest.contract import BANK_FEED, Column, Feed

Answers = Mapping[str, str]
OFFERED = (
    "billing_invoices", "crm_customers", "bank_transactions", "gateway_transactions",
    "gateway_payouts", "vendor_invoices", "ledger_entries", "bank_accounts",
    "remittance_advice_lines", "fx_rates", "billing_invoice_lines",
)  # fmt: skip
"""Feeds that are told from headers, in the order in which they are offered."""

_CLOSE_RACE = 0.85
_FURTHER_TEXTS = (
    "verwendungszweck", "vwz", "description", "narrative", "reference", "buchungstext", "libelle",
    "concepto", "memo", "details", "transaction description",
)  # fmt: skip
_SHARED_DOLLARS = {
    "$": ["USD", "CAD", "AUD", "NZD", "SGD", "HKD", "MXN"], "¥": ["JPY", "CNY"],
    "kr": ["SEK", "NOK", "DKK", "ISK"],
}  # fmt: skip


@dataclass
class Proposal:
    """A map as far as it is known, the questions left, and what was taken for granted."""

    map: Map | None
    questions: list[Question] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    scores: dict[str, float] = field(default_factory=dict)
    is_for_this_file: bool = False
    """Whether an answer sets a known map aside for this file; the map stays as it is."""

    @property
    def unused(self) -> list[str]:
        """Columns of the file that nothing reads."""
        if self.map is None:
            return []
        reads = {folded(name) for name in self.map.reads}
        return [name for name in self.map.header if folded(name) not in reads]


def propose(source: Source, found: Profile, answers: Answers) -> Proposal:
    """A map for a file that no map knows."""
    if found.rows == 0:
        raise TieoutError(f"{source.name} has no row below its header (line {source.header_line}).")
    scores = {name: _score(name, source, found) for name in OFFERED}
    feed = answers.get("feed", "")
    if feed and feed not in contract().feeds:
        raise TieoutError(f"{feed!r} is no feed; the feeds are {', '.join(contract().feeds)}.")
    if not feed:
        ranked = sorted(scores, key=lambda name: -scores[name])
        first, second = ranked[0], ranked[1]
        if scores[first] <= 2 or scores[second] >= _CLOSE_RACE * scores[first]:
            likely = ranked if scores[first] > 2 else list(OFFERED)
            choices = tuple((name, vocabulary().feeds[name].title) for name in likely)
            why = "Its columns do not say: " + ", ".join(source.header[:8])
            return Proposal(
                None, [Question("feed", "What does this file hold?", why, choices)], scores=scores
            )
        feed = first
    proposal = _map_for(contract().feeds[feed], source, found, answers)
    proposal.scores = scores
    assert proposal.map is not None
    finished = complete(proposal.map, source, found, answers)
    finished.questions[:0] = proposal.questions
    finished.notes[:0] = proposal.notes
    finished.scores = scores
    return finished


def complete(given: Map, source: Source, found: Profile, answers: Answers) -> Proposal:
    """A map without anything left open, or the questions that would close it."""
    proposal = Proposal(given)
    rules = dict(given.columns)
    feed = contract().feeds[given.feed]
    for name, rule in given.columns.items():
        if rule.ask is not None:
            if constant := answers.get(f"set:{name}", "").strip():
                rules[name] = Rule(constant=constant)
            else:
                proposal.questions.append(
                    Question(f"set:{name}", rule.ask, "The file does not say.")
                )
    here = {folded(name): name for name in source.header}

    def facts(rule: Rule) -> list[ColumnFacts]:
        return [found[here[folded(name)]] for name in rule.reads if folded(name) in here]

    dates = _order_of_dates(given, feed, rules, facts, answers, proposal)
    numbers = _style_of_numbers(given, feed, rules, facts, answers, proposal)
    of_dates = doubts.of_dates(given, feed, rules, facts, answers, proposal.questions)
    of_numbers = doubts.of_numbers(given, feed, rules, facts, answers, proposal.questions)
    proposal.is_for_this_file = of_dates or of_numbers
    for name, rule in list(rules.items()):
        column = feed.column(name)
        if column.domain and rule.source and rule.otherwise is None:
            rules[name] = _with_values(rule, column, feed, facts(rule), answers, proposal)
    proposal.questions = list({q.key: q for q in reversed(proposal.questions)}.values())[::-1]
    proposal.map = replace(
        given, columns=rules, dates=given.dates or dates, numbers=given.numbers or numbers,
        header=source.header if not given.is_preset else given.header,
    )  # fmt: skip
    return proposal


def _score(name: str, source: Source, found: Profile) -> float:
    """How much speaks for a feed: names of its columns, words typical of it, less what lacks."""
    feed, words = contract().feeds[name], vocabulary().feeds[name]
    assigned = _assign(feed, words, source, found)
    score = sum(
        weight * (2 if feed.column(c).required else 1) for c, (_, weight) in assigned.items()
    )
    headers = [plain(header) for header in source.header]
    title = plain(PurePath(source.name).stem)
    if feed.name == BANK_FEED and "amount" not in assigned:
        plus = any(header in words.credit for header in headers)
        minus = any(header in words.debit for header in headers)
        score += 2.5 if plus and minus else 0
    typical = sum(1 for header in headers if _has_word(header, words.typical))
    score += 1.2 * min(typical, 5) + (2 if _has_word(title, words.typical) else 0)
    filled_in = {*assigned, *words.when_missing, "currency", "gateway", "account_id", "amount"}
    score -= 1.5 * sum(1 for required in feed.required if required not in filled_in)
    return score


def _has_word(text: str, words: frozenset[str]) -> bool:
    padded = f" {text} "
    return any(f" {word} " in padded for word in words)


def _assign(
    feed: Feed, words: FeedWords, source: Source, found: Profile
) -> dict[str, tuple[str, float]]:
    """The best column of the file for each column of the feed, and how well it fits by name."""
    options = []
    for place, header in enumerate(source.header):
        name, facts = plain(header), found.columns[place]
        for column in feed.columns:
            weight = _fit(name, words.names[column.name])
            if weight and _can_hold(feed, column, facts, found.rows, name):
                options.append((weight, -place, column.name, header))
    assigned: dict[str, tuple[str, float]] = {}
    used: set[str] = set()
    for weight, _, column_name, header in sorted(options, reverse=True):
        if column_name not in assigned and header not in used:
            assigned[column_name] = (header, weight)
            used.add(header)
    return assigned


def _fit(header: str, names: tuple[str, ...]) -> float:
    """1 for the most usual name, less for others and for names that only contain one."""
    if header in names:
        return 1.0 - 0.3 * names.index(header) / len(names)
    without_number = re.sub(r" ?\d+$", "", header)
    if without_number in names:
        return 0.6
    padded = f" {header} "
    contained = [name for name in names if len(name) > 4 and f" {name} " in padded]
    return 0.45 if contained else 0.0


def _can_hold(feed: Feed, column: Column, facts: ColumnFacts, rows: int, name: str) -> bool:
    """Whether the values of a file's column can be those of a column of the feed."""
    if column.kind in ("date", "timestamp"):
        return facts.is_dates or (facts.filled == 0 and not column.required)
    if column.kind in ("money", "quantity"):
        return facts.is_numbers or (facts.filled == 0 and not column.required)
    if column.kind == "currency":
        return all(currency_of(value.strip()) for value in list(facts.values)[:20])
    if feed.name == BANK_FEED and column.name == "account_id":
        is_named = name == "account id" or "auftragskonto" in name
        return facts.filled > 0 and (is_named or len(facts.values) == 1)
    if column.name == "account_id" or column.kind == "list":
        return True
    if column.domain:
        return not facts.has_more_values and not facts.is_numbers
    if column.is_key and column.required:
        return facts.filled > 0 and not facts.is_dates
    return True


def _map_for(feed: Feed, source: Source, found: Profile, answers: Answers) -> Proposal:
    """Rules by name, and for what is missing the rule that stands in."""
    words = vocabulary().feeds[feed.name]
    assigned = {c: header for c, (header, _) in _assign(feed, words, source, found).items()}
    proposal = Proposal(None)
    for column in feed.names:
        chosen = answers.get(f"from:{column}")
        if chosen is not None:
            assigned.pop(column, None)
            if chosen:
                if chosen not in source.header:
                    raise TieoutError(
                        f"{source.name} has no column {chosen!r}. "
                        f"It has {', '.join(source.header)}."
                    )
                assigned[column] = chosen
    reference = assigned.get("entry_id") if feed.name == BANK_FEED else None
    if reference and "from:entry_id" not in answers and not found[reference].is_unique:
        del assigned["entry_id"]
        proposal.notes.append(
            f"{reference!r} is not different in every row, so ids come from what each row says."
        )
    rules: dict[str, Rule] = {c: Rule(source=(header,)) for c, header in assigned.items()}
    _amounts(feed, words, source, found, answers, rules, proposal)
    if feed.name == BANK_FEED and "remittance_information" in rules:
        rules["remittance_information"] = _joined_texts(words, source, found, rules, answers)
    for column in feed.names:
        if f"set:{column}" in answers and answers[f"set:{column}"].strip():
            rules[column] = Rule(constant=answers[f"set:{column}"].strip())
    _stand_ins(feed, words, source, rules, answers, proposal)
    if "total_amount" in rules:
        rules["total_amount"] = replace(rules["total_amount"], sign="absolute")
    if "tax_amount" in rules:
        rules["tax_amount"] = replace(rules["tax_amount"], sign="absolute")
    _currency(feed, source, found, rules, answers, proposal)
    _ask_what_is_missing(feed, rules, proposal)
    order = {name: place for place, name in enumerate(feed.names)}
    name = re.sub(r"[^a-z0-9]+", "-", plain(PurePath(source.name).stem)).strip("-")
    name = re.sub(r"(-?\d+)+$", "", name) or feed.name.replace("_", "-")
    proposal.map = Map(
        name=name[:60],
        feed=feed.name,
        header=source.header,
        columns=dict(sorted(rules.items(), key=lambda item: order[item[0]])),
        title=f"{words.title}, as in {source.name}",
    )
    return proposal


def _amounts(
    feed: Feed, words: FeedWords, source: Source, found: Profile, answers: Answers,
    rules: dict[str, Rule], proposal: Proposal,
) -> None:  # fmt: skip
    """Signs: two columns, a column that says which, refunds that are written without a minus."""
    headers = {header: plain(header) for header in source.header}
    numeric = [h for h in source.header if found[h].is_numbers or found[h].filled == 0]
    if feed.name == BANK_FEED and "from:amount" not in answers:
        credit = next((h for h in numeric if _fit(headers[h], tuple(words.credit))), None)
        debit = next((h for h in numeric if _fit(headers[h], tuple(words.debit))), None)
        if credit and debit and credit != debit:
            rules["amount"] = Rule(credit=credit, debit=debit)
    if feed.name == BANK_FEED and "amount" in rules and not rules["amount"].credit:
        side = next((h for h in source.header if headers[h] in words.side), None)
        texts = found[side].values if side else {}
        sides = {text: vocabulary().sides.get(plain(text) or text.strip()) for text in texts}
        if side and sides and all(sides.values()):
            rules["amount"] = replace(
                rules["amount"],
                side=side,
                side_credit=tuple(t for t, s in sides.items() if s == "credit"),
                side_debit=tuple(t for t, s in sides.items() if s == "debit"),
            )
    if feed.exactly_one_of and not rules.keys() & set(feed.exactly_one_of):
        amount_names = vocabulary().feeds[BANK_FEED].names["amount"]
        amount = next((h for h in numeric if _fit(headers[h], amount_names) > 0.5), None)
        if amount:
            rules["debit_amount"] = Rule(source=(amount,), sign="only positive")
            rules["credit_amount"] = Rule(source=(amount,), sign="only negative")
            proposal.notes.append(f"{amount!r}: above zero is debit, below zero credit.")
    kind, amount_rule = rules.get("type"), rules.get("amount")
    is_typed = feed.name == "gateway_transactions" and kind is not None and kind.source
    if (
        is_typed
        and amount_rule
        and all(not found[name].numbers.negatives for name in amount_rule.source)
    ):
        for name in ("amount", "net_amount"):
            if name in rules:
                rules[name] = replace(rules[name], sign="by type")
        proposal.notes.append(
            "No amount is negative, so refunds, chargebacks and fees are taken off by type."
        )


def _joined_texts(
    words: FeedWords, source: Source, found: Profile, rules: Mapping[str, Rule], answers: Answers
) -> Rule:
    """The text of a bank line with further columns of text, each of which may hold a reference."""
    rule = rules["remittance_information"]
    if "from:remittance_information" in answers:
        return rule
    used = {name for other in rules.values() for name in other.reads}
    further = [
        header
        for header in source.header
        if header not in used
        and not found[header].is_numbers
        and not found[header].is_dates
        and found[header].filled
        and (
            plain(header) in words.names["remittance_information"]
            or plain(header).startswith(_FURTHER_TEXTS)
        )
    ]
    return replace(rule, source=(*rule.source, *further[:12]))


def _stand_ins(
    feed: Feed, words: FeedWords, source: Source, rules: dict[str, Rule], answers: Answers,
    proposal: Proposal,
) -> None:  # fmt: skip
    for column, stand_in in words.when_missing.items():
        if column in rules:
            continue
        if same := stand_in.get("same_as"):
            if same not in rules:
                continue
            rules[column] = rules[same]
            less = stand_in.get("less")
            if less in rules and rules[less].source:
                rules[column] = replace(rules[same], less=rules[less].source)
                proposal.notes.append(f"{column} is {same} less {less}.")
        elif "sign_of" in stand_in:
            if stand_in["sign_of"] in rules:
                rules[column] = Rule(
                    sign_of=stand_in["sign_of"],
                    positive=stand_in["positive"],
                    negative=stand_in["negative"],
                )
                proposal.notes.append(
                    f"No column says the {column}: above zero is {_said(stand_in['positive'])}, "
                    f"below zero {_said(stand_in['negative'])}."
                )
        elif "above" in stand_in:
            if account := account_above(source):
                rules[column] = Rule(above="account")
                proposal.notes.append(f"The account is {account}, from the lines over the header.")
        elif "hash_of" in stand_in:
            rules[column] = Rule(hash_of="content")
            proposal.notes.append(
                f"{column} is made from what each row says, so the same row always has the same id."
            )
        elif "constant" in stand_in and (column != "line_id" or feed.name != "ledger_entries"):
            rules[column] = Rule(constant=stand_in["constant"])
            proposal.notes.append(
                f"No column says the {column}: all rows are {stand_in['constant']}."
            )


def _said(code: str) -> str:
    return (
        "a " + code.replace("_", " ") if code[0] not in "aeiou" else "an " + code.replace("_", " ")
    )


def _currency(
    feed: Feed, source: Source, found: Profile, rules: dict[str, Rule], answers: Answers,
    proposal: Proposal,
) -> None:  # fmt: skip
    """From a column, the header of the amount, or signs beside amounts; else it is asked."""
    if "currency" not in feed.names or "currency" in rules:
        return
    amounts = [
        name
        for c in feed.columns
        if c.kind == "money" and c.currency == "currency" and c.name in rules
        for name in rules[c.name].reads
    ]
    needed = feed.column("currency").required or bool(amounts)
    for header in amounts:
        code = currency_in_name(header)
        if code:
            rules["currency"] = Rule(constant=code)
            proposal.notes.append(f"The currency is {code}, from the header {header!r}.")
            return
    tokens = {token for header in amounts for token in found[header].numbers.currencies}
    single = rules.get("total_amount") or rules.get("amount")
    if tokens and single and len(single.source) == 1:
        header = single.source[0]
        bare = found[header].numbers.tokens[""]
        if all(currency_of(token) for token in tokens) and not bare:
            rules["currency"] = Rule(currency_in=header)
            return
        if len(tokens) == 1 and currency_of(next(iter(tokens))):
            code = currency_of(next(iter(tokens)))
            rules["currency"] = Rule(currency_in=header, default=code)
            proposal.notes.append(f"{bare:,} amounts carry no currency; they are taken as {code}.")
            return
    if needed:
        shared = next((sign for sign in tokens if sign.rstrip(".").lower() in _SHARED_DOLLARS), "")
        codes = _SHARED_DOLLARS.get(shared.rstrip(".").lower(), [])
        why = f"Amounts carry {shared!r}, which several currencies use." if shared else (
            "No column, header or sign beside an amount says it."
        )  # fmt: skip
        proposal.questions.append(
            Question(
                "set:currency", "Which currency are the amounts in?", why,
                tuple((code, code) for code in codes),
            )
        )  # fmt: skip


def currency_in_name(header: str) -> str | None:
    """The currency in the name of a column: `Betrag (€)`, `Amount EUR`, `Umsatz in CHF`."""
    for word in re.split(r"[\s()\[\]/_-]+", header):
        if word in vocabulary().signs:
            return vocabulary().signs[word]
        if len(word) == 3 and word.isupper() and word in contract().currencies:
            return word
    return None


def _ask_what_is_missing(feed: Feed, rules: Mapping[str, Rule], proposal: Proposal) -> None:
    asked = {question.key for question in proposal.questions}
    texts = {
        "account_id": "Which of your bank accounts is this? Its IBAN, or its number",
        "gateway": "Which gateway reports these? stripe, paypal, adyen, ... or a name of your own",
        "source": "Who publishes these rates? ECB, or a name of your own",
    }
    missing = [name for name in feed.required if name not in rules and f"set:{name}" not in asked]
    if feed.exactly_one_of and not rules.keys() & set(feed.exactly_one_of):
        missing += list(feed.exactly_one_of)
    for name in missing:
        column = feed.column(name)
        constants = {"account_id", "gateway", "source"}
        if name in constants:
            proposal.questions.append(
                Question(f"set:{name}", texts[name], "The file does not say.")
            )
        elif column.domain:
            choices = tuple((value, _said(value)) for value in column.domain)
            proposal.questions.append(
                Question(
                    f"set:{name}", f"What is every row's {name}?", "No column says it.", choices
                )
            )
        else:
            proposal.questions.append(
                Question(
                    f"from:{name}",
                    f"Which column holds the {name.replace('_', ' ')}?",
                    f"{feed.name} cannot do without it, and no column has such a name and values.",
                    (),
                )
            )


def _order_of_dates(
    given: Map, feed: Feed, rules: dict[str, Rule], facts: object, answers: Answers,
    proposal: Proposal,
) -> str | None:  # fmt: skip
    """The order that all dates share; where columns differ, it is set on each of them."""
    decided: dict[str, str] = {}
    still: dict[str, ColumnFacts] = {}
    seen_as: dict[str, str] = {}
    for name, rule in rules.items():
        if feed.column(name).kind not in ("date", "timestamp") or rule.constant is not None:
            continue
        if given.dates or rule.dates:
            continue
        for column in facts(rule)[:1]:  # type: ignore[operator]
            order = answers.get(f"dates:{name}") or answers.get("dates")
            if column.dates.is_contradictory and not order:
                both = "; ".join(column.dates.shown.values())
                proposal.questions.append(dates_question(column, f"Its dates disagree: {both}."))
            elif column.dates.order and not column.dates.is_contradictory:
                decided[name] = column.dates.order
                if column.dates.only:
                    seen_as[name] = column.dates.shown[column.dates.order]
            elif order:
                decided[name] = order
            else:
                still[name] = column
    # Columns of one file are written by one system: what one shows holds for another that is open.
    shown = {decided[name] for name in seen_as}
    for name, column in still.items():
        if len(shown) == 1:
            decided[name] = next(iter(shown))
            witness = next(iter(seen_as))
            proposal.notes.append(
                f"Dates of {column.name!r} could be read two ways; {rules[witness].reads[0]!r} "
                f"shows which ({seen_as[witness]})."
            )
        else:
            why = (
                f"Every date can be read both ways, such as {column.dates.open_example}, and no "
                "other column of dates settles it."
            )
            proposal.questions.append(dates_question(column, why))
    orders = {decided[n] for n in decided}
    firm = orders - {"year first"} or orders
    if len(firm) <= 1:
        return next(iter(firm), None)
    for name, order in decided.items():
        rules[name] = replace(rules[name], dates=order)
    return None


def _style_of_numbers(
    given: Map, feed: Feed, rules: dict[str, Rule], facts: object, answers: Answers,
    proposal: Proposal,
) -> str | None:  # fmt: skip
    """The mark of decimals that all amounts share; where columns differ, it is set on each."""
    decided: dict[str, str] = {}
    still: dict[str, ColumnFacts] = {}
    firm: dict[str, str] = {}
    for name, rule in rules.items():
        if feed.column(name).kind not in ("money", "quantity") or rule.constant is not None:
            continue
        if given.numbers or rule.numbers:
            continue
        told = answers.get(f"numbers:{name}") or answers.get("numbers")
        for column in facts(rule):  # type: ignore[operator]
            numbers = column.numbers
            if not numbers.values or not (column.is_numbers or numbers.readable):
                continue
            if numbers.is_contradictory:
                if told:
                    decided[name] = told
                else:
                    both = "; ".join(numbers.shown.values())
                    proposal.questions.append(
                        numbers_question(column, f"Its amounts disagree: {both}.")
                    )
            elif numbers.only:
                firm[name] = decided[name] = next(iter(numbers.only))
            elif numbers.either:
                if told:
                    decided[name] = told
                else:
                    still[name] = column
    styles = set(firm.values())
    for name, column in still.items():
        if len(styles) == 1:
            decided[name] = next(iter(styles))
        else:
            why = (
                f"Every amount can be read both ways, such as {column.numbers.open_example}, and "
                "no other column of amounts settles it."
            )
            proposal.questions.append(numbers_question(column, why))
    found = set(decided.values())
    if len(found) <= 1:
        return next(iter(found), answers.get("numbers") or NUMBER_STYLES[0])
    for name, style in decided.items():
        rules[name] = replace(rules[name], numbers=style)
    return None


def _with_values(
    rule: Rule, column: Column, feed: Feed, facts: list[ColumnFacts], answers: Answers,
    proposal: Proposal,
) -> Rule:  # fmt: skip
    """Every text of a column with a list of values, translated; what is not known is asked."""
    known = vocabulary().feeds[feed.name].values.get(column.name, {})
    values = dict(rule.values)
    for text in facts[0].values if facts else ():
        key = folded(text)
        if key in values:
            continue
        answer = answers.get(f"value:{column.name}:{key}")
        meaning = answer or known.get(plain(text)) or (key if key in column.domain else None)
        if meaning:
            values[key] = meaning
        else:
            choices = tuple((value, _said(value)) for value in column.domain)
            proposal.questions.append(
                Question(
                    f"value:{column.name}:{key}",
                    f"{facts[0].name!r} says {text.strip()!r}: what is that?",
                    f"{column.name} is one of {', '.join(column.domain)}.",
                    choices,
                )
            )
    return replace(rule, values=values)
