-- Pairs that the probabilistic pass weighs, and how they compare.
{{ compared_pairs(before_probabilistic(), 'int_unit_words') }}
