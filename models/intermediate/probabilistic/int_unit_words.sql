-- The words of what is open before the probabilistic pass. (A view: how rare a word is changes with
-- every item, and one table asks.)
{{ config(materialized='view') }}

{{ unit_words('int_open__after_sums') }}
