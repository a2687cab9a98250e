"""The command line: `tieout run`, `tieout verify` and what else a person or a scheduler calls."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path

from orchestration import progress
from orchestration.alerting.options import add_arguments as alerts_arguments
from orchestration.gamedays import options as gameday_options
from orchestration.home import Home, Settings, TieoutError, wall_clock
from orchestration.imports.options import add_arguments as import_arguments
from orchestration.intake.options import add_commands as intake_arguments
from orchestration.telemetry import logs


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status is 0 for success, 1 for a problem, 130 for Ctrl-C.

    `flags check` answers with 3 that something is paused.
    """
    options = parser().parse_args(arguments)
    if options.home is not None:
        os.environ["TIEOUT_HOME"] = str(Path(options.home).expanduser().absolute())
    try:
        return int(options.command(options))
    except TieoutError as error:
        if logs.speaks_json():
            # the first line of a message holds nothing of a row
            first_line = str(error).partition("\n")[0]
            logs.write(
                Home.from_environment(),
                "command_failed",
                level="error",
                error=type(error).__name__,
                message=first_line,
            )
        else:
            print(f"tieout: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("tieout: stopped. The next run takes it up from here.", file=sys.stderr)
        return 130


def parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    top = argparse.ArgumentParser(
        prog="tieout",
        description="Reconciles money across a company's systems and keeps the proof.",
    )
    top.add_argument(
        "--home", help="data folder (default: $TIEOUT_HOME, else data/ in the project)"
    )
    commands = top.add_subparsers(required=True, metavar="command")

    run = commands.add_parser("run", help="reconcile everything that has landed, and publish")
    run.add_argument("--trigger", default="manual", help="what started it, for the run's record")
    run.set_defaults(command=_run)

    backfill = commands.add_parser(
        "backfill", help="take in days gone by with one run, and say what it has restated"
    )
    backfill.add_argument(
        "--from", dest="first", type=date.fromisoformat, required=True, metavar="DAY"
    )
    backfill.add_argument(
        "--to", dest="last", type=date.fromisoformat, metavar="DAY", help="default: the same day"
    )
    backfill.add_argument(
        "--archive",
        type=Path,
        metavar="FOLDER",
        help="folders named like feeds, whose files of these days land first if no run has read "
        "them (default: what lies in landing)",
    )
    backfill.set_defaults(command=_backfill)

    demo = commands.add_parser("demo", help="land a demo company (the same for the same seed)")
    demo.add_argument("--seed", type=int, default=7)
    demo.add_argument("--invoices", type=int, default=5000, help="how many, about")
    demo.add_argument("--months", type=int, default=6)
    demo.add_argument(
        "--end", type=date.fromisoformat, help="last day, YYYY-MM-DD (default: today)"
    )
    demo.set_defaults(command=_demo)

    imports = commands.add_parser(
        "import", help="land files with headers of their own: CSV, XLSX, exports, bank formats"
    )
    import_arguments(imports)
    imports.set_defaults(command=_import)

    contract = commands.add_parser(
        "contract", help="hold a new version of a feed's export against recorded payloads"
    )
    contract.add_argument("what", choices=["check"])
    contract.add_argument(
        "files", nargs="+", type=Path, metavar="FILE|FOLDER", help="the export, before it lands"
    )
    contract.add_argument("--feed", help="what it holds, where folder and columns do not say it")
    contract.add_argument(
        "--against",
        type=Path,
        metavar="FILE|FOLDER",
        help="the export as it was (default: recorded/<feed> in the home, else the project's)",
    )
    contract.set_defaults(command=_contract)

    ingest = commands.add_parser("ingest", help="read landed files into raw, and stop there")
    ingest.set_defaults(command=_ingest)

    train = commands.add_parser(
        "train", help="learn the weights of the probabilistic pass from what was matched"
    )
    train.add_argument(
        "--take-back", action="store_true", help="put the last training aside instead"
    )
    train.set_defaults(command=_train)

    dbt = commands.add_parser(
        "dbt", help="call dbt on the warehouse and in the context of the last run"
    )
    dbt.add_argument("arguments", nargs=argparse.REMAINDER, help="as in build --select int_items+")
    dbt.set_defaults(command=_dbt)

    benchmark = commands.add_parser(
        "benchmark", help="match data whose truth is known, and print how well and how fast"
    )
    benchmark.add_argument(
        "name",
        choices=[
            "demo",
            "everyday",
            "volume",
            "growth",
            "sets",
            "transactions",
            "entries",
            "world",
            "pages",
            "events",
        ],
    )
    benchmark.add_argument(
        "--size",
        type=int,
        help="demo, everyday, volume, events: how many invoices, about; growth: of the smaller "
        "company; sets: how many payers",
    )
    benchmark.add_argument(
        "folder",
        nargs="?",
        type=Path,
        help="where the data lies (default: ../shared/data/matching beside the project; world has "
        "none); events: a reconciled home, which takes them in (default: one that is made)",
    )
    benchmark.add_argument(
        "--check", action="store_true", help="world, events: exit with 1 when a target is missed"
    )
    benchmark.add_argument(
        "--seconds", type=float, default=300, help="events: how long they come (default: 300)"
    )
    benchmark.set_defaults(command=_benchmark)

    gameday_options.add_commands(commands)

    verify = commands.add_parser("verify", help="recompute the journal and name what was changed")
    verify.add_argument(
        "--progress", action="store_true", help="write how far it is to standard error, by line"
    )
    verify.set_defaults(command=_verify)

    auditor = commands.add_parser(
        "audit-export",
        help="write sealed entries with their proofs and a stand-alone verifier to a zip file",
    )
    auditor.add_argument("file", type=Path, help="the zip file to write")
    auditor.add_argument("--from", dest="first_day", type=date.fromisoformat, metavar="DAY")
    auditor.add_argument("--until", dest="last_day", type=date.fromisoformat, metavar="DAY")
    auditor.add_argument(
        "--people", action="store_true", help="only what people decided, nothing that rules did"
    )
    auditor.set_defaults(command=_audit_export)

    summary = commands.add_parser("summary", help="show the summary of the last run again")
    summary.set_defaults(command=_summary)

    review = commands.add_parser("review", help="what people decided and no run has executed yet")
    review.add_argument(
        "what",
        choices=["waiting", "export", "migrate"],
        help="waiting: list it; export: give what is final to the feed; migrate: make or update "
        "the database, as the owner of its tables",
    )
    review.add_argument(
        "--grant", metavar="ROLE", help="migrate: let this PostgreSQL role read and add, no more"
    )
    review.set_defaults(command=_review)

    metrics = commands.add_parser("metrics", help="metrics for Prometheus")
    metrics.add_argument(
        "what",
        choices=["serve", "write", "show"],
        help="serve: answer /metrics; write: write metrics/tieout.prom in the home, as every run "
        "does; show: print them",
    )
    metrics.add_argument("--host", default="127.0.0.1", help="serve: address to listen on")
    metrics.add_argument("--port", type=int, default=9464, help="serve: port to listen on")
    metrics.set_defaults(command=_metrics)

    alerts = commands.add_parser("alerts", help="tell people what fires, and who is on call")
    alerts_arguments(alerts)
    alerts.set_defaults(command=_alerts)

    flags = commands.add_parser(
        "flags", help="what people have paused: closing, posting, issuing of documents"
    )
    flags.add_argument(
        "what",
        choices=["list", "check"],
        help="list: all that is paused; check: exit with 3 where FLAG is paused, with 0 where not",
    )
    flags.add_argument("flag", nargs="?", choices=["closing", "posting", "issuance"])
    flags.add_argument("--customer", metavar="ID", help="check: for this one (default: for all)")
    flags.add_argument("--rule", metavar="ID", help="check: of this one (default: of all)")
    flags.add_argument("--json", action="store_true", help="rows for programs, not sentences")
    flags.set_defaults(command=_flags)

    slo = commands.add_parser(
        "slo", help="what follows from the OpenSLO files of orchestration/slo"
    )
    slo.add_argument(
        "what",
        choices=["write", "check"],
        help="write: seeds and rules of Prometheus; check: name those that differ (exit status 1)",
    )
    slo.set_defaults(command=_slo)

    intake_arguments(commands)

    serve = commands.add_parser(
        "serve", help="run one server in the foreground, as services are: orchestration/deploy"
    )
    serve.add_argument("name", choices=["dashboard", "webserver", "daemon"])
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on")
    serve.add_argument("--port", type=int, help="default: 8501 for the dashboard, 3000 for Dagster")
    serve.set_defaults(command=_serve)

    up = commands.add_parser("up", help="serve the dashboard and Dagster on this machine")
    up.set_defaults(command=_up)

    return top


def _run(options: argparse.Namespace) -> int:
    from orchestration import runner

    settings = Settings.from_environment()
    is_json = logs.is_json()
    with progress.reporting(progress.Progress() if is_json else progress.ConsoleProgress()):
        text = runner.run(Home.from_environment(), settings, options.trigger)
    if not is_json:
        print(text, end="")
    return 0


def _backfill(options: argparse.Namespace) -> int:
    from orchestration import backfill

    days = backfill.Days(options.first, options.last or options.first)
    settings = Settings.from_environment()
    is_json = logs.is_json()
    with progress.reporting(progress.Progress() if is_json else progress.ConsoleProgress()):
        told = backfill.backfill(Home.from_environment(), settings, days, options.archive)
    if not is_json:
        print(told.describe(), end="")
    return 0


def _demo(options: argparse.Namespace) -> int:
    from orchestration import steps

    home = Home.from_environment().create()
    settings = Settings.from_environment()
    end = options.end or (settings.as_of or wall_clock()).date()
    with home.writing():
        steps.land_demo(
            home,
            end,
            seed=options.seed,
            invoices=options.invoices,
            months=options.months,
            reporting_currency=settings.reporting_currency,
        )
    print(f"A demo company up to {end} is in {home.landing}; what is true of it in {home.truth}.")
    return 0


def _import(options: argparse.Namespace) -> int:
    from orchestration.imports import command

    return command.run_import(options)


def _contract(options: argparse.Namespace) -> int:
    from orchestration.contract_check import check

    verdicts = check.check(
        Home.from_environment(), options.files, feed=options.feed, against=options.against
    )
    for verdict in verdicts:
        print("\n".join(check.lines(verdict)))
    return 0 if all(verdict.fits for verdict in verdicts) else 1


def _ingest(options: argparse.Namespace) -> int:
    from orchestration import steps

    started_at = wall_clock()
    home = Home.from_environment().create()
    with progress.reporting(progress.ConsoleProgress()), home.writing():
        context = steps.land(home, Settings.from_environment(), "ingest", started_at)
    print(f"{context.run_id}: raw is ready under {home.raw}; build it with `dbt build`.")
    return 0


def _train(options: argparse.Namespace) -> int:
    from orchestration import training

    home = Home.from_environment()
    with progress.reporting(progress.ConsoleProgress()):
        text = training.take_back(home) if options.take_back else training.train(home)
    print(text, end="")
    return 0


def _dbt(options: argparse.Namespace) -> int:
    from orchestration import by_hand

    by_hand.call_dbt(Home.from_environment(), options.arguments)
    return 0


def _benchmark(options: argparse.Namespace) -> int:
    from orchestration.benchmarks import (
        demo,
        entries,
        events,
        everyday,
        growth,
        land,
        pages,
        sets,
        transactions,
        volume,
        world,
    )

    folder = options.folder or land.DEFAULT_FOLDER
    size = {} if options.size is None else {"size": options.size}
    if options.name == "demo":
        print(demo.table(demo.run(**size)), end="")
    elif options.name == "everyday":
        print(everyday.table(everyday.run(**size)), end="")
    elif options.name == "volume":
        print(volume.table(volume.run(**size)), end="")
    elif options.name == "growth":
        print(volume.table(growth.run(**size)), end="")
    elif options.name == "sets":
        print(sets.table(sets.run(**size)), end="")
    elif options.name == "pages":
        print(pages.table(pages.run(Home.from_environment())), end="")
    elif options.name == "events":
        home = None if options.folder is None else Home(options.folder.absolute())
        came = events.run(**size, seconds=options.seconds, home=home)
        print(events.table(came), end="")
        if options.check and (missed := events.failures(came)):
            raise TieoutError("Missed:\n  " + "\n  ".join(missed))
    elif options.name == "entries":
        print(entries.table(entries.run(folder)), end="")
    elif options.name == "world":
        if options.folder is None:
            raise TieoutError("Name the company's folder: `tieout benchmark world FOLDER`.")
        result = world.run(options.folder)
        print(world.table(result), end="")
        if options.check and (missed := world.failures(result)):
            raise TieoutError("Missed:\n  " + "\n  ".join(missed))
    else:
        print(transactions.table(transactions.run(folder)), end="")
    return 0


def _verify(options: argparse.Namespace) -> int:
    from orchestration.verify import verify

    reporter = progress.LineProgress() if options.progress else progress.Progress()
    with progress.reporting(reporter):
        verdict = verify(Home.from_environment())
    print(verdict.describe())
    return 0 if verdict.holds else 1


def _audit_export(options: argparse.Namespace) -> int:
    from orchestration.auditor import export

    scope = export.Scope(
        first_day=options.first_day, last_day=options.last_day, only_people=options.people
    )
    entries = export.write(
        Home.from_environment(),
        options.file,
        scope,
        made_by=getpass.getuser(),
        made_at=wall_clock(),
    )
    print(f"{options.file} holds {entries} entries: {scope.describe()}. Its README says the rest.")
    return 0


def _summary(options: argparse.Namespace) -> int:
    from orchestration import summary

    print(summary.summarize(Home.from_environment()), end="")
    return 0


def _review(options: argparse.Namespace) -> int:
    from orchestration.review import decisions, export, inbox

    home = Home.from_environment().create()
    if options.grant is not None and options.what != "migrate":
        raise TieoutError("--grant goes with `tieout review migrate`.")
    if options.what == "waiting":
        for decision in decisions.active(home):
            print(
                f"{decision.decision_id}  {decision.state:<9} {decision.actor}: {decision.action}"
            )
            print(f"  {' '.join(decision.sentences)}")
            print(f"  {decision.why}")
    elif options.what == "export":
        path = export.export(home, as_of=Settings.from_environment().as_of)
        print(f"Exported to {path}." if path else "Nothing to export.")
    else:
        inbox.of(home)
        if options.grant is not None:
            inbox.grant(home, options.grant)
        print("The review inbox is up to date.")
    return 0


def _metrics(options: argparse.Namespace) -> int:
    from orchestration.telemetry import metrics

    home = Home.from_environment()
    if options.what == "show":
        print(metrics.text(home), end="")
    elif options.what == "write":
        print(f"Wrote {metrics.write(home)}.")
    else:
        _, thread = metrics.serve(home, options.host, options.port)
        print(f"Metrics of {home.root}: http://{options.host}:{options.port}/metrics", flush=True)
        with suppress(KeyboardInterrupt):
            thread.join()
    return 0


def _flags(options: argparse.Namespace) -> int:
    import json

    from orchestration import flags

    if (options.what == "check") != (options.flag is not None):
        raise TieoutError("`tieout flags check` takes a flag, as issuance; `list` takes none.")
    held = flags.holding(
        Home.from_environment(),
        wall_clock(),
        options.flag,
        rule_id=options.rule,
        customer_id=options.customer,
    )
    if options.json:
        print(json.dumps([flags.as_row(control) for control in held], indent=2))
    elif held:
        print("\n".join(map(flags.sentence, held)))
    else:
        print("Nothing is paused." if options.flag is None else f"{options.flag} is not paused.")
    return flags.PAUSED if options.what == "check" and held else 0


def _alerts(options: argparse.Namespace) -> int:
    from orchestration.alerting import command

    return command.run(options)


def _slo(options: argparse.Namespace) -> int:
    from orchestration.slo import generate

    if options.what == "write":
        changed = generate.write()
        print("\n".join(f"wrote {path}" for path in changed) or "Nothing has changed.")
        return 0
    differing = generate.differing()
    for path in differing:
        print(f"{path} is not what orchestration/slo says: `tieout slo write` mends it.")
    return 1 if differing else 0


def _serve(options: argparse.Namespace) -> int:
    from orchestration import serve

    serve.serve(Home.from_environment(), options.name, options.host, options.port)
    return 0


def _up(options: argparse.Namespace) -> int:
    from orchestration import up

    return up.up(Home.from_environment())


if __name__ == "__main__":
    sys.exit(main())
