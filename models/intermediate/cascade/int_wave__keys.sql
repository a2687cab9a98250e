-- The first wave. What one record says of the other in so many words: references, keys, ids.
{{ settle(
    'int_open__unmatched',
    [
        'int_links__stated_reference',
        'int_links__group_sum',
        'int_links__ledger_reference',
    ],
    defers_differences=true
) }}
