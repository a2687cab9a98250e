{# The open model that the probabilistic pass starts from: what the pass before it leaves. #}
{% macro before_probabilistic() %}
    {%- do return('int_open__after_explained_amount') -%}
{% endmacro %}
