// SPDX-License-Identifier: Apache-2.0
// An OpenID Provider on loopback: node oidc.mjs PORT REDIRECT-URI. Its own forms take any user name and
// password; the name becomes the claim "sub", and some have a name and groups. Prints "ready" when it listens.
import Provider from 'oidc-provider';

const [port, redirect] = process.argv.slice(2);
const groups = { olga: ['staff', 'pki-officers'], nina: ['staff', 'web-team'], odd: ['staff'] };
const names = { olga: 'Olga', nina: 'Nina', odd: 'O'.repeat(100) };
const provider = new Provider(`http://localhost:${port}`, {
    clients: [{
        client_id: 'certmgr',
        client_secret: 'a-secret-for-tests-only',
        redirect_uris: [redirect],
        response_types: ['code'],
        grant_types: ['authorization_code'],
    }],
    cookies: { keys: ['for tests only'] },
    claims: { openid: ['sub'], email: ['email'], profile: ['name'], groups: ['groups'] },
    scopes: ['openid', 'email', 'profile', 'groups'],
    findAccount: (ctx, id) => ({ accountId: id, claims: () => ({
        sub: id, email: `${id}@example.test`, name: names[id], groups: groups[id],
    }) }),
    features: { devInteractions: { enabled: true } },
    ttl: { AccessToken: 600, IdToken: 600, Interaction: 600, Session: 600, Grant: 600 },
});
provider.on('server_error', (ctx, error) => console.error(error));
provider.listen(Number(port), '127.0.0.1', () => console.log('ready'));
