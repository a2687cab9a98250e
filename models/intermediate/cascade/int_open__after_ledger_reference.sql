-- What pass 4b leaves open.
{{ open_after('int_open__after_weak_reference', 'int_pass__ledger_reference') }}
