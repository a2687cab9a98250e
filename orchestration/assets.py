"""The line from landed files to published marts as Dagster assets.

feeds and batches -> dbt models, their tests as blocking checks -> sealed_block
    -> the dbt models that show the sealed journal -> published_marts

The functions in `steps.py` do the work; this module says what depends on what.
"""

import os
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtProject, dbt_assets
from dagster_dbt.core.dbt_cli_event import DbtCoreCliEventMessage

from orchestration import dagster_history, dbt_runs, feed_days, run_notices, run_records, steps
from orchestration.alerting import after_run
from orchestration.dbt_runs import AFTER_SEAL_TAG, TRAINING_TAG, Phase
from orchestration.files import open_duckdb
from orchestration.home import Home, Settings, parse_as_of, wall_clock
from orchestration.ingest.contract import BANK_FEED, BANK_LANDING, load_contract
from orchestration.retries import retried
from orchestration.run_context import known_batches, last_taken_in
from orchestration.warehouse import kept_open

WRITER_POOL = "duckdb_writer"
TRIGGER_TAG = "tieout/trigger"
RUN_ID_TAG = "tieout/run_id"
IS_FRESH = "is_fresh"
HAS_ITS_DAYS = "has_its_days"

SEALED_BLOCK = dg.AssetKey("sealed_block")
PUBLISHED_MARTS = dg.AssetKey("published_marts")

# Written by later steps of the same run (or the one before), or by a training: inputs of dbt, not
# of its order.
WRITTEN_LATER = {
    "journal_entries",
    "journal_blocks",
    "runs",
    "match_weights",
    "match_calibrations",
}


NOBODY_WAITS = {"dagster/schedule_name", "dagster/sensor_name"}
"""Tags of runs that nobody has started by hand, and that may wait for another run to end."""

LONGEST_WAIT = 900.0


def wait_until_free(home: Home, longest: float = LONGEST_WAIT) -> None:
    """Wait until no other process writes to a home, looking less and less often.

    A run that meets another one (`tieout run` by a person, a watch) would fail at once. Who comes
    first once it is free has the lock; the other run then fails as before.
    """
    pause, until = 1.0, time.monotonic() + longest
    while home.is_busy() and time.monotonic() < until:
        time.sleep(pause)
        pause = min(pause * 2, 30.0)


class SingleWriter(dg.ConfigurableResource):
    """Holds the home's lock for as long as a Dagster run works in this process, and its record."""

    home: str

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        home = Home.from_environment({"TIEOUT_HOME": self.home})
        if context.run and NOBODY_WAITS & set(context.run.tags):
            wait_until_free(home)
        trigger = trigger_of(context.run.tags if context.run else {})
        with ExitStack() as held:
            held.enter_context(home.writing())
            if run_records.close_stopped(home):
                _tell(home, context)  # once this run is published, nobody would hear of it
            is_alone = not run_records.is_recording(home)
            held.enter_context(run_records.recording(home, trigger))
            if context.run and context.instance:
                run_records.note_dagster_run(home, context.run.run_id)
                dagster_history.end_killed(context.instance, home)
                dagster_history.forget_old(context.instance, dagster_history.kept_runs(os.environ))
            if is_alone:  # else `tieout run` does so
                held.enter_context(kept_open(home))
            self._held = held.pop_all()

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        self._held.close()
        home = Home.from_environment({"TIEOUT_HOME": self.home})
        # inside `tieout run` the run goes on, and tells people at its end
        if not run_records.is_recording(home):
            _tell(home, context)


def _tell(home: Home, context: dg.InitResourceContext) -> None:
    said = after_run.tell(home)
    if said is not None and context.log is not None:
        context.log.warning(said)


class LandingConfig(dg.Config):
    """What a person may set in the launchpad; empty means the environment's `TIEOUT_AS_OF`."""

    as_of: str = ""


