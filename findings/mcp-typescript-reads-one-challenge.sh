#!/bin/sh
# @modelcontextprotocol/sdk 1.32.2 (npm), Node 20.
#
# Expected: a client learns from a 401 where the metadata of the MCP server are and which scope
# to ask for (RFC 9728 section 5.1, RFC 6750 section 3), whatever else the server offers.
# WWW-Authenticate is a list of challenges in any order (RFC 9110 section 11.6.1: "a list of
# challenges"), and names of their parameters are read without regard to case (section 11.2).
# A server that takes DPoP as well names both (RFC 9449 section 7.1).
#
# Seen: only a header that begins with Bearer is read, and the first scheme alone is looked
# at. "DPoP ..., Bearer ..." gives nothing at all, neither the metadata nor the scope: the
# client goes on to try well-known addresses, and asks for no scope. The same two challenges
# the other way round are read; a parameter in capitals is not. Exits non-zero once that is no
# longer so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @modelcontextprotocol/sdk@1.32.2
cat > run.mjs <<'JS'
import { extractWWWAuthenticateParams } from "@modelcontextprotocol/sdk/client/auth.js";

const bearer = 'Bearer resource_metadata="https://mcp.example.com/meta", scope="orders:read"';
const challenges = [
  bearer,
  `${bearer}, DPoP algs="ES256"`,
  `DPoP algs="ES256", ${bearer}`,
  `Negotiate, ${bearer}`,
  `Basic realm="orders", ${bearer}`,
  bearer.replace("resource_metadata", "Resource_Metadata").replace("scope", "Scope"),
];
const seen = challenges.map((challenge) => {
  const answer = new Response(null, { status: 401, headers: { "WWW-Authenticate": challenge } });
  const { resourceMetadataUrl, scope } = extractWWWAuthenticateParams(answer);
  console.log(`${challenge}\n  -> ${resourceMetadataUrl}, ${scope}`);
  return resourceMetadataUrl && scope ? "read" : "nothing";
});
process.exit(seen.join(" ") === "read read nothing nothing nothing nothing" ? 0 : 1);
JS
timeout 60 node run.mjs
