"""Service level objectives, written once: OpenSLO v1 files, and what is generated from them."""
