"""Plays a Nitro enclave, for tests of programs that run in one: attestation documents under a root of your own.

    python3 enclave.py root.pem             makes a root, and its key beside it in root.key
    strictkms exec --as role/App --load world.yaml --attestation-root root.pem -- \\
        python3 enclave.py root.pem PCR0 TEXT
                                            encrypts a text, and decrypts it as an enclave with that image digest would

A document is a CBOR map in a COSE_Sign1 message (https://docs.aws.amazon.com/enclaves/latest/user/verify-root.html). In an
enclave, the Nitro Security Module makes it; what calls AWS KMS here is what runs in the enclave.
"""

import datetime
import pathlib
import subprocess
import sys
import tempfile
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import NameOID

DER, SPKI = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo


def cbor(value):
    """The little of CBOR (RFC 8949) that a document needs."""
    def head(major, n):
        for size, code in ((1, 24), (2, 25), (4, 26), (8, 27)):
            if n < 24:
                return bytes([major << 5 | n])
            if n < 1 << 8 * size:
                return bytes([major << 5 | code]) + n.to_bytes(size, "big")
    if value is None:
        return b"\xf6"
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(cbor, value))
    return head(5, len(value)) + b"".join(cbor(k) + cbor(v) for k, v in value.items())


def certificate(name, key, issuer, issuer_key, ca):
    """A certificate that is valid for three hours, or that of an authority for ten years."""
    now = datetime.datetime.now(datetime.timezone.utc)
    usage = dict.fromkeys(("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "crl_sign",
                           "encipher_only", "decipher_only"), False)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=1))
        .not_valid_after(now + (datetime.timedelta(days=3650) if ca else datetime.timedelta(hours=3)))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(digital_signature=not ca, key_cert_sign=ca, **usage), critical=True)
        .sign(issuer_key, hashes.SHA384())
    )


def make_root(file):
    key = ec.generate_private_key(ec.SECP384R1())
    name = "enclaves of a test"
    root = certificate(name, key, x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), key, ca=True)
    file.write_bytes(root.public_bytes(serialization.Encoding.PEM))
    file.with_suffix(".key").write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))


def document(root_file, pcrs, public_key):
    """An attestation document of now."""
    root = x509.load_pem_x509_certificate(root_file.read_bytes())
    root_key = serialization.load_pem_private_key(root_file.with_suffix(".key").read_bytes(), None)
    key = ec.generate_private_key(ec.SECP384R1())
    module = "i-0123456789abcdef0-enc0123456789abcdef"
    payload = cbor({
        "module_id": module, "digest": "SHA384", "timestamp": int(time.time() * 1000), "pcrs": pcrs,
        "certificate": certificate(module, key, root.subject, root_key, ca=False).public_bytes(DER),
        "cabundle": [root.public_bytes(DER)], "public_key": public_key.public_bytes(DER, SPKI),
        "user_data": None, "nonce": None,
    })
    protected = cbor({1: -35})  # ES384
    r, s = decode_dss_signature(key.sign(cbor(["Signature1", protected, b"", payload]), ec.ECDSA(hashes.SHA384())))
    return cbor([protected, {}, payload, r.to_bytes(48, "big") + s.to_bytes(48, "big")])


def open_answer(answer, key):
    """Decrypts a CiphertextForRecipient, which is CMS (RFC 5652), with openssl."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        file.flush()
        return subprocess.run(
            ["openssl", "cms", "-decrypt", "-binary", "-inform", "DER", "-inkey", file.name],
            input=answer, capture_output=True, check=True).stdout


def through_kms(root_file, pcr0, text):
    """Has AWS KMS encrypt a text, and decrypt it for an enclave whose image has a digest."""
    import boto3
    from botocore.exceptions import ClientError
    kms = boto3.client("kms")
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pcrs = {0: bytes.fromhex(pcr0), 1: bytes(48), 2: bytes(48)}
    ciphertext = kms.encrypt(KeyId="alias/enclave", Plaintext=text.encode())["CiphertextBlob"]
    try:
        answer = kms.decrypt(KeyId="alias/enclave", CiphertextBlob=ciphertext, Recipient={
            "KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_256",
            "AttestationDocument": document(root_file, pcrs, key.public_key()),
        })
    except ClientError as error:
        sys.exit(str(error))
    assert not answer.get("Plaintext"), "the answer is for the enclave only"
    return open_answer(answer["CiphertextForRecipient"], key).decode()


if __name__ == "__main__":
    if len(sys.argv) == 2:
        make_root(pathlib.Path(sys.argv[1]))
    else:
        print(through_kms(pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
