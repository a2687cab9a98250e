-- One row: all entry hashes of a block one after the other, in order of position.
select string_agg(fct_audit_log.entry_hash, '' order by fct_audit_log.position) as hashes
from marts.fct_audit_log
where fct_audit_log.block = cast($block as bigint)
