-- One row per change of a flag, the newest first, with its sealed entry; none where the run that
-- hears it has not sealed it yet. A blank filters nothing.
with chosen as (
    select
        fct_flag_changes.*,
        count(*) over () as row_count
    from marts.fct_flag_changes
    where $flag = '' or fct_flag_changes.flag = $flag
    order by fct_flag_changes.noted_at desc, fct_flag_changes.change_id desc
    limit $limit offset $offset
)

select
    chosen.change_id,
    chosen.flag,
    chosen.rule_id,
    chosen.customer_id,
    dim_customers.legal_name,
    chosen.state_before,
    chosen.state_after,
    chosen.starts_at,
    chosen.ends_at,
    chosen.is_in_force,
    chosen.reason,
    chosen.actor as person,
    chosen.noted_at,
    chosen.row_count,
-- include: sealed_entry
from chosen
left join marts.fct_audit_log
    on
        chosen.change_id = fct_audit_log.subject_id
        and fct_audit_log.entry_type = 'flag_changed'
left join marts.fct_audit_blocks
    on fct_audit_log.block = fct_audit_blocks.block
left join marts.dim_customers
    on chosen.customer_id = dim_customers.customer_id
order by chosen.noted_at desc, chosen.change_id desc
