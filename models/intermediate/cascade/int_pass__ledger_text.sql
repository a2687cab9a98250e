-- Pass 4c, settled.
{{ settle(
    'ledger_text', 'int_open__after_ledger_reference', 'int_links__ledger_text', groups='given'
) }}
