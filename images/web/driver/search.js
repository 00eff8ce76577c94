// web_search: the providers, each with its way to ask and to read the answer.
import { Failure } from './failure.js';
import { get } from './fetch.js';
import { runApart } from './extract.js';
import { load, loadFailure } from './load.js';
import { Policy } from './policy.js';
import { Session } from './session.js';

const TEXT_MAX = 2000;
const AGENT = 'Mozilla/5.0 (X11; Linux x86_64) Sandpod';

/** Titles and snippets come with emphasis and entities. */
function plain(html) {
  const names = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' };
  return String(html ?? '').replace(/<[^>]*>/g, '')
    .replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(\w+));/gi, (whole, decimal, hex, name) => {
      const code = decimal ? Number(decimal) : hex ? parseInt(hex, 16) : 0;
      return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : names[name] ?? whole;
    })
    .replace(/\s+/g, ' ').trim().slice(0, TEXT_MAX);
}

function squeezed(text) {
  return text.replace(/\s+/g, ' ').trim().slice(0, TEXT_MAX);
}

function rows(list, shape) {
  if (!Array.isArray(list))
    return [];
  return list.map(shape).filter((row) => /^https?:\/\//.test(row.url));
}

function parse(name, body) {
  try {
    return JSON.parse(body);
  } catch {
    throw new Failure('bad_answer', `${name} did not answer with JSON`);
  }
}

/** https://docs.searxng.org/dev/search_api.html */
async function searxng({ query, provider }, policy, deadline) {
  const base = provider.url.endsWith('/') ? provider.url : `${provider.url}/`;
  const url = new URL('search', base);
  url.search = new URLSearchParams({ q: query, format: 'json' });
  const { status, body } = await get(url, { accept: 'application/json', 'user-agent': AGENT }, policy, deadline);
  if (status === 403)
    throw new Failure('provider', 'SearXNG refuses (HTTP 403): its settings.yml must list json under search: formats');
  if (status !== 200)
    throw new Failure('provider', status === 429 ? 'SearXNG refuses: too many requests (HTTP 429)' : `SearXNG answered with HTTP ${status}`);
  const answer = parse('SearXNG', body);
  const found = rows(answer.results, (one) => ({ title: plain(one.title), url: String(one.url ?? ''), snippet: plain(one.content) }));
  // [["google", "CAPTCHA"], …]: with nobody left to ask, no result means nothing.
  if (found.length === 0 && answer.unresponsive_engines?.length > 0)
    throw new Failure('provider', `SearXNG's own sources do not answer: ${plain(answer.unresponsive_engines.join('; '))}`);
  return found;
}

/** https://api-dashboard.search.brave.com/app/documentation/web-search */
async function brave({ query, count, provider }, policy, deadline) {
  const url = new URL(provider.url ?? 'https://api.search.brave.com/res/v1/web/search');
  url.search = new URLSearchParams({ q: query, count: String(Math.min(count, 20)) });
  // Not in the request: the front of that is kept, for lists of commands.
  const key = process.env.SANDPOD_SEARCH_KEY ?? '';
  const { status, body } = await get(url, { accept: 'application/json', 'x-subscription-token': key }, policy, deadline);
  if (status === 401 || status === 403)
    throw new Failure('provider', `Brave refuses the key (HTTP ${status}): the operator should check BRAVE_API_KEY`);
  if (status === 429)
    throw new Failure('provider', 'Brave refuses: the quota of the key is used up, or there were too many requests at once (HTTP 429)');
  if (status === 422 && /SUBSCRIPTION_TOKEN/.test(body))
    throw new Failure('provider', 'Brave refuses the key (HTTP 422): the operator should check BRAVE_API_KEY');
  if (status !== 200)
    throw new Failure('provider', `Brave answered with HTTP ${status}`);
  return rows(parse('Brave', body).web?.results,
    (one) => ({ title: plain(one.title), url: String(one.url ?? ''), snippet: plain(one.description) }));
}

/** Runs inside the page, as text.  Links lead through DuckDuckGo, the target in `uddg`. */
function readDuckDuckGo() {
  const target = (link) => {
    const url = new URL(link.href);
    return url.pathname === '/l/' ? url.searchParams.get('uddg') ?? '' : url.href;
  };
  const results = [...document.querySelectorAll('.result:not(.result--ad)')].map((one) => {
    const link = one.querySelector('a.result__a');
    return link && { title: link.textContent, url: target(link), snippet: one.querySelector('.result__snippet')?.textContent ?? '' };
  }).filter(Boolean);
  return { results, known: Boolean(document.querySelector('#links, .results, .no-results')),
    refused: Boolean(document.querySelector('.anomaly-modal__modal, .anomaly-modal__title, #challenge-form')) };
}

/** The page for browsers without scripts: there is no interface. */
async function duckduckgo({ query, provider, policy: rules }, policy, deadline, browser) {
  const url = new URL(provider.url ?? 'https://html.duckduckgo.com/html/');
  url.search = new URLSearchParams({ q: query });
  const session = await Session.open(browser, { scripts: false, rules, deadline });
  try {
    const got = await load(session, url, deadline);
    const page = await runApart(session, String(readDuckDuckGo), null, deadline);
    if (page.refused || got?.status === 403 || got?.status === 429)
      throw new Failure('provider', 'DuckDuckGo refuses: it takes this server for a robot; try again later, or let the operator set another provider');
    if (got?.status !== 200 || !(page.known || page.results.length > 0))
      throw new Failure('provider', `DuckDuckGo answered with something else than results (HTTP ${got?.status})`);
    return rows(page.results, (one) => ({ title: squeezed(one.title), url: one.url, snippet: squeezed(one.snippet) }));
  } catch (error) {
    throw loadFailure(session, error, deadline);
  } finally {
    await session.close();
  }
}

const PROVIDERS = { searxng, brave, duckduckgo };

export async function search(request, { deadline, browser, say }) {
  const outcome = { type: 'web', success: false, query: request.query, provider: request.provider.name, results: [] };
  const policy = new Policy();
  policy.renew(request.policy);
  try {
    const found = await PROVIDERS[request.provider.name](request, policy, deadline, browser);
    outcome.results = found.slice(0, request.count);
    outcome.success = true;
  } catch (error) {
    if (!(error instanceof Failure))
      throw error;
    Object.assign(outcome, { error: error.message, error_code: error.code });
  } finally {
    policy.cut();
  }
  await say(outcome);
}
