"""A reconciliation job as a Kubernetes resource."""
