"""sqlfluff as ever, in less than half its time. Usage: `sqlfluff lint`'s, without `--fix`.

Four layout rules each take the same file apart; nothing changes it between them, so the first one's
parts serve all. Rules that look for segments of some types go where there are such. Python looks
for what can be thrown away less often.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator

from sqlfluff.cli.commands import cli
from sqlfluff.core import FluffConfig
from sqlfluff.core.parser import BaseSegment, RawSegment
from sqlfluff.core.rules.context import RuleContext
from sqlfluff.core.rules.crawlers import SegmentSeekerCrawler
from sqlfluff.utils.reflow.sequence import ReflowSequence

_take_apart = ReflowSequence.from_root
_last: list[tuple[BaseSegment, FluffConfig, ReflowSequence]] = []

_seek_with_raw_stack = SegmentSeekerCrawler.crawl


def take_apart_once(root_segment: BaseSegment, config: FluffConfig) -> ReflowSequence:
    """What `ReflowSequence.from_root` gives, kept for the file that is linted."""
    if not _last or _last[0][0] is not root_segment or _last[0][1] is not config:
        _last[:] = [(root_segment, config, _take_apart(root_segment, config))]
    return _last[0][2]


def is_type(segment: BaseSegment, *types: str) -> bool:
    """What `BaseSegment.is_type` says, without a set for each question."""
    return not segment._class_types.isdisjoint(types)


def is_raw_type(segment: RawSegment, *types: str) -> bool:
    """What `RawSegment.is_type` says, likewise."""
    return not segment._class_types.isdisjoint(types) or any(
        of_this in types for of_this in segment.instance_types
    )


def seek(crawler: SegmentSeekerCrawler, context: RuleContext) -> Iterator[RuleContext]:
    """What `SegmentSeekerCrawler.crawl` yields; it does not enter what yields nothing."""
    if crawler.provide_raw_stack:
        yield from _seek_with_raw_stack(crawler, context)
        return
    segment = context.segment
    if not crawler.passes_filter(segment):
        return
    is_match = crawler.is_self_match(segment)
    if is_match:
        yield context
    if is_match and not crawler.allow_recurse:
        return
    types = crawler.types
    if types.isdisjoint(segment.descendant_type_set):
        return
    parents = (*context.parent_stack, segment)
    for index, child in enumerate(segment.segments):
        if child.is_type(*types) or not types.isdisjoint(child.descendant_type_set):
            context.segment, context.parent_stack, context.segment_idx = child, parents, index
            yield from seek(crawler, context)


def crawl(
    segment: BaseSegment,
    *seg_type: str,
    recurse_into: bool = True,
    no_recursive_seg_type: str | list[str] | None = None,
    allow_self: bool = True,
) -> Iterator[BaseSegment]:
    """What `BaseSegment.recursive_crawl` yields; it does not enter what yields nothing."""
    if isinstance(no_recursive_seg_type, str):
        no_recursive_seg_type = [no_recursive_seg_type]
    barred = no_recursive_seg_type or ()
    left = [segment]
    while left:
        found = left.pop()
        is_match = (allow_self or found is not segment) and found.is_type(*seg_type)
        if is_match:
            yield found
        if (recurse_into or not is_match) and not found.descendant_type_set.isdisjoint(seg_type):
            left += [
                child
                for child in reversed(found.segments)
                if (child.segments or child.is_type(*seg_type)) and not child.is_type(*barred)
            ]


if __name__ == "__main__":
    ReflowSequence.from_root = take_apart_once  # type: ignore[method-assign, assignment]
    BaseSegment.is_type = is_type  # type: ignore[method-assign]
    RawSegment.is_type = is_raw_type  # type: ignore[method-assign]
    BaseSegment.recursive_crawl = crawl  # type: ignore[method-assign]
    SegmentSeekerCrawler.crawl = seek  # type: ignore[method-assign]
    gc.set_threshold(500_000, 20, 20)
    cli(["lint", "--disable-progress-bar", *sys.argv[1:]])
