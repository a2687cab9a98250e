-- Pass 5, settled.
{{ settle(
    'unique_amount', 'int_open__after_ledger_text', 'int_links__unique_amount', groups='given'
) }}
