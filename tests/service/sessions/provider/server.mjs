// An OpenID provider with made-up people; prints its address. Arguments: file of its settings, port (0: any).
// On SIGUSR2 it goes on with another signing key.
import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import Provider from "oidc-provider";

const [settings, port] = [JSON.parse(readFileSync(process.argv[2], "utf8")), Number(process.argv[3])];

function signingKey() {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return { ...privateKey.export({ format: "jwk" }), use: "sig", alg: "RS256", kid: String(Date.now()) };
}

function provider(issuer) {
  const claimed = ["name", "roles", "licence", "organisation"];
  const made = new Provider(issuer, {
    clients: settings.clients,
    jwks: { keys: [signingKey()] },
    claims: { openid: ["sub"], profile: claimed },
    conformIdTokenClaims: false,
    // Its own agent reaches no loopback address, where the service under test listens.
    fetch: (url, { dispatcher, ...options }) => fetch(url, options),
    cookies: { keys: ["of a test"] },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...settings.people[id] }) }),
    extraTokenClaims: (_, token) => settings.people[token.accountId],
    features: {
      backchannelLogout: { enabled: true },
      devInteractions: { enabled: true },
      resourceIndicators: {
        enabled: true,
        useGrantedResource: () => true,
        getResourceServerInfo: (_, audience) => ({
          scope: "openid profile", audience, accessTokenFormat: "jwt", accessTokenTTL: 600,
          jwt: { sign: { alg: "RS256" } },
        }),
      },
    },
  });
  made.on("backchannel.error", (_, error) => console.error(String(error)));
  return made;
}

const server = createServer((request, response) => answer(request, response));
let answer = null;
server.listen(port, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const renew = () => { answer = provider(issuer).callback(); };
  renew();
  process.on("SIGUSR2", renew);
  console.log(issuer);
});
