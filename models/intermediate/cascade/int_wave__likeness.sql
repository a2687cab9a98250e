-- The fifth wave. The weight of everything that speaks for and against, and what a payment in
-- another currency could be for.
{{ settle(
    'int_open__after_sums',
    [
        'int_links__probabilistic',
        'int_links__other_currency',
    ],
    asks_once=true
) }}
