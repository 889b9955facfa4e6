#!/bin/sh
# saml2-js 4.0.4 (npm), Node 20; the signature by xml-crypto 6.1.2 (npm).
#
# Expected: an identity provider that offers no single logout signs people in. SessionIndex of
# an AuthnStatement is optional (SAML 2.0 core, section 2.7.2), demanded where the provider
# supports single logout (SAML 2.0 profiles, section 4.1.4.2).
#
# Seen: an assertion without it is refused as a whole, "SessionIndex not an attribute of
# AuthnStatement." The same assertion with one is taken. Exits non-zero once that is no longer so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund saml2-js@4.0.4 xml-crypto@6.1.2
openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 30 \
  -subj /CN=idp 2>/dev/null
cat > run.mjs <<'JS'
import { readFileSync } from "node:fs";
import saml2 from "saml2-js";
import { SignedXml } from "xml-crypto";

const [key, idpCert] = ["key.pem", "cert.pem"].map((name) => readFileSync(name, "utf8"));
const oasis = "urn:oasis:names:tc:SAML:2.0";
const at = (seconds) => new Date(Date.now() + seconds * 1000).toISOString();
const c14n = "http://www.w3.org/2001/10/xml-exc-c14n#";
const sp = new saml2.ServiceProvider({
  entity_id: "https://app.example.com", assert_endpoint: "https://app.example.com/acs",
  private_key: key, certificate: idpCert, allow_unencrypted_assertion: true,
});
const idp = new saml2.IdentityProvider({
  sso_login_url: "https://idp.example.com/sso", certificates: [idpCert],
});

function signIn(index) {
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
    <AuthnStatement AuthnInstant="${at(0)}"${index}><AuthnContext><AuthnContextClassRef
      >${oasis}:ac:classes:unspecified</AuthnContextClassRef></AuthnContext></AuthnStatement>
    <AttributeStatement><Attribute Name="mail"><AttributeValue>ann@example.com</AttributeValue
      ></Attribute></AttributeStatement>
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
  return new Promise((resolve) => {
    sp.post_assert(idp, { request_body: { SAMLResponse } }, (refusal, answer) => {
      resolve(refusal ? refusal.message : answer.user.name_id);
    });
  });
}

const seen = [
  `with: ${await signIn(' SessionIndex="_s"')}`,
  `without: ${await signIn("")}`,
].join(" | ");
console.log(seen);
process.exit(seen === "with: ann"
  + " | without: SessionIndex not an attribute of AuthnStatement." ? 0 : 1);
JS
timeout 60 node run.mjs
