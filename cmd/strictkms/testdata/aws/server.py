"""Runs the AWS CLI for the scripts: each command in a process of its own, which is forked from this one and so needs not load
Python, botocore and the models again. That takes nine tenths of the time that aws takes.

The argument is a directory. The program aws in it is to be the first on the path: it hands its arguments, environment,
directory and standard files over, and ends with the exit status of the command. "ready" on the standard output says that it
is there.
"""

import array
import json
import os
import signal
import socket
import sys
import traceback

import awscli.clidriver

try:
    from awscli.botocore import loaders  # version 2 has its own
except ImportError:
    from botocore import loaders

CLIENT = """#!{python} -IS
import array, json, os, socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect({path!r})
files = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0, 1, 2]))]
s.sendmsg([b"x"], files)
s.sendall(json.dumps([sys.argv[1:], dict(os.environ), os.getcwd()]).encode())
s.shutdown(socket.SHUT_WR)
sys.exit(int(s.makefile().read() or 255))
"""

DATA_PATH = os.environ.get("AWS_DATA_PATH")  # which awscli added its own to

# What was read of the models is kept for the commands to come.
models, load = {}, loaders.JSONFileLoader.load_file


def kept(self, path):
    if path not in models:
        models[path] = load(self, path)
    return models[path]


loaders.JSONFileLoader.load_file = kept


def warm():
    """Does one command of each service in vain, before there is anything that a command could be told by it."""
    os.environ.update(
        AWS_ENDPOINT_URL="http://127.0.0.1:1", AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="x", AWS_MAX_ATTEMPTS="1",
        AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull, AWS_DEFAULT_REGION="us-east-1",
    )
    null = os.open(os.devnull, os.O_RDWR)
    out, err = os.dup(1), os.dup(2)
    os.dup2(null, 1)
    os.dup2(null, 2)
    for command in ("kms list-keys", "iam list-users", "sts get-caller-identity", "organizations list-roots"):
        awscli.clidriver.create_clidriver().main(command.split())
    sys.stdout.flush()
    os.dup2(out, 1)
    os.dup2(err, 2)


def run(connection):
    """Runs one command and ends."""
    message, ancillary, _, _ = connection.recvmsg(1, socket.CMSG_SPACE(3 * array.array("i").itemsize))
    files = array.array("i")
    for _, _, data in ancillary:
        files.frombytes(data)
    arguments, environment, directory = json.loads(connection.makefile().read())
    for number, file in enumerate(files):
        os.dup2(file, number)
    os.chdir(directory)
    os.environ.clear()
    os.environ.update(environment)
    os.environ["AWS_DATA_PATH"] = os.pathsep.join(filter(None, [environment.get("AWS_DATA_PATH"), DATA_PATH]))
    sys.argv = ["aws", *arguments]
    status = 255
    try:
        status = awscli.clidriver.main()
    except SystemExit as e:
        status = e.code if isinstance(e.code, int) else 255
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        connection.sendall(str(status or 0).encode())
        os._exit(0)


def main(directory):
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them
    warm()
    listener = socket.socket(socket.AF_UNIX)
    path = os.path.join(directory, "socket")
    listener.bind(path)
    listener.listen(16)
    program = os.path.join(directory, "aws")
    with open(program, "w") as file:
        file.write(CLIENT.format(python=sys.executable, path=path))
    os.chmod(program, 0o700)
    print("ready", flush=True)
    while True:
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            run(connection)
        connection.close()


main(sys.argv[1])
