-- Pass 9, settled.
{{ settle(
    'other_currency', 'int_open__after_probabilistic', 'int_links__other_currency',
    groups='given', links_say_why=true
) }}
