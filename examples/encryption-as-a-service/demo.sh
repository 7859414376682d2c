#!/usr/bin/env bash
# Encryption as a service, over the wire: the root user deploys template.yaml with the AWS CLI, and two programs use the
# access keys that the stack exports. Each does its own part and is refused the other's.
#
# It needs the AWS CLI, Python with boto3, and strictkms on the path (or STRICTKMS=/path/to/strictkms).
# With AWS_ENDPOINT_URL set it uses the server that is there, with the credentials in the environment.
set -euo pipefail
cd "$(dirname "$0")"

work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$work"' EXIT

export AWS_REGION=${AWS_REGION:-us-east-1} AWS_DEFAULT_REGION=${AWS_REGION:-us-east-1} AWS_PAGER=
export AWS_EC2_METADATA_DISABLED=true

if [ -z "${AWS_ENDPOINT_URL:-}" ]; then
  "${STRICTKMS:-strictkms}" serve --listen 127.0.0.1:0 --data "$work/data" --credentials "$work/credentials" 2>"$work/log" &
  server=$!
  for _ in $(seq 100); do
    grep -q 'listening on' "$work/log" && break
    kill -0 "$server" || { cat "$work/log" >&2; exit 1; }
    sleep 0.1
  done
  AWS_ENDPOINT_URL=$(sed -n 's/.*listening on \([^,]*\),.*/\1/p' "$work/log")
  export AWS_ENDPOINT_URL AWS_SHARED_CREDENTIALS_FILE="$work/credentials" AWS_PROFILE=root
fi

echo '== The root user deploys the stack, twice: the second time there is nothing to do'
stack=encryption-as-a-service
for _ in 1 2; do
  aws cloudformation deploy --template-file template.yaml --stack-name "$stack" \
    --capabilities CAPABILITY_NAMED_IAM --no-fail-on-empty-changeset
done

echo '== The access keys are exports of the stack'
aws cloudformation list-exports --query 'Exports[].Name' --output text | tr '\t' '\n'
exported() {
  aws cloudformation list-exports --query "Exports[?Name=='$stack-$1'].Value" --output text
}

# as ROLE COMMAND... runs a program with the access key of the encryptor or of the decryptor.
as() {
  local role=$1 id secret
  shift
  id=$(exported "$role-access-key-id")
  secret=$(exported "$role-secret-access-key")
  env -u AWS_PROFILE -u AWS_SESSION_TOKEN AWS_ACCESS_KEY_ID="$id" AWS_SECRET_ACCESS_KEY="$secret" "$@"
}

# refused COMMAND... requires that a program is denied.
refused() {
  if "$@" 2>"$work/refusal"; then
    echo "demo: $* was allowed" >&2
    exit 1
  fi
  grep AccessDeniedException "$work/refusal" || { cat "$work/refusal" >&2; exit 1; }
}

echo '== The encryptor encrypts'
printf 'attack at dawn' | as encryptor python3 encryptor.py >"$work/ciphertext"
cut -c 1-40 "$work/ciphertext"

echo '== The encryptor may not decrypt what it encrypted'
refused as encryptor python3 decryptor.py <"$work/ciphertext"

echo '== The decryptor decrypts'
plaintext=$(as decryptor python3 decryptor.py <"$work/ciphertext")
echo "$plaintext"
[ "$plaintext" = 'attack at dawn' ]

echo '== The decryptor may not encrypt'
refused as decryptor python3 encryptor.py <<<'attack at noon'

echo '== The stack is deleted, and with it what may use the key'
aws cloudformation delete-stack --stack-name "$stack"
aws cloudformation wait stack-delete-complete --stack-name "$stack"
[ -z "$(aws cloudformation list-exports --query 'Exports[].Name' --output text)" ]
[ -z "$(aws iam list-users --query 'Users[].UserName' --output text)" ]
echo done
