    -- an entry of the journal as it was sealed, with its block
    fct_audit_log.block,
    fct_audit_log.position,
    fct_audit_log.entry_type,
    fct_audit_log.subject_type,
    fct_audit_log.subject_id,
    fct_audit_log.actor,
    fct_audit_log.occurred_at,
    fct_audit_log.payload,
    fct_audit_log.source_hashes,
    fct_audit_log.entry_hash,
    fct_audit_blocks.run_id,
    fct_audit_blocks.entry_count
