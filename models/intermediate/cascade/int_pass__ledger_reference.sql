-- Pass 4b, settled.
{{ settle('ledger_reference', 'int_open__after_weak_reference', 'int_links__ledger_reference') }}