class RunTranslator(DagsterDbtTranslator):
    """Lets the models that show the sealed journal wait for the seal, and shows a run's tests."""

    def get_asset_spec(
        self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None
    ) -> dg.AssetSpec:
        spec = super().get_asset_spec(manifest, unique_id, project)
        node = manifest["nodes"].get(unique_id)
        if node is not None and is_after_seal(node):
            # Dagster leaves out what waits for something that a run left out, as it may the seeds
            seeds = {
                self.get_asset_key(manifest["nodes"][parent])
                for parent in node["depends_on"]["nodes"]
                if parent.startswith("seed.")
            }
            deps = [dep for dep in spec.deps if dep.asset_key not in seeds]
            return spec.replace_attributes(deps=[*deps, dg.AssetDep(SEALED_BLOCK)])
        return spec

    def get_asset_check_spec(
        self,
        asset_spec: dg.AssetSpec,
        manifest: Mapping[str, Any],
        unique_id: str,
        project: DbtProject | None,
    ) -> dg.AssetCheckSpec | None:
        if is_tested_on_release(manifest["nodes"].get(unique_id, {})):
            return None
        spec = super().get_asset_check_spec(asset_spec, manifest, unique_id, project)
        if spec is None:
            return None
        return spec._replace(description=description_of_test(manifest["nodes"][unique_id]))


def description_of_test(node: Mapping[str, Any]) -> str:
    """What a data test guards: its description, the head of its file, or what it was given."""
    if node.get("description"):
        return str(node["description"])
    head = re.match(r"\s*((?:--[^\n]*\n)+)", str(node.get("raw_code", "")))
    if head is not None:
        lines = (line.lstrip("-").strip() for line in head.group(1).splitlines())
        return " ".join(line for line in lines if line)
    given = node.get("test_metadata", {})
    said = [
        f"{name}: {', '.join(map(str, value)) if isinstance(value, list | dict) else value}"
        for name, value in given.get("kwargs", {}).items()
        if name not in ("model", "column_name") and value
    ]
    return f"{str(given.get('name', node['name'])).replace('_', ' ')}; " + "; ".join(said)


def is_after_seal(node: Mapping[str, Any]) -> bool:
    """Whether a node of the manifest belongs to the second build."""
    return AFTER_SEAL_TAG in node.get("tags", [])


def is_tested_on_release(node: Mapping[str, Any]) -> bool:
    """Whether a node is a test that runs leave to `make test` (`dbt_runs.ON_RELEASE`)."""
    return node.get("config", {}).get("meta", {}).get("tested") == "on_release"


def is_in_run(node: Mapping[str, Any]) -> bool:
    """Whether a run builds a node of the manifest; some serve trainings alone."""
    return TRAINING_TAG not in node.get("tags", [])


def warn_hours(source: Mapping[str, Any]) -> int:
    """After how many hours without a batch a feed is late; 0 where it says nothing."""
    after = (source.get("freshness") or {}).get("warn_after") or {}
    hours = {"minute": 1 / 60, "hour": 1, "day": 24}.get(after.get("period") or "hour", 1)
    return int((after.get("count") or 0) * hours)


