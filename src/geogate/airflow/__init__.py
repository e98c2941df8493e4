"""geogate for Apache Airflow; free of imports, because every `airflow` command reads it."""
