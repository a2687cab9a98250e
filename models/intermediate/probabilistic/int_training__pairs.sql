-- Candidates among all items, and how they compare.
{{ config(tags=['training']) }}

{{ compared_pairs('int_training__items', 'int_training__words') }}
