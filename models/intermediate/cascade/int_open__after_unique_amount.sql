-- What pass 5 leaves open.
{{ open_after('int_open__after_ledger_text', 'int_pass__unique_amount') }}
