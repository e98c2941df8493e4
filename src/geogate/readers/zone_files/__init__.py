"""Zone lists from files: a manifest that pins the data by digest, and the data in one of six formats."""
