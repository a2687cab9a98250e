-- One row: a run, and the block that it sealed.
select
    fct_runs.run_id,
    fct_runs.as_of,
    fct_runs.started_at,
    fct_runs.trigger,
    fct_runs.seconds,
    fct_runs.rows_in,
    fct_runs.matches_made,
    fct_runs.auto_closed,
    fct_runs.exceptions_opened,
    fct_runs.exceptions_resolved,
    fct_audit_blocks.block,
    fct_audit_blocks.entry_count,
    fct_audit_blocks.root_hash
from marts.fct_runs
left join marts.fct_audit_blocks
    on fct_runs.run_id = fct_audit_blocks.run_id
where fct_runs.run_id = $run
