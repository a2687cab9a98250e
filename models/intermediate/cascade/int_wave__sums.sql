-- The fourth wave. Sets that add up, and what is left of payments that name their documents: a
-- difference is named only after nothing has been found that explains it.
{{ settle(
    'int_open__after_equals',
    [
        'int_links__remainder',
        'int_links__sets',
        'int_links__explained_amount',
    ],
    asks_once=true
) }}
