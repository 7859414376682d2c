#!/usr/bin/env python3
"""Encrypts what stands on standard input, and prints the ciphertext in base64.

It is told nothing but where the key is: its credentials, the Region and the endpoint come from the environment, as
those of every program with an AWS SDK do.
"""

import base64
import sys

import boto3
from botocore.exceptions import ClientError

KEY = "alias/encryption-as-a-service"

try:
    answer = boto3.client("kms").encrypt(KeyId=KEY, Plaintext=sys.stdin.buffer.read())
except ClientError as error:
    sys.exit(f"encryptor: {error}")
print(base64.b64encode(answer["CiphertextBlob"]).decode())
