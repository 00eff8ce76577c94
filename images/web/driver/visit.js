// What web_scrape and web_browse share: load, look at what kind of thing came, take its content, and
// tell all that as one outcome.  A page that fails half-way still gives what is there.
import { Failure, Deadline } from './failure.js';
import { extract } from './extract.js';
import { load, loadFailure, parseUrl, refusalOf, settle, statusLine } from './load.js';

const PARTIAL_MS = 1500;
const CONTENT_MAX = 8 * 1024 * 1024; // characters
const PAGE_TYPES = /^(text\/html|application\/xhtml\+xml|)$/;
const TEXT_TYPES = /^text\/|^application\/(.*\+)?(json|xml|javascript)$|^image\/svg\+xml$/;

export function wishOf(request, fallback) {
  return { format: request.format ?? fallback, selector: request.selector ?? null, limit: CONTENT_MAX };
}

/** A text that is no page: as it is. */
async function plainText(session, got, wish, deadline) {
  if (wish.selector)
    throw new Failure('not_a_page', `${got.type} has no elements: leave selector out`);
  const body = await deadline.hold(got.response.body());
  const content = body.toString('utf8'); // the browser has decoded it
  return { content: content.slice(0, wish.limit), cut: content.length > wish.limit, title: '', url: session.page.url() };
}

function checkKind(got) {
  if (/^\s*attachment/i.test(got.disposition) || !(PAGE_TYPES.test(got.type) || TEXT_TYPES.test(got.type)))
    throw new Failure('not_a_page', `it is ${got.type || 'a file'}, not a page; fetch it with a command in a container`);
}

export function checkStatus(got) {
  if (got && got.status >= 400)
    throw new Failure('http_status', statusLine(got));
}

export async function contentOf(session, got, wish, deadline) {
  if (got && !PAGE_TYPES.test(got.type))
    return plainText(session, got, wish, deadline);
  const found = await extract(session, wish, deadline);
  // It went on by itself, and what is seen is Chromium's own word for that.
  if (/^chrome-error:/.test(found.url))
    throw refusalOf(session) ?? new Failure('connect', `the page went on to ${session.lastUrl}, which could not be loaded`);
  return found;
}

/** Loads it; the facts of the answer go into outcome. */
export async function visit(session, url, outcome, deadline, rest) {
  try {
    const got = await load(session, url, deadline);
    note(outcome, got);
    if (got)
      checkKind(got);
    if (rest)
      await settle(session, deadline);
    return got;
  } catch (error) {
    note(outcome, error.main);
    if (error.main && !session.policy.tooLarge)
      checkKind(error.main);
    throw error;
  }
}

function note(outcome, got) {
  if (got)
    Object.assign(outcome, { status: got.status, media_type: got.type });
}

const NOTHING_TO_SHOW = new Set(['not_a_page', 'download', 'crashed', 'interrupted']);

/**
 * What there is of a page that failed; stuck: it does not even answer.  Where what was to be read
 * matched nothing, nothing is the answer; where an action did, the page shows what else there is.
 */
export async function partial(session, wish, outcome, error) {
  const short = new Deadline(PARTIAL_MS);
  if (NOTHING_TO_SHOW.has(outcome.error_code) || error.facts?.problem)
    return {};
  try {
    if (!session.page || session.gone || !/^https?:/.test(session.page.url()))
      return {};
    const found = await extract(session, { ...wish, selector: null }, short);
    outcome.title = found.title;
    return found;
  } catch (error) {
    return { stuck: error.code === 'timeout' };
  }
}

export function begin(request, format) {
  return { outcome: { type: 'web', success: false, url: request.url, title: '', format }, url: parseUrl(request.url) };
}

export function succeed(outcome, found) {
  Object.assign(outcome, { success: true, url: found.url, title: found.title, matches: found.matches, cut: found.cut });
}

/** Turns what was thrown into the outcome's error; what is no Failure and no page's doing is thrown on. */
export function fail(outcome, session, error, deadline) {
  const why = session ? loadFailure(session, error, deadline) : error;
  if (!(why instanceof Failure))
    throw error;
  Object.assign(outcome, { success: false, error: why.message, error_code: why.code, domain: why.facts.domain });
  const shown = session?.page && !session.gone ? session.page.url() : '';
  outcome.url = [why.facts.url, shown, session?.lastUrl].find((url) => /^https?:/.test(url ?? '')) ?? outcome.url;
  outcome.title = why.facts.title ?? outcome.title;
}

/** What else was seen. */
export function remark(outcome, session) {
  const blocked = session.policy.blockedHosts();
  if (blocked.length > 0)
    outcome.blocked = blocked.slice(0, 20);
  if (session.dialogs > 0)
    outcome.dialogs = session.dialogs;
  outcome.bytes = session.policy.bytes;
}
