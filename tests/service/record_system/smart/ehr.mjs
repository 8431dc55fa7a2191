// A record system made of parts that are not ours: `oidc-provider` (npm) gives tokens, a FHIR server behind it the
// records. What SMART asks for beyond OpenID is glue here: the patient in the token answer, fhirUser, its configuration.
// node ehr.mjs PORT FHIR_BASE REDIRECT  (oidc-provider is found from the working directory)
import { createServer, request } from "node:http";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [port, fhirBase, redirect] = process.argv.slice(2);
const here = `http://127.0.0.1:${port}`;
const find = createRequire(`${process.cwd()}/`);
const { default: Provider } = await import(pathToFileURL(find.resolve("oidc-provider")));

const provider = new Provider(here, {
  clients: [{
    client_id: "equipoise", client_secret: "made-up-for-a-test", redirect_uris: [redirect], scope: undefined,
    token_endpoint_auth_method: "client_secret_basic", grant_types: ["authorization_code"], response_types: ["code"],
  }],
  scopes: ["openid", "fhirUser", "launch"],
  claims: { openid: ["sub"], fhirUser: ["fhirUser"] },
  extraParams: ["launch", "aud"],
  conformIdTokenClaims: false,
  features: { devInteractions: { enabled: false }, resourceIndicators: { enabled: false } },
  findAccount: (ctx, id) => ({
    accountId: id,
    claims: () => ({ sub: id, fhirUser: `${here}/fhir/Practitioner/${id}` }),
  }),
  interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  ttl: { AccessToken: 300, Session: 300, Grant: 300, Interaction: 300, IdToken: 300 },
  cookies: { keys: ["made-up-for-a-test"] },
});

const launches = { "launch-1": { patient: "P-1", scope: "launch openid fhirUser patient/*.rs user/Practitioner.r" } };

provider.use(async (ctx, next) => {
  await next();
  if (ctx.path === "/token" && ctx.body?.access_token) {
    const { patient, scope } = launches[ctx.oidc.entities.AuthorizationCode.extra?.launch ?? "launch-1"];
    ctx.body = { ...ctx.body, patient, scope };
  }
});

// Clinical scopes are not OpenID's: they are taken off on the way in, and granted in the token answer above.
function known(url) {
  const asked = new URL(url, here);
  const scopes = (asked.searchParams.get("scope") ?? "").split(" ");
  asked.searchParams.set("scope", scopes.filter((one) => ["openid", "fhirUser", "launch"].includes(one)).join(" "));
  return asked.pathname + asked.search;
}

async function logIn(req, res) {
  const details = await provider.interactionDetails(req, res);
  if (req.method === "GET") {
    res.setHeader("content-type", "text/html");
    res.end(`<!doctype html><title>Log in</title><form method="post"><button>${details.prompt.name}</button></form>`);
    return;
  }
  const grant = new provider.Grant({ accountId: "7", clientId: details.params.client_id });
  grant.addOIDCScope(details.params.scope);
  const result = details.prompt.name === "login" ? { login: { accountId: "7" } } : {};
  result.consent = { grantId: await grant.save() };
  await provider.interactionFinished(req, res, result, { mergeWithLastSubmission: true });
}

async function records(req, res) {
  if (req.url === "/fhir/.well-known/smart-configuration") {
    const capabilities = ["launch-ehr", "sso-openid-connect", "client-confidential-symmetric", "context-ehr-patient"];
    res.setHeader("content-type", "application/json");
    res.end(JSON.stringify({
      issuer: here, jwks_uri: `${here}/jwks`, authorization_endpoint: `${here}/auth`, token_endpoint: `${here}/token`,
      grant_types_supported: ["authorization_code"], code_challenge_methods_supported: ["S256"], capabilities,
    }));
    return;
  }
  const token = (req.headers.authorization ?? "").replace("Bearer ", "");
  if (!(await provider.AccessToken.find(token))) {
    res.statusCode = 401;
    res.end();
    return;
  }
  if (req.url.startsWith("/fhir/QuestionnaireResponse")) { // what the FHIR server does not know
    res.setHeader("content-type", "application/fhir+json");
    res.end(JSON.stringify({ resourceType: "Bundle", type: "searchset" }));
    return;
  }
  const headers = { accept: "application/fhir+json" };
  request(fhirBase + req.url.slice("/fhir".length), { headers }, (answer) => {
    res.writeHead(answer.statusCode, { "content-type": answer.headers["content-type"] });
    answer.pipe(res);
  }).end();
}

const tokens = provider.callback();
createServer((req, res) => {
  const answer = req.url.startsWith("/fhir/") ? records(req, res)
    : req.url.startsWith("/interaction/") ? logIn(req, res)
    : (req.url = req.url.startsWith("/auth?") ? known(req.url) : req.url, tokens(req, res));
  Promise.resolve(answer).catch((error) => { res.statusCode = 500; res.end(String(error)); });
}).listen(Number(port), "127.0.0.1", () => console.log(here));
