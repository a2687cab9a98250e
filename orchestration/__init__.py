"""tieout's Python side: it lands, reads, seals, publishes and orchestrates; dbt does the accounting."""
