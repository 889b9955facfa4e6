#!/bin/sh
# passkey-types 0.6.0 (crates.io), Rust 1.95.
#
# Expected: `CreatedPublicKeyCredential` takes what browsers' `toJSON()` gives after a passkey
# was made, whatever `response.transports` says: WebAuthn Level 3 section 5.8.4 has
# "smart-card", and section 5.2.1 wants unknown values accepted and stored.
#
# Seen: one transport other than usb, nfc, ble, hybrid and internal, and the whole answer is
# refused: who registers with a smart card cannot. The same values in `excludeCredentials` and
# `allowCredentials` of the options are passed over, so reading those shows nothing of it.
# Exits non-zero once that is no longer so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cargo init --quiet --vcs none --name finding
cargo add --quiet passkey-types@=0.6.0 serde_json@1 2>/dev/null
cat > src/main.rs <<'RUST'
use passkey_types::webauthn::{CreatedPublicKeyCredential, PublicKeyCredentialRequestOptions};
use serde_json::{from_value, json};

fn word(taken: bool) -> &'static str {
    if taken { "taken" } else { "refused" }
}

fn main() {
    let mut seen = vec![];
    for transport in ["usb", "smart-card", "later-than-2026"] {
        let made = from_value::<CreatedPublicKeyCredential>(json!({
            "id": "AAAA", "rawId": "AAAA", "type": "public-key",
            "authenticatorAttachment": "cross-platform",
            "response": {
                "clientDataJSON": "AAAA", "attestationObject": "AAAA",
                "authenticatorData": "AAAA", "publicKeyAlgorithm": -7,
                "transports": [transport]
            },
            "clientExtensionResults": {}
        }));
        let asked = from_value::<PublicKeyCredentialRequestOptions>(json!({
            "challenge": "AAAA", "rpId": "example.com",
            "allowCredentials": [
                {"type": "public-key", "id": "AAAA", "transports": [transport]}
            ]
        }));
        if let Err(problem) = &made {
            println!("{problem}");
        }
        let (made, asked) = (word(made.is_ok()), word(asked.is_ok()));
        seen.push(format!("{transport}: response {made}, options {asked}"));
    }
    let line = seen.join(" | ");
    println!("{line}");
    let expected = "usb: response taken, options taken \
        | smart-card: response refused, options taken \
        | later-than-2026: response refused, options taken";
    std::process::exit((line != expected) as i32);
}
RUST
cargo run --quiet
