-- Pass 4, settled.
{{ settle(
    'weak_reference', 'int_open__after_balance_order', 'int_links__weak_reference', groups='given'
) }}
