-- The words of what the weights are learned from.
{{ config(tags=['training']) }}

{{ unit_words('int_training__items') }}
