-- Pass 8, settled.
{{ settle(
    'probabilistic', before_probabilistic(), 'int_links__probabilistic', groups='given'
) }}
