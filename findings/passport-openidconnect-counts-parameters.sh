#!/bin/sh
# passport-openidconnect 0.1.2 (npm), Node 20.
#
# The README gives `userInfoURL`, but whether userinfo is asked depends on how many parameters
# the application's callback declares: with nine it is asked, with the three of the README
# (issuer, profile, cb), five or eight it is not, and the profile is then what the ID token
# says. `skipUserProfile: false` asks always.
#
# Output seen: userinfo asked, by parameters: 3: 0 | 5: 0 | 8: 0 | 9: 1 |
# 3 and skipUserProfile false: 1. Exits non-zero once that is no longer so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund passport-openidconnect@0.1.2
cat > run.js <<'JS'
const http = require("http");
const Strategy = require("passport-openidconnect");
const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
let asked = 0;
let origin;
const provider = http.createServer((request, response) => {
  const userinfo = request.url.startsWith("/userinfo");
  if (userinfo) asked += 1;
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: origin, sub: "ann", aud: "client", iat: now, exp: now + 60 };
  const token = `${part({ alg: "RS256" })}.${part(claims)}.c2ln`;
  response.setHeader("Content-Type", "application/json");
  response.end(JSON.stringify(userinfo ? { sub: "ann", name: "Ann" }
    : { access_token: "at", token_type: "Bearer", id_token: token }));
});
const callbacks = {
  3: (a, b, done) => done(null, {}),
  5: (a, b, c, d, done) => done(null, {}),
  8: (a, b, c, d, e, f, g, done) => done(null, {}),
  9: (a, b, c, d, e, f, g, h, done) => done(null, {}),
};
const store = { store: (...all) => all.pop()(null, "state"), verify: (...all) => all.pop()(null, {}, "state") };
function signIn(count, more) {
  asked = 0;
  const strategy = new Strategy({
    issuer: origin, authorizationURL: origin + "/authorize", tokenURL: origin + "/token",
    userInfoURL: origin + "/userinfo", clientID: "client", clientSecret: "secret",
    callbackURL: "http://localhost/cb", store, ...more,
  }, callbacks[count]);
  return new Promise((resolve, reject) => {
    strategy.success = () => resolve(asked);
    strategy.fail = strategy.error = (problem) => reject(problem);
    strategy.authenticate({ query: { code: "code", state: "state" }, url: "/cb", headers: {}, session: {} }, {});
  });
}
provider.listen(0, "127.0.0.1", async () => {
  origin = `http://127.0.0.1:${provider.address().port}`;
  const seen = [];
  for (const count of [3, 5, 8, 9]) seen.push(`${count}: ${await signIn(count)}`);
  seen.push(`3 and skipUserProfile false: ${await signIn(3, { skipUserProfile: false })}`);
  const line = seen.join(" | ");
  console.log("userinfo asked, by parameters:", line);
  process.exit(line === "3: 0 | 5: 0 | 8: 0 | 9: 1 | 3 and skipUserProfile false: 1" ? 0 : 1);
});
JS
node run.js
