#!/bin/sh
# jsonwebtoken 10.4.0 (crates.io), Rust 1.95.
#
# Expected: `JwkSet` has the keys of a provider that it knows, whatever else the provider
# publishes: keys of a type that is not understood are to be ignored (RFC 7517 section 5), as
# a provider has them that takes encrypted request objects (X25519, RFC 8037) or signs with
# ML-DSA (key type AKP) for those who can.
#
# Seen: one such key and the whole set is refused ("data did not match any variant of untagged
# enum AlgorithmParameters", with no word about which), so no token of that provider can be
# verified any more, although the RSA key that signed it stands beside. An unknown `alg` or
# `use` of a known type is borne. Exits non-zero once that is no longer so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cargo init --quiet --vcs none --name finding
cargo add --quiet jsonwebtoken@=10.4.0 --no-default-features 2>/dev/null
cargo add --quiet serde_json@1 2>/dev/null
cat > src/main.rs <<'RUST'
use jsonwebtoken::jwk::JwkSet;
use serde_json::{from_value, json, Value};

fn main() {
    let signing = json!({
        "kty": "RSA", "kid": "2026", "alg": "RS256", "use": "sig", "e": "AQAB",
        "n": "obyLrWWkkMt8S6N7SwI-Xv6xPnbVctIBfRmjqfIuIN46dU9-s7DXfk2eMIj12itdbp8FsVvqPi4BRXeMmihAcX9csf7nP7C_n6dfpMmcKgAg0TZeLHYeUAyUUYNiWlaTUGm0SbHyxr1zKyvOCHxfxPsy6Pojk6wAdla7pW3mo-aJ4OLhNCa7kyfVAD6Jzcr50NW7Tl4N1ew40lkOO5j4P3JgT-97Ld8Z2QxqDm35Enkyk9o-iSc5Mjj1JJ69A2nhasZZc9EsGM5RoAGbrHreEa8qdRgOk6IXBCz0OUz-4BnsH660zszllokOTUgZdt2cBYaySoA2BvFVJ08bA2kMwQ"
    });
    let mut later_use = signing.clone();
    later_use["use"] = json!("attest");
    let mut later_alg = signing.clone();
    later_alg["alg"] = json!("RS1024");
    let others: [(&str, Value); 6] = [
        ("Ed25519", json!({"kty": "OKP", "crv": "Ed25519", "kid": "other", "alg": "EdDSA",
            "x": "FfB32Fd6PNl6wgCuNJS5nS84xYs1aBqNJ6J4fa_mtWY"})),
        ("later use", later_use),
        ("later alg", later_alg),
        ("X25519", json!({"kty": "OKP", "crv": "X25519", "kid": "other", "use": "enc",
            "alg": "ECDH-ES", "x": "SbTBvn9fgXpCpPCKv4JG9Og8w0mMHJIN3fW-38hP5jE"})),
        ("AKP", json!({"kty": "AKP", "kid": "other", "alg": "ML-DSA-44", "pub": "AAAA"})),
        ("later kty", json!({"kty": "LATER", "kid": "other"})),
    ];
    let mut seen = vec![];
    for (name, other) in others {
        let set = from_value::<JwkSet>(json!({"keys": [signing, other]}));
        let found = match &set {
            Ok(set) if set.find("2026").is_some() => "found",
            Ok(_) => "missing",
            Err(problem) => {
                println!("{problem}");
                "set refused"
            }
        };
        seen.push(format!("{name}: {found}"));
    }
    let line = seen.join(" | ");
    println!("{line}");
    let expected = "Ed25519: found | later use: found | later alg: found \
        | X25519: set refused | AKP: set refused | later kty: set refused";
    std::process::exit((line != expected) as i32);
}
RUST
cargo run --quiet
