"""What an auditor takes home: sealed entries, their proofs, a verifier that needs no tieout."""
