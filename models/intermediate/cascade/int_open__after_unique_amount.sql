-- What pass 5 leaves open.
{{ open_after('int_open__after_ledger_reference', 'int_pass__unique_amount') }}
