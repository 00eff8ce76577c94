// Brings a page to a URL, and says in words what came of it.
import { Failure } from './failure.js';
import { plainHost } from './policy.js';
import { MARK } from './proxy.js';

const SETTLE_MS = { load: 5000, networkidle: 2000 };

export function parseUrl(text) {
  let url;
  try {
    url = new URL(text);
  } catch {
    throw new Failure('invalid_url', `not a URL: ${JSON.stringify(String(text).slice(0, 200))}; it begins with http:// or https://`);
  }
  if (!['http:', 'https:'].includes(url.protocol))
    throw new Failure('invalid_url', `${url.protocol} is not visited: only http and https are`);
  return url;
}

const NET_ERRORS = [
  [/ERR_CERT_DATE_INVALID/, 'tls', 'the certificate is out of date'],
  [/ERR_CERT_COMMON_NAME_INVALID/, 'tls', 'the certificate is for another name'],
  [/ERR_CERT_AUTHORITY_INVALID/, 'tls', 'the certificate is not from a known authority'],
  [/ERR_CERT_|ERR_SSL_|ERR_BAD_SSL/, 'tls', 'no secure connection could be made'],
  [/ERR_TOO_MANY_REDIRECTS/, 'redirects', 'it redirects without end'],
  [/ERR_UNSAFE_PORT/, 'blocked', 'browsers do not go to this port'],
  [/ERR_UNSAFE_REDIRECT/, 'blocked', 'it redirects to what is neither http nor https'],
  [/ERR_(EMPTY_RESPONSE|INVALID_HTTP_RESPONSE|RESPONSE_HEADERS|HTTP2_|INCOMPLETE|CONTENT_LENGTH|CONTENT_DECODING)/,
    'bad_answer', 'the server sent no proper answer'],
  [/ERR_(CONNECTION|TUNNEL|PROXY|SOCKET|NETWORK|ADDRESS|TIMED_OUT|NAME)/, 'connect', 'the connection failed'],
  [/ERR_BLOCKED|ERR_ABORTED|ERR_UNKNOWN_URL_SCHEME|ERR_INVALID_URL/, 'blocked', 'it was not loaded'],
];

/** Why the page is not at its URL. */
export function loadFailure(session, error, deadline) {
  if (error instanceof Failure)
    return error;
  if (session.policy.tooLarge)
    return session.policy.sizeFailure();
  const refusal = refusalOf(session);
  if (refusal)
    return refusal;
  if (session.download)
    return new Failure('download', `it is a file to download (${session.download.name}), not a page; ` +
      'fetch it with a command in a container');
  if (/Timeout|timed out/.test(error.message) || deadline.left() === 0)
    return deadline.failure();
  const word = /net::(ERR_[A-Z0-9_]+)/.exec(error.message)?.[1];
  for (const [pattern, code, text] of NET_ERRORS)
    if (word && pattern.test(word))
      return new Failure(code, `${text} (${word})`);
  if (/has been closed|Target closed|disconnected/.test(error.message))
    return new Failure('crashed', 'the browser ended');
  return new Failure('failed', word ?? error.message.split('\n')[0].slice(0, 300));
}

/** The rule that kept the page from where it was last sent. */
export function refusalOf(session) {
  if (!session.lastUrl)
    return null;
  const url = new URL(session.lastUrl);
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80));
  return session.policy.refusalOf(plainHost(url.hostname), port);
}

/** The response that made the page, in words. */
function about(response) {
  if (!response)
    return null;
  const headers = response.headers();
  const [type] = (headers['content-type'] ?? '').split(';');
  return { response, status: response.status(), statusText: response.statusText(), type: type.trim().toLowerCase(),
    disposition: headers['content-disposition'] ?? '' };
}

/** The page's own answer: the newest of those that the main frame was sent. */
function watchAnswers(session) {
  const seen = { main: null };
  seen.on = (response) => {
    if (response.request().isNavigationRequest() && response.url() === session.lastUrl)
      seen.main = response.headers()[MARK] === session.proxy.mark ? null : response;
  };
  session.page.on('response', seen.on);
  return seen;
}

/** Chromium shows an error of its own for an answer without a body. */
function emptyAnswer(response) {
  const status = response?.status();
  if (status >= 400)
    return new Failure('http_status', statusLine({ status, statusText: response.statusText() }));
  if (status === 204 || status === 205)
    return new Failure('no_content', `HTTP ${status}: the server sends no page`);
  return null;
}

export function statusLine({ status, statusText }) {
  return `HTTP ${status}${statusText ? ` ${statusText}` : ''}`;
}

export async function load(session, url, deadline) {
  session.policy.checkDomain(plainHost(url.hostname));
  const seen = watchAnswers(session);
  try {
    const got = await Promise.race([session.policy.overflow, session.broken, deadline.given_up,
      session.page.goto(url.href, { waitUntil: 'domcontentloaded', timeout: Math.max(1, deadline.left()) })]);
    if (got?.headers()[MARK] === session.proxy.mark)
      throw refusalOf(session) ?? new Failure('connect', 'the connection failed');
    return about(got ?? seen.main);
  } catch (error) {
    const why = /ERR_HTTP_RESPONSE_CODE_FAILURE|ERR_ABORTED/.test(error.message) && !session.download
      ? emptyAnswer(seen.main) : null;
    throw Object.assign(why ?? loadFailure(session, error, deadline), { main: about(seen.main) });
  } finally {
    session.page.off('response', seen.on);
  }
}

/** Lets what the page does at first come to rest; one that never does is taken as it is. */
export async function settle(session, deadline) {
  for (const [state, most] of Object.entries(SETTLE_MS)) {
    const timeout = Math.min(most, deadline.left() / 2);
    if (timeout > 1)
      await Promise.race([session.broken, session.page.waitForLoadState(state, { timeout }).catch(() => {})]);
  }
}
