"""Calls AWS KMS with boto3 and with the AWS CLI, as kmstest/walk_test.go asks: one JSON document a line, one answer a line.

The first line of the answers is what the model of the installed botocore documents: its operations with their errors, and its
version. A request is {"client": "boto3" or "cli", "region": ..., "operation": ..., "input": {...}}, where {"$bytes": BASE64} is bytes.
An answer is {"output": {...}} or {"error": {...}}. The AWS CLI runs in this process: its command, its arguments, its output
and its exit status are those of aws, without the second that each start of it takes.
"""

import base64
import contextlib
import datetime
import io
import json
import os
import re
import sys
import tempfile
import traceback

import boto3
import botocore.config
import botocore.exceptions
import botocore.session
from awscli.clidriver import create_clidriver
from botocore import xform_name

CONFIG = botocore.config.Config(retries={"max_attempts": 0})
FAILED = re.compile(r"An error occurred \((\w+)\) when calling the (\w+) operation: ?(.*)", re.DOTALL)


def read(value):
    if isinstance(value, dict):
        if "$bytes" in value:
            return base64.b64decode(value["$bytes"])
        return {name: read(v) for name, v in value.items()}
    return [read(v) for v in value] if isinstance(value, list) else value


def shown(value):
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, datetime.datetime):
        return value.timestamp()
    if isinstance(value, dict):
        return {name: shown(v) for name, v in value.items() if name != "ResponseMetadata"}
    return [shown(v) for v in value] if isinstance(value, list) else value


def unknown(value, shape, path):
    """The members of an answer that its shape does not have."""
    if shape.type_name == "structure" and isinstance(value, dict):
        for name, member in value.items():
            if name not in shape.members:
                yield path + name
            else:
                yield from unknown(member, shape.members[name], path + name + ".")
    elif shape.type_name == "list" and isinstance(value, list):
        for member in value:
            yield from unknown(member, shape.member, path)


class Walk:
    def __init__(self):
        self.clients = {}
        self.unknown = []
        self.cli = create_clidriver()
        self.files = tempfile.mkdtemp(dir=os.environ["WALK_FILES"])

    def model(self):
        service = botocore.session.get_session().get_service_model("kms")
        operations = {
            name: sorted(e.name for e in service.operation_model(name).error_shapes) for name in service.operation_names
        }
        return {"version": [int(n) for n in botocore.__version__.split(".")[:2]], "operations": operations}

    def boto3(self, region, operation, request):
        if region not in self.clients:
            self.clients[region] = boto3.client("kms", region_name=region, config=CONFIG)
            self.clients[region].meta.events.register("after-call.kms", self.look)
        client = self.clients[region]
        self.unknown = []
        try:
            output = shown(getattr(client, xform_name(operation))(**request))
            return {"output": output, "unknown": self.unknown}
        except botocore.exceptions.ClientError as error:
            e = error.response["Error"]
            modeled = getattr(client.exceptions, e["Code"], None)
            return {
                "error": {
                    "code": e["Code"],
                    "message": e["Message"],
                    "operation": error.operation_name,
                    "status": error.response["ResponseMetadata"]["HTTPStatusCode"],
                    "requestId": error.response["ResponseMetadata"].get("RequestId", ""),
                    "class": type(error).__name__ if modeled is not None and type(error) is modeled else "",
                }
            }

    def look(self, http_response, model, **_):
        """Looks at an answer as it came: boto3 drops what it does not know."""
        if http_response.status_code == 200 and http_response.content and model.output_shape is not None:
            self.unknown = sorted(set(unknown(json.loads(http_response.content), model.output_shape, "")))

    def argument(self, name, value):
        option = "--" + xform_name(name, "-")
        if isinstance(value, bool):
            return [option if value else "--no-" + option[2:]]
        if isinstance(value, bytes):
            return [option, "fileb://" + self.file(name, value)]
        if isinstance(value, str) and value.startswith("-----"):
            return [option, "file://" + self.file(name, value.encode())]
        if isinstance(value, str):
            return [option, value]
        return [option, json.dumps(value)]

    def file(self, name, content):
        path = os.path.join(self.files, name)
        with open(path, "wb") as file:
            file.write(content)
        return path

    def command(self, region, operation, request):
        arguments = ["--region", region, "--output", "json", "kms", xform_name(operation, "-")]
        for name, value in request.items():
            arguments += self.argument(name, value)
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = self.cli.main(arguments)
        if status == 0:
            return {"output": json.loads(out.getvalue() or "{}")}
        failed = FAILED.search(err.getvalue())
        if failed is None:
            raise RuntimeError(f"aws {arguments}: {status}: {err.getvalue()}")
        return {
            "error": {"code": failed[1], "operation": failed[2], "message": failed[3].rstrip("\n"), "status": status}
        }

    def answer(self, request):
        run = self.boto3 if request["client"] == "boto3" else self.command
        try:
            return run(request["region"], request["operation"], read(request["input"]))
        except Exception:  # the client refused the request, or has a bug: the test says which request it was
            return {"error": {"code": "", "message": traceback.format_exc()}}


walk, answers = Walk(), sys.stdout
print(json.dumps(walk.model()), file=answers, flush=True)
for line in sys.stdin:
    print(json.dumps(walk.answer(json.loads(line))), file=answers, flush=True)
