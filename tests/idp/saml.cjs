// SPDX-License-Identifier: Apache-2.0
// A SAML 2.0 identity provider on loopback: node saml.cjs PORT ACS-URL KEY CERTIFICATE. Its form takes any
// user name; the name becomes the NameID. Prints "ready" when it listens.
const fs = require('fs');
const http = require('http');
const samlp = require('samlp');

const [port, acs, keyFile, certFile] = process.argv.slice(2);
const base = `http://localhost:${port}`;
const quote = (text) => String(text).replace(/&/g, '&amp;').replace(/"/g, '&quot;');

const groups = { olga: ['staff', 'pki-officers'], nina: ['staff', 'web-team'], odd: ['staff'] };
const names = { olga: 'Olga', nina: 'Nina', odd: 'O'.repeat(100) };

function Profile(user) {
    this.getClaims = () => ({ email: `${user.id}@example.test`, name: names[user.id], groups: groups[user.id],
        // an attribute by which a provider would pass for another one
        IDP: user.id === 'liar' ? 'https://idp.example/other' : undefined });
    this.getNameIdentifier = () => ({
        nameIdentifier: user.id,
        nameIdentifierFormat: 'urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified',
    });
}
Profile.prototype.metadata = [];
const profileMapper = (user) => new Profile(user);
profileMapper.prototype = { metadata: [] };

const options = {
    destination: acs,
    recipient: acs,
    issuer: `${base}/idp`,
    cert: fs.readFileSync(certFile),
    key: fs.readFileSync(keyFile),
    lifetimeInSeconds: 300,
    profileMapper,
    getPostURL: (audience, dom, request, done) => done(null, acs),
    getUserFromRequest: (request) => request.user,
    responseHandler: (answer, given, request, response) => response.send(
        `<form method="post" action="${acs}">` +
        `<input type="hidden" name="SAMLResponse" value="${answer.toString('base64')}"/>` +
        `<input type="hidden" name="RelayState" value="${quote(request.query.RelayState || '')}"/></form>`),
};
const logIn = samlp.auth(options);
const describe = samlp.metadata({
    issuer: options.issuer,
    cert: options.cert,
    endpointPath: '',
    redirectEndpointPath: '/sso',
    postEndpointPath: '/sso',
    logoutEndpointPaths: { redirect: '/slo' },
    profileMapper,
});

// what samlp expects of the framework that it was written for
function dress(request, response, url) {
    request.query = Object.fromEntries(url.searchParams);
    request.body = {};
    request.protocol = 'http';
    request.originalUrl = request.url;
    request.get = (name) => request.headers[name.toLowerCase()];
    response.set = response.setHeader.bind(response);
    response.send = (body) => {
        if (!response.getHeader('content-type')) {
            response.setHeader('Content-Type', 'text/html');
        }
        response.end(body);
    };
}

http.createServer((request, response) => {
    const url = new URL(request.url, base);
    const fail = (error) => {
        response.statusCode = error ? 500 : 404;
        response.end(String(error || 'nothing here'));
    };

    dress(request, response, url);
    if (url.pathname === '/metadata') {
        describe(request, response, fail);
    } else if (url.pathname === '/sso') {
        response.send(`<form method="post" action="/login?${quote(url.searchParams)}"><input name="user"></form>`);
    } else if (url.pathname === '/login') {
        let body = '';
        request.on('data', (part) => { body += part; }).on('end', () => {
            request.user = { id: new URLSearchParams(body).get('user') };
            logIn(request, response, fail);
        });
    } else {
        fail();
    }
}).listen(Number(port), '127.0.0.1', () => console.log('ready'));
