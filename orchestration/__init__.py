"""tieout's Python side lands, reads, seals, publishes and orchestrates; dbt does the accounting."""
