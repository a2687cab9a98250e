-- Pass 4, settled.
{{ settle('ledger_reference', 'int_open__after_group_sum', 'int_links__ledger_reference') }}
