select
    count(*) as blocks,
    coalesce(sum(entry_count), 0) as entries
from marts.fct_audit_blocks
