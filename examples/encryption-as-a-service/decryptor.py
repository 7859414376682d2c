#!/usr/bin/env python3
"""Decrypts the base64 of a ciphertext that stands on standard input, and prints the plaintext.

The ciphertext itself says under which key it is. Credentials, the Region and the endpoint come from the environment.
"""

import base64
import sys

import boto3
from botocore.exceptions import ClientError

try:
    answer = boto3.client("kms").decrypt(CiphertextBlob=base64.b64decode(sys.stdin.read()))
except ClientError as error:
    sys.exit(f"decryptor: {error}")
sys.stdout.buffer.write(answer["Plaintext"])
