"""`hypercut fleet submit aws`, `follow` and `cancel` against moto, which is asked by boto3 what came.

    batch.py HYPERCUT PICTURE REQUESTS.jsonl

moto runs no container, so a job has ended as soon as it is there; what is checked is the shape of the calls.
"""

import json
import os
import subprocess
import sys
import time
import urllib.request

import boto3

HYPERCUT, PICTURE, REQUESTS = sys.argv[1:]


def run(*words, code=0):
    done = subprocess.run([HYPERCUT, *words], capture_output=True, text=True)
    assert done.returncode == code, (words, done.returncode, done.stdout, done.stderr)
    return done


def requests(path):
    with open(REQUESTS, encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    return [line["body"] for line in lines if line["path"] == path]


config = urllib.request.Request(
    os.environ["AWS_ENDPOINT_URL"] + "/moto-api/config",
    data=json.dumps({"batch": {"use_docker": False}}).encode(),
    headers={"Content-Type": "application/json"},
)
urllib.request.urlopen(config).read()

role = boto3.client("iam").create_role(RoleName="batch", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
batch = boto3.client("batch")
machines = batch.create_compute_environment(
    computeEnvironmentName="machines", type="UNMANAGED", state="ENABLED", serviceRole=role
)["computeEnvironmentArn"]
batch.create_job_queue(
    jobQueueName="queue",
    state="ENABLED",
    priority=1,
    computeEnvironmentOrder=[{"order": 1, "computeEnvironment": machines}],
)
batch.register_job_definition(
    jobDefinitionName="definition",
    type="container",
    containerProperties={
        "image": "hypercut",
        "command": ["--help"],
        "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "512"}],
    },
)
s3 = boto3.client("s3")
s3.create_bucket(Bucket="shop")
for index in range(6):
    s3.upload_file(PICTURE, "shop", f"in/{index}.jpg")


def plan(*words):
    return run("fleet", "plan", "s3://shop/in", "-o", "s3://shop/out", *words).stdout.strip()


def submit(plan, *words):
    where = ["--queue", "queue", "--definition", "definition"]
    return run("fleet", "submit", "aws", "--plan", plan, *where, *words)


# An array: a child per shard, Spot first, the catch-all last.
url = plan("--shards", "5")
job = submit(url, "--attempts", "4", "--timeout", "600").stdout.strip()
asked = requests("/v1/submitjob")[-1]
assert asked["arrayProperties"] == {"size": 5}, asked
assert asked["timeout"] == {"attemptDurationSeconds": 600}, asked
assert asked["retryStrategy"] == {
    "attempts": 4,
    "evaluateOnExit": [
        {"onStatusReason": "Host EC2*", "action": "RETRY"},
        {"onExitCode": "1", "action": "RETRY"},
        {"onReason": "*", "action": "EXIT"},
    ],
}, asked
command = ["fleet", "worker", "--plan", url, "--count", "5"]
assert asked["containerOverrides"] == {"command": command}, asked
there = batch.describe_jobs(jobs=[job])["jobs"][0]
assert there["arrayProperties"]["size"] == 5, there

# More shards than children: they are spread by --count.
submit(url, "--array", "3")
asked = requests("/v1/submitjob")[-1]
assert asked["arrayProperties"] == {"size": 3}, asked
assert asked["containerOverrides"]["command"][-2:] == ["--count", "3"], asked

# The command that was submitted is one that works, with the index that Batch gives.
for index in range(3):
    environment = os.environ | {"AWS_BATCH_JOB_ARRAY_INDEX": str(index)}
    subprocess.run([HYPERCUT, *asked["containerOverrides"]["command"]], env=environment, check=True, capture_output=True)
run("fleet", "merge", "--plan", url)

# One shard is a plain job.
single = submit(plan("--shards", "1")).stdout.strip()
asked = requests("/v1/submitjob")[-1]
assert "arrayProperties" not in asked, asked
assert asked["containerOverrides"]["command"][-2:] == ["--count", "1"], asked

# Logs: children's lines with their index, a plain job's as they are.
logs = boto3.client("logs")
logs.create_log_group(logGroupName="/hypercut/test")


def write(job, *lines):
    stream = batch.describe_jobs(jobs=[job])["jobs"][0]["container"]["logStreamName"]
    logs.create_log_stream(logGroupName="/hypercut/test", logStreamName=stream)
    now = int(time.time() * 1000)
    events = [{"timestamp": now + at, "message": line} for at, line in enumerate(lines)]
    logs.put_log_events(logGroupName="/hypercut/test", logStreamName=stream, logEvents=events)


write(f"{job}:2", "shard 2: 1 done, 0 failed", "second line")
write(single, "shard 0: 6 done, 0 failed")
said = run("fleet", "follow", "aws", job, "--log-group", "/hypercut/test").stderr
assert "[2] shard 2: 1 done, 0 failed\n[2] second line\n" in said, said
said = run("fleet", "follow", "aws", single, "--log-group", "/hypercut/test").stderr
assert said == "succeeded\nshard 0: 6 done, 0 failed\n", said
submit(url, "--follow", "--log-group", "/hypercut/test")

# Cancel; and what AWS says when something is wrong.
run("fleet", "cancel", "aws", job, "--reason", "enough")
assert requests("/v1/terminatejob")[-1] == {"jobId": job, "reason": "enough"}
said = run("fleet", "submit", "aws", "--plan", url, "--queue", "none", "--definition", "definition", code=1).stderr
assert "Job queue none does not exist" in said, said
run("fleet", "follow", "aws", "no-such-job", code=1)
print("AWS Batch: the calls are as they should be")
