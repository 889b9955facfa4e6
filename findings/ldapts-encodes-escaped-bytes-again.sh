#!/bin/sh
# ldapts 8.2.0 (npm), Node 20.
#
# Expected: a filter given as text asks for the very bytes that its escapes name: a backslash
# and two hexadecimal digits are one octet of the value (RFC 4515 section 3), and the section 4
# has "(sn=Lu\c4\8di\c4\87)" for the UTF-8 of "Lučić". So applications look people up by what a
# directory calls them for good: "(objectGUID=\a1\b2...)" in Active Directory.
#
# Seen: each escaped octet is taken for a character and written as UTF-8, so that every octet
# from 80 on becomes two. The server is asked for "LuÄ\u008diÄ\u0087", and for an objectGUID
# that is longer than 16 bytes: nobody is found, and nothing is said. "Lučić" unescaped, escapes
# below 80, and an EqualityFilter with a Buffer arrive as they should. Exits non-zero once that
# is no longer so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund ldapts@8.2.0
cat > run.mjs <<'JS'
import net from "node:net";
import { Client, EqualityFilter } from "ldapts";

let asked;
const server = net.createServer((peer) => peer.on("data", (message) => {
  const search = message.indexOf(Buffer.from("a3", "hex"), 20); // equalityMatch [3]
  if (search < 0) return peer.end(); // an unbind request
  const value = search + 2 + 2 + message[search + 3];
  asked = message.subarray(value + 2, value + 2 + message[value + 1]).toString("hex");
  const done = [0x30, 0x0c, 2, 1, message[4], 0x65, 7, 10, 1, 0, 4, 0, 4, 0];
  peer.write(Buffer.from(done)); // searchResultDone: success, nobody found
}));
server.listen(0, "127.0.0.1", async () => {
  const client = new Client({ url: `ldap://127.0.0.1:${server.address().port}` });
  const guid = Buffer.from("a1b2c3d4e5f60718293a4b5c6d7e8f90", "hex");
  const escaped = [...guid].map((octet) => `\\${octet.toString(16).padStart(2, "0")}`).join("");
  const filters = {
    "name, unescaped": "(sn=Lučić)",
    "name, escaped": "(sn=Lu\\c4\\8di\\c4\\87)",
    "ASCII, escaped": "(sn=\\4a\\2a)",
    "objectGUID, Buffer": new EqualityFilter({ attribute: "objectGUID", value: guid }),
    "objectGUID, escaped": `(objectGUID=${escaped})`,
  };
  const seen = [];
  for (const [name, filter] of Object.entries(filters)) {
    await client.search("dc=example", { filter });
    seen.push(`${name}: ${asked}`);
  }
  await client.unbind();
  server.close();
  console.log(seen.join("\n"));
  const expected = `name, unescaped: 4c75c48d69c487
name, escaped: 4c75c384c28d69c384c287
ASCII, escaped: 4a2a
objectGUID, Buffer: a1b2c3d4e5f60718293a4b5c6d7e8f90
objectGUID, escaped: c2a1c2b2c383c394c3a5c3b60718293a4b5c6d7ec28fc290`;
  process.exitCode = Number(seen.join("\n") !== expected);
});
JS
timeout 60 node run.mjs
