/// The script in each folder that checks it with a POSIX shell and OpenSSL (1.1.1 or later) alone.
enum VerifyScript {
  /// The script; the same for every folder, so that one trusted copy checks them all.
  static let text = #"""
    #!/bin/sh
    # Checks a Slipway evidence folder with a POSIX shell and OpenSSL alone.
    #
    #   sh verify.sh [PUBLIC_KEY.pem [FOLDER]]
    #
    # Without PUBLIC_KEY.pem the key in the folder is used: that proves that the folder is whole, not who made it.
    # Whoever could alter the folder could alter this script too; when in doubt use a copy from a place you trust.
    # Prints a line per check. Exit status: 0 everything holds, 1 something does not.
    set -u
    LC_ALL=C; export LC_ALL
    failed=0
    good() { printf 'ok    %s\n' "$1"; }
    bad() { printf 'FAIL  %s\n' "$1"; failed=1; }
    stop() { bad "$1"; printf 'FAILED: do not rely on this folder\n'; exit 1; }
    plain() { sed 's/[^ -~]/?/g'; }

    case ${1:-} in '') trusted= ;; /*) trusted=$1 ;; *) trusted=$(pwd)/$1 ;; esac
    folder=${2:-$(dirname "$0")}
    tmp=$(CDPATH= cd -- "${TMPDIR:-/tmp}" && pwd)/slipway-verify.$$
    (umask 077 && mkdir "$tmp") || stop "cannot make the folder $tmp"
    trap 'rm -rf "$tmp"' EXIT
    trap 'exit 1' HUP INT TERM
    CDPATH= cd -- "$folder" || stop "no folder $folder"

    # Links, pipes and devices: nothing may be read through them.
    find . ! -type f ! -type d > "$tmp/odd" || stop "cannot read the whole folder"
    if [ -s "$tmp/odd" ]; then
      plain < "$tmp/odd" | while IFS= read -r name; do bad "$name: not a regular file"; done
      stop "the folder holds something other than files"
    fi
    for name in manifest.json manifest.json.sig promotion.dsse.json promotion.intoto.jsonl public_key.pem; do
      [ -f "$name" ] || stop "$name: missing"
    done

    # The key.
    openssl pkey -pubin -in "${trusted:-public_key.pem}" -pubout -out "$tmp/key.pem" < /dev/null 2> /dev/null &&
      openssl pkey -pubin -in "$tmp/key.pem" -outform DER -out "$tmp/key.der" 2> /dev/null ||
      stop "${trusted:-public_key.pem}: not a public key"
    openssl pkey -pubin -in "$tmp/key.pem" -noout -text 2> /dev/null | grep -i '^ED25519' > /dev/null ||
      stop "${trusted:-public_key.pem}: not an Ed25519 key"
    keyid=$(openssl dgst -sha256 -r "$tmp/key.der" | cut -c1-64)
    if cmp -s "$tmp/key.pem" public_key.pem; then
      good "public_key.pem: key $keyid"
    else
      bad "public_key.pem: not the key $keyid that the signatures are checked with"
    fi

    # The manifest.
    if openssl pkeyutl -verify -pubin -inkey "$tmp/key.pem" -rawin -in manifest.json -sigfile manifest.json.sig \
      > /dev/null 2>&1; then
      good "manifest signature"
    else
      bad "manifest signature: not made over this manifest by key $keyid"
    fi
    # One file a line: size, digest, name.
    line='^    {"name": "\([A-Za-z0-9._+=@\/-]*\)", "sha256": "\([0-9a-f]*\)", "size": \([0-9]*\)},\{0,1\}$'
    sed -n "s/$line/\\3 \\2 \\1/p" manifest.json > "$tmp/listed"
    count=$(($(wc -l < "$tmp/listed")))
    [ "$count" -gt 0 ] && [ "$count" -eq "$(grep -c '"sha256"' manifest.json)" ] ||
      bad "manifest.json: not in the form that Slipway writes"

    # The envelope: DSSE v1, signed over its type and payload.
    type=application/vnd.in-toto+json
    field='[A-Za-z0-9+\/=]*'
    form="^{\"payload\":\"\\($field\\)\",\"payloadType\":\"application\\/vnd\\.in-toto+json\",\"signatures\":"
    form="$form\\[{\"keyid\":\"[0-9a-f]*\",\"sig\":\"\\($field\\)\"}\\]}\$"
    sed -n "1s/$form/\\1/p" promotion.dsse.json | fold -w 64 | openssl base64 -d > "$tmp/payload" 2> /dev/null
    sed -n "1s/$form/\\2/p" promotion.dsse.json | fold -w 64 | openssl base64 -d > "$tmp/sig" 2> /dev/null
    { printf 'DSSEv1 %d %s %d ' "${#type}" "$type" "$(($(wc -c < "$tmp/payload")))"; cat "$tmp/payload"; } > "$tmp/pae"
    if openssl pkeyutl -verify -pubin -inkey "$tmp/key.pem" -rawin -in "$tmp/pae" -sigfile "$tmp/sig" \
      > /dev/null 2>&1; then
      good "envelope signature"
    else
      bad "envelope signature: promotion.dsse.json was not signed by key $keyid"
    fi
    # Nobody signs the spaces, the key's hint and the spelling of base64, so only one spelling of them is right.
    {
      printf '{"payload":"'; openssl base64 -A -in "$tmp/payload"
      printf '","payloadType":"%s","signatures":[{"keyid":"%s","sig":"' "$type" "$keyid"
      openssl base64 -A -in "$tmp/sig"; printf '"}]}\n'
    } > "$tmp/envelope"
    for name in promotion.dsse.json promotion.intoto.jsonl; do
      if cmp -s "$tmp/envelope" "$name"; then good "$name"; else bad "$name: altered"; fi
    done
    about() { grep -F "{\"digest\":{\"sha256\":\"$1\"},\"name\":\"$2\"}" "$tmp/payload" > /dev/null; }
    if about "$(openssl dgst -sha256 -r manifest.json | cut -c1-64)" manifest.json; then
      good "statement: about this manifest"
    else
      bad "statement: not about this manifest"
    fi

    # Every listed file: there, of that size, with that digest.
    newline='
    '
    cut -d ' ' -f 3 "$tmp/listed" > "$tmp/names"
    xargs openssl dgst -sha256 -r < "$tmp/names" > "$tmp/sums" 2> /dev/null
    xargs wc -c < "$tmp/names" 2> /dev/null | sed 's/^ *//' > "$tmp/sizes"
    sums=$newline$(cat "$tmp/sums")$newline
    sizes=$newline$(cat "$tmp/sizes")$newline
    while read -r size sum name; do
      case /$name/ in *//* | */../* | */./*) bad "$name: not a name inside the folder"; continue ;; esac
      if [ ! -f "$name" ]; then bad "$name: missing"; continue; fi
      case $sizes in *"$newline$size $name$newline"*) ;; *) bad "$name: not $size bytes long"; continue ;; esac
      case $sums in
        *"$newline$sum *$name$newline"*) good "$name: $size bytes, sha256 $sum" ;;
        *) bad "$name: changed" ;;
      esac
    done < "$tmp/listed"
    # What it has to hold follows from what the signed statement says that it is.
    required="\#(Evidence.Kind.promotion.requiredFiles.joined(separator: " "))"
    if grep -F '"predicateType":"\#(Evidence.Kind.aftercare.rawValue)","predicate":' "$tmp/payload" > /dev/null; then
      required="\#(Evidence.Kind.aftercare.requiredFiles.joined(separator: " "))"
    fi
    for name in $required; do
      grep -Fx "$name" "$tmp/names" > /dev/null || bad "$name: required for every run, but not in the manifest"
    done

    # Nothing else: no file and no folder that the manifest does not account for.
    {
      cat "$tmp/names"
      printf '%s\n' \#(EvidenceName.unlisted.joined(separator: " "))
      sed -n -e ':up' -e 's|/[^/]*$||p' -e 'tup' "$tmp/names"
      printf '.\n'
    } | sort -u > "$tmp/expected"
    find . | sed 's|^\./||' | sort -u | comm -13 "$tmp/expected" - | plain > "$tmp/extra"
    if [ -s "$tmp/extra" ]; then
      while IFS= read -r name; do bad "$name: in the folder, but not in the manifest"; done < "$tmp/extra"
    else
      good "no unlisted files"
    fi

    if [ "$failed" -ne 0 ]; then
      printf 'FAILED: do not rely on this folder\n'
      exit 1
    fi
    run=$(sed -n 's/^  "run_id": "\(.*\)",$/\1/p' manifest.json | plain)
    printf 'verified: run %s, %d files, signed by key %s\n' "$run" "$count" "$keyid"
    [ -n "$trusted" ] || printf 'The key came from the folder itself: compare it with the one you know.\n'

    """#
}
