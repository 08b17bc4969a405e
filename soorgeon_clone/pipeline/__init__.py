"""pipeline.yaml -> spec -> DAG -> status -> run."""