def landed_sources(manifest: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The dbt sources that the landing step writes, in order of name."""
    return sorted(
        (
            source
            for source in manifest["sources"].values()
            if source["identifier"] not in WRITTEN_LATER
        ),
        key=lambda source: str(source["unique_id"]),
    )


def model_keys(
    manifest: Mapping[str, Any], wanted: Callable[[Mapping[str, Any]], bool]
) -> list[dg.AssetKey]:
    """Asset keys of the models for which `wanted` holds."""
    translator = DagsterDbtTranslator()
    return [
        translator.get_asset_key(node)
        for _, node in sorted(manifest["nodes"].items())
        if node["resource_type"] == "model" and wanted(node)
    ]


def trigger_of(tags: Mapping[str, str]) -> str:
    """What started a Dagster run, told by its tags."""
    if TRIGGER_TAG in tags:
        return tags[TRIGGER_TAG]
    return "schedule" if "dagster/schedule_name" in tags else "manual"


def freshness_checks(key: dg.AssetKey, source: Mapping[str, Any]) -> list[dg.AssetCheckSpec]:
    """What is asked of a feed that says how late it may be."""
    name, hours = source["identifier"], warn_hours(source)
    if not hours:
        return []
    habit = feed_days.habit()
    return [
        dg.AssetCheckSpec(
            IS_FRESH,
            asset=key,
            description=(
                f"A batch of {name} was taken in within {hours} hours of the run. One that never "
                "landed is not late."
            ),
        ),
        dg.AssetCheckSpec(
            HAS_ITS_DAYS,
            asset=key,
            description=(
                f"Each of the last {habit.due_days} days that ended {hours} hours ago has rows of "
                f"{name}, if its weekday had some in {habit.weeks_with_rows} of the "
                f"{habit.weeks_before} weeks before."
            ),
        ),
    ]


def freshness(
    home: Home, as_of: datetime, sources: Mapping[dg.AssetKey, Mapping[str, Any]]
) -> Iterator[dg.AssetCheckResult]:
    """How late each feed is as a whole, and which of its days are missing."""
    last = last_taken_in(home)
    feeds = load_contract().feeds
    with open_duckdb() as connection:
        for key, source in sources.items():
            hours = warn_hours(source)
            if not hours:
                continue
            feed = source["identifier"]
            landings = [feed, BANK_LANDING] if feed == BANK_FEED else [feed]
            at = max((last[name] for name in landings if name in last), default=None)
            age = (as_of - at).total_seconds() / 3600 if at is not None else None
            yield dg.AssetCheckResult(
                asset_key=key,
                check_name=IS_FRESH,
                passed=age is None or age <= hours,
                severity=dg.AssetCheckSeverity.WARN,
                metadata={"hours": round(age, 1) if age is not None else "never landed"},
            )
            rows = feed_days.rows_by_day(connection, home, feeds[feed], as_of, hours)
            missing = feed_days.missing(rows, as_of, hours)
            if missing and age is not None and age <= hours:
                days = {day: feed_days.usual(rows, day) for day in missing}
                run_notices.note_missing_days(home, feed, days)
            yield dg.AssetCheckResult(
                asset_key=key,
                check_name=HAS_ITS_DAYS,
                passed=not missing,
                severity=dg.AssetCheckSeverity.WARN,
                metadata={
                    "missing_days": [f"{day}" for day in missing],
                    "rows_by_day": {
                        f"{day}": rows.get(day, 0) for day in feed_days.due_days(as_of, hours)
                    },
                },
            )


def build_assets(
    home: Home, project: DbtProject, manifest: Mapping[str, Any]
) -> Sequence[dg.AssetsDefinition]:
    """All assets of a home."""
    translator = RunTranslator()
    sources = landed_sources(manifest)
    feed_of_key = {translator.get_asset_key(source): source["identifier"] for source in sources}

    @dg.multi_asset(
        name="landed_batches",
        specs=[
            dg.AssetSpec(
                key,
                description=source["description"],
                group_name="landing",
                kinds={"parquet"},
            )
            for key, source in zip(feed_of_key, sources, strict=True)
        ],
        check_specs=[
            spec
            for key, source in zip(feed_of_key, sources, strict=True)
            for spec in freshness_checks(key, source)
        ],
        pool=WRITER_POOL,
    )
    def landed_batches(
        context: dg.AssetExecutionContext, config: LandingConfig, writer: SingleWriter
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        """Reads what is new in `landing/` into `raw/`, and opens the run."""
        settings = Settings.from_environment()
        if config.as_of:
            settings = Settings(parse_as_of(config.as_of), settings.reporting_currency)
        with retried(context, home):
            run = steps.land(home, settings, trigger_of(context.run.tags), wall_clock())
        context.instance.add_run_tags(context.run_id, {RUN_ID_TAG: run.run_id})
        new_batches: dict[str, int] = {}
        for feed, _, sequence in known_batches(home):
            if sequence == run.run_sequence:
                new_batches[feed] = new_batches.get(feed, 0) + 1
        for key, feed in feed_of_key.items():
            yield dg.MaterializeResult(
                asset_key=key,
                metadata={"run_id": run.run_id, "new_batches": new_batches.get(feed, 0)},
            )
        yield from freshness(home, run.as_of, dict(zip(feed_of_key, sources, strict=True)))

    known_nodes = {*manifest["nodes"], *manifest["sources"]}

    def build(context: dg.AssetExecutionContext, phase: Phase) -> Iterator[Any]:
        models = selected_models(context, manifest, translator) if context.is_subset else None
        for event in steps.build(home, phase, models):
            # A node that was added after Dagster loaded the project is built, and not shown.
            if dbt_runs.node_of(event).get("unique_id") not in known_nodes:
                continue
            for reported in DbtCoreCliEventMessage(
                raw_event=event, event_history_metadata={}
            ).to_default_asset_events(
                manifest=manifest,
                dagster_dbt_translator=translator,
                context=context,
                target_path=home.target,
            ):
                # A test on several models is no check of one asset; its failure stops dbt itself.
                if not isinstance(reported, dg.AssetObservation):
                    yield reported

    @dbt_assets(
        manifest=manifest,
        name="warehouse",
        exclude=f"tag:{AFTER_SEAL_TAG} tag:{TRAINING_TAG}",
        dagster_dbt_translator=translator,
        pool=WRITER_POOL,
    )
    def warehouse(context: dg.AssetExecutionContext, writer: SingleWriter) -> Iterator[Any]:
        with retried(context, home):
            yield from build(context, Phase.BEFORE_SEAL)

    @dg.asset(
        key=SEALED_BLOCK,
        deps=model_keys(manifest, lambda node: is_in_run(node) and not is_after_seal(node)),
        group_name="journal",
        kinds={"parquet"},
        pool=WRITER_POOL,
    )
    def sealed_block(
        context: dg.AssetExecutionContext, writer: SingleWriter
    ) -> dg.MaterializeResult:
        """The decisions of the run, sealed as a block of the journal once they passed all tests."""
        block = steps.seal(home)
        if block is None:
            return dg.MaterializeResult(metadata={"entries": 0})
        return dg.MaterializeResult(
            metadata={
                "block": block.block,
                "entries": block.entry_count,
                "block_hash": block.block_hash,
            }
        )

    @dbt_assets(
        manifest=manifest,
        name="sealed_marts",
        select=f"tag:{AFTER_SEAL_TAG}",
        dagster_dbt_translator=translator,
        pool=WRITER_POOL,
    )
    def sealed_marts(context: dg.AssetExecutionContext, writer: SingleWriter) -> Iterator[Any]:
        with retried(context, home):
            yield from build(context, Phase.AFTER_SEAL)

    @dg.asset(
        key=PUBLISHED_MARTS,
        deps=model_keys(manifest, lambda node: node["schema"] == "marts"),
        group_name="publication",
        kinds={"duckdb"},
        pool=WRITER_POOL,
    )
    def published_marts(
        context: dg.AssetExecutionContext, writer: SingleWriter
    ) -> dg.MaterializeResult:
        """The marts in a file of their own, which `serving.duckdb` leads to."""
        path = steps.publish_marts(home)
        return dg.MaterializeResult(metadata={"path": dg.MetadataValue.path(path)})

    return [landed_batches, warehouse, sealed_block, sealed_marts, published_marts]


def selected_models(
    context: dg.AssetExecutionContext,
    manifest: Mapping[str, Any],
    translator: DagsterDbtTranslator,
) -> list[str]:
    """dbt names of the models and seeds that a person selected in Dagster."""
    return [
        str(node["name"])
        for _, node in sorted(manifest["nodes"].items())
        if node["resource_type"] in {"model", "seed"}
        and translator.get_asset_key(node) in context.selected_asset_keys
    ]
