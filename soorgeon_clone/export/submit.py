"""jobs.json -> jobs in a queue of AWS Batch. It needs boto3, and AWS credentials where boto3 finds them.

    python submit.py --queue QUEUE [--region REGION] [--dry-run]

Registers the job definitions and submits the jobs, each after those that it depends on. If a submission fails, the jobs
that were submitted are ended, so that no half of a pipeline runs on.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any


def main(arguments: list[str] | None = None) -> int:
    """Submit what the command line says; the exit code."""
    parser = argparse.ArgumentParser(description="Submit the jobs of this folder to AWS Batch.")
    parser.add_argument("--queue", help="the job queue: a name or an ARN")
    parser.add_argument("--region", help="the region, if not the one that your AWS settings name")
    parser.add_argument("--endpoint-url", help="another service than AWS's, for tests")
    parser.add_argument("--dry-run", action="store_true", help="show the jobs and submit nothing")
    options = parser.parse_args(arguments)
    plan = json.loads(Path(__file__).with_name("jobs.json").read_text(encoding="utf-8"))
    if options.dry_run:
        for job in plan["jobs"]:
            size = f" x {job['arrayProperties']['size']}" if "arrayProperties" in job else ""
            print(f"{job['jobName']}{size} <- {', '.join(job.get('dependsOn', ())) or 'nothing'}")
        return 0
    queue = options.queue or plan["queue"]
    if not queue:
        parser.error("no queue: pass --queue, or name it in pipeline.yaml, export: {aws-batch: {queue: NAME}}")
    try:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError, ClientError
    except ImportError:
        parser.error("boto3 is not installed: pip install boto3")
    # A large pipeline is submitted faster than Batch allows; boto3 slows down and tries again.
    config = Config(retries={"mode": "adaptive", "max_attempts": 10})
    try:
        client = boto3.client(
            "batch", region_name=options.region or plan.get("region"), endpoint_url=options.endpoint_url, config=config
        )
        ids = submit(client, plan, queue)
    except (BotoCoreError, ClientError) as error:
        print(f"submit.py: {error}", file=sys.stderr)
        return 1
    print(f"{len(ids)} jobs of {plan['pipeline']} submitted to {queue}.")
    return 0


def submit(client: Any, plan: dict[str, Any], queue: str) -> dict[str, str]:
    """Register and submit; the id of each job by its name."""
    definitions = {one["jobDefinitionName"]: _register(client, one) for one in plan["definitions"]}
    ids: dict[str, str] = {}
    try:
        for job in plan["jobs"]:
            more = {key: job[key] for key in ("parameters", "arrayProperties") if key in job}
            answer = client.submit_job(
                jobName=job["jobName"],
                jobQueue=queue,
                jobDefinition=definitions[job["jobDefinition"]],
                dependsOn=[{"jobId": ids[name]} for name in job.get("dependsOn", ())],
                **plan.get("submit", {}),
                **more,
            )
            ids[job["jobName"]] = answer["jobId"]
    except BaseException:
        print(f"Not all jobs were submitted. Ending the {len(ids)} that were.", file=sys.stderr)
        for name, job_id in ids.items():
            try:
                client.terminate_job(jobId=job_id, reason="The submission of the pipeline failed.")
            except Exception as error:
                print(f"{name} ({job_id}) could not be ended: {error}", file=sys.stderr)
        raise
    return ids


def _register(client: Any, definition: dict[str, Any]) -> str:
    return str(client.register_job_definition(**definition)["jobDefinitionArn"])


if __name__ == "__main__":
    sys.exit(main())
