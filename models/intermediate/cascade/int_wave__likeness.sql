-- The fifth wave. The weight of everything that speaks for and against.
{{ settle('int_open__after_sums', ['int_links__probabilistic']) }}
