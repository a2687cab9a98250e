"""Landed files become typed raw rows: `ingest(home, as_of)`.

landing.py     what lies in landing, and its SHA-256
contract.py    the contract of the feeds, from models/staging/_feeds__sources.yml
records.py     text files as records with the line that they start on
tabular.py     CSV, JSON lines and Parquet as relations of text
bank/          bank formats as items; bank_files.py and bank_ids.py bring them into the same shape
checks.py      text to typed rows and reasons, as SQL generated from the contract
classify.py    new rows, versions and re-deliveries
store.py       raw, quarantine, control totals, manifest
pipeline.py    one ingest from start to commit
"""

from orchestration.ingest.pipeline import IngestResult, ingest

run = ingest

__all__ = ["IngestResult", "ingest", "run"]
