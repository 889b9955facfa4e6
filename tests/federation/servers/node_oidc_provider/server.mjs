// node-oidc-provider with the pages that it brings for trying it out: any name may sign in.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const { folder, issuer, port, clients, jwks } = JSON.parse(process.argv[2]);
const path = createRequire(`${folder}/`).resolve('oidc-provider');
const { default: Provider } = await import(pathToFileURL(path));

const provider = new Provider(issuer, {
  clients,
  jwks,
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
  features: { devInteractions: { enabled: true }, backchannelLogout: { enabled: true } },
  // Its own guard calls nobody on this machine.
  fetch: (url, { dispatcher, ...options }) => globalThis.fetch(url, options),
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, email: `${id}@corp.example`, email_verified: true, name: `${id} of Corp` }),
  }),
});
provider.listen(port, '127.0.0.1');
provider.on('backchannel.error', (_, error) => console.log('logout was not told:', error));
