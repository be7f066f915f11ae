"""``holdfast ingest --workers N --share GROUP``: one command, several processes (contract 18)."""
