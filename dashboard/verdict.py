"""The executive verdict: what the figures say, in one sentence whose every part has a tone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from dashboard import close
from dashboard import components as ui
from dashboard import format as fmt

_MARKS: dict[ui.Tone, str] = {"good": "✓", "watch": "▲", "bad": "✕", "calm": "○"}
_WORDS: dict[ui.Tone, str] = {
    "good": "On track", "watch": "Watch", "bad": "Needs action", "calm": "Too early to say",
}  # fmt: skip
_WORST_FIRST: tuple[ui.Tone, ...] = ("bad", "watch", "good", "calm")


@dataclass(frozen=True)
class Clause:
    """A part of the verdict: its tone, and what it says as safe HTML."""

    tone: ui.Tone
    html: str


def success(row: ui.Row | None) -> Clause | None:
    """How much of what fell due is reconciled, against the goal."""
    if row is None or row["value"] is None:
        return None
    rate = f"<b>{fmt.percent(row['value'])}</b> of what fell due is reconciled"
    if row["target"] is None:
        return Clause("calm", rate)
    goal = f"the goal of {fmt.percent(row['target'], 0)}"
    if row["met"]:
        return Clause("good", f"{rate}, which meets {goal}")
    return Clause("bad", f"{rate}, below {goal}")


def overdue(row: ui.Row) -> Clause:
    """What is overdue of what is open; more than a week ago is worth a look."""
    if not row["overdue"]:
        return Clause("good", "nothing is overdue")
    amount = ui.anchor(ui.rounded(row["overdue"], row["currency"]), ui.link("rows", of="overdue"))
    grown = row["overdue_change"] is not None and row["overdue_change"] > 0
    return Clause("watch" if grown else "calm", f"<b>{amount}</b> is overdue")


def cases(row: ui.Row) -> Clause:
    """How many cases wait for a person, and how many of them too long."""
    waiting, late = row["exceptions_open"], row["exceptions_late"]
    if not waiting:
        return Clause("good", "no case waits")
    verb = "case waits" if waiting == 1 else "cases wait"
    text = f"<b>{ui.anchor(fmt.count(waiting), ui.link('exceptions'))}</b> {verb}"
    if not late:
        return Clause("watch", f"{text}, none of them late")
    link = ui.link("exceptions", sla="late", sort="sla")
    return Clause("bad", f"{text}, <b>{ui.anchor(fmt.count(late), link)}</b> late")


def closing(checks: Sequence[ui.Row]) -> Clause | None:
    """Whether the last period can close."""
    if not checks:
        return None
    return Clause(*close.verdict(checks))


def sentence(clauses: Sequence[Clause | None]) -> str:
    """The verdict as HTML: its tone as shape and word, then a mark before each part."""
    given = [clause for clause in clauses if clause is not None]
    worst: ui.Tone = "calm"
    for tone in reversed(_WORST_FIRST):
        if any(clause.tone == tone for clause in given):
            worst = tone
    parts = "; ".join(
        f'<span class="e-part"><span class="t-mark {clause.tone}" aria-hidden="true">'
        f"{_MARKS[clause.tone]}</span> {clause.html}</span>"
        for clause in given
    )
    return (
        f'<div class="e-verdict {worst}" id="verdict" role="status">'
        f"{ui.badge(_WORDS[worst], worst)} <span>{parts}.</span></div>"
    )


def moved(
    change: Decimal | int | None, text: str, earlier: str, *, less_is_better: bool = True
) -> str:
    """`▼ EUR 1,200 less than on 24 Jun: better`; `text` is the size of the change, without sign."""
    if change is None:
        return "no earlier figure to compare with"
    if not change:
        return f"as on {earlier}"
    grown = change > 0
    is_better = grown != less_is_better
    tone = "good" if is_better else "bad"
    return (
        f'<span class="t-mark {tone}">{"▲" if grown else "▼"}</span> {text} '
        f"{'more' if grown else 'less'} than on {earlier}: "
        f'<b class="t-mark {tone}">{"better" if is_better else "worse"}</b>'
    )
