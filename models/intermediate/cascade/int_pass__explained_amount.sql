-- Pass 7, settled.
{{ settle(
    'explained_amount', 'int_open__after_sets', 'int_links__explained_amount', groups='given'
) }}
