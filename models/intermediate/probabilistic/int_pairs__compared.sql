-- Pairs that the probabilistic pass weighs, and how they compare.
{{ compared_pairs('int_open__after_sums', 'int_unit_words') }}
