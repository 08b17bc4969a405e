"""What is declared: pipeline.yaml and env.yaml -> the spec -> the DAG, and what each task is told."""
