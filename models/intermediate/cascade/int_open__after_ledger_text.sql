-- What pass 4c leaves open.
{{ open_after('int_open__after_ledger_reference', 'int_pass__ledger_text') }}
