-- The third wave. Payer, currency and amount agree; a weak word or the date chooses between equals.
{{ settle(
    'int_open__after_texts',
    [
        'int_links__weak_reference',
        'int_links__misquoted_number',
        'int_links__ledger_text',
        'int_links__unique_amount',
    ]
) }}
