#!/bin/sh
# @node-saml/node-saml 5.1.0 (npm), Node 20; the signature by xml-crypto 6.1.2 (npm).
#
# Expected: who is "admin" and "editor" has both roles, whether the assertion says so in one
# Attribute of two values or in two Attributes of one name. An AttributeStatement has one or
# more Attributes (SAML 2.0 core, section 2.7.3) and nothing there makes their names unique;
# Keycloak 26 writes one for each role unless it is told "Single Role Attribute".
#
# Seen: one is lost, and which one depends on where the application looks: `profile.Role` is
# the first, `profile.attributes.Role` the last. Neither is a list, nothing is said. In one
# Attribute both arrive. Exits non-zero once that is no longer so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @node-saml/node-saml@5.1.0 xml-crypto@6.1.2
openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 30 \
  -subj /CN=idp 2>/dev/null
cat > run.mjs <<'JS'
import { readFileSync } from "node:fs";
import { SAML } from "@node-saml/node-saml";
import { SignedXml } from "xml-crypto";

const [key, idpCert] = ["key.pem", "cert.pem"].map((name) => readFileSync(name, "utf8"));
const oasis = "urn:oasis:names:tc:SAML:2.0";
const at = (seconds) => new Date(Date.now() + seconds * 1000).toISOString();
const c14n = "http://www.w3.org/2001/10/xml-exc-c14n#";
const sp = new SAML({
  callbackUrl: "https://app.example.com/acs", issuer: "https://app.example.com", idpCert,
  entryPoint: "https://idp.example.com/sso", wantAuthnResponseSigned: false,
});

async function profileOf(attributes) {
  const response = `<p:Response xmlns:p="${oasis}:protocol" xmlns="${oasis}:assertion" ID="_r"
    Version="2.0" IssueInstant="${at(0)}" Destination="https://app.example.com/acs">
  <Issuer>https://idp.example.com</Issuer>
  <p:Status><p:StatusCode Value="${oasis}:status:Success"/></p:Status>
  <Assertion ID="_a" Version="2.0" IssueInstant="${at(0)}">
    <Issuer>https://idp.example.com</Issuer>
    <Subject><NameID>ann</NameID><SubjectConfirmation Method="${oasis}:cm:bearer">
      <SubjectConfirmationData NotOnOrAfter="${at(300)}"
        Recipient="https://app.example.com/acs"/></SubjectConfirmation></Subject>
    <Conditions NotBefore="${at(-60)}" NotOnOrAfter="${at(300)}"><AudienceRestriction>
      <Audience>https://app.example.com</Audience></AudienceRestriction></Conditions>
    <AuthnStatement AuthnInstant="${at(0)}"><AuthnContext><AuthnContextClassRef
      >${oasis}:ac:classes:unspecified</AuthnContextClassRef></AuthnContext></AuthnStatement>
    <AttributeStatement>${attributes}</AttributeStatement>
  </Assertion></p:Response>`;
  const signer = new SignedXml({
    privateKey: key, canonicalizationAlgorithm: c14n,
    signatureAlgorithm: "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
  });
  const assertion = "//*[local-name(.)='Assertion']";
  signer.addReference({
    xpath: assertion, digestAlgorithm: "http://www.w3.org/2001/04/xmlenc#sha256",
    transforms: ["http://www.w3.org/2000/09/xmldsig#enveloped-signature", c14n],
  });
  const reference = `${assertion}/*[local-name(.)='Issuer']`;
  signer.computeSignature(response, { location: { reference, action: "after" } });
  const SAMLResponse = Buffer.from(signer.getSignedXml()).toString("base64");
  const { profile } = await sp.validatePostResponseAsync({ SAMLResponse });
  return JSON.stringify([profile.Role, profile.attributes.Role]);
}

const value = (role) => `<AttributeValue>${role}</AttributeValue>`;
const attribute = (values) => `<Attribute Name="Role">${values}</Attribute>`;
const seen = [
  `one Attribute: ${await profileOf(attribute(value("admin") + value("editor")))}`,
  `two Attributes: ${await profileOf(attribute(value("admin")) + attribute(value("editor")))}`,
].join(" | ");
console.log("[profile.Role, profile.attributes.Role]:", seen);
process.exit(seen === 'one Attribute: [["admin","editor"],["admin","editor"]]'
  + ' | two Attributes: ["admin","editor"]' ? 0 : 1);
JS
timeout 60 node run.mjs
