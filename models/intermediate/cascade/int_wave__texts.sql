-- The second wave. Numbers that stand in free text, and what stands side by side in a gateway's
-- balance.
{{ settle(
    'int_open__after_keys',
    [
        'int_links__listed_numbers',
        'int_links__reference_in_text',
        'int_links__balance_order',
    ],
    defers_differences=true
) }}
