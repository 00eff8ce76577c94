// web_browse: a page with its scripts, in a page of its own or in one that is kept under a name.
import { act } from './actions.js';
import { Session } from './session.js';
import { begin, checkStatus, contentOf, fail, partial, remark, succeed, visit, wishOf } from './visit.js';

const KEPT_MAX = 4;

export class Browsing {
  #kept = new Map(); // in the order of their last use

  constructor(browser) {
    this.browser = browser;
  }

  async #session(request, outcome, deadline) {
    const name = request.context;
    const kept = name && this.#kept.get(name);
    if (kept && !kept.gone && !kept.crashed) {
      this.#kept.delete(name);
      this.#kept.set(name, kept);
      kept.forget();
      kept.policy.renew(request.policy);
      outcome.context = name;
      return kept;
    }
    if (kept) {
      this.#kept.delete(name);
      await kept.close();
      outcome.context_lost = true;
    }
    const session = await Session.open(this.browser, { scripts: true, rules: request.policy, deadline });
    if (name)
      await this.#keep(name, session, outcome);
    return session;
  }

  async #keep(name, session, outcome) {
    this.#kept.set(name, session);
    outcome.context = name;
    for (const [oldest, other] of this.#kept) {
      if (this.#kept.size <= KEPT_MAX)
        break;
      this.#kept.delete(oldest);
      await other.close();
      outcome.closed_context = oldest;
    }
  }

  async #leave(request, session, stuck) {
    if (!request.context || stuck || session.crashed) {
      if (request.context)
        this.#kept.delete(request.context);
      await session.close();
    }
  }

  async browse(request, { deadline, print, say }) {
    const wish = wishOf(request, 'html');
    let outcome = { type: 'web', success: false, url: request.url, title: '' };
    let session = null;
    let found = {};
    try {
      const begun = begin(request, wish.format);
      outcome = begun.outcome;
      session = await this.#session(request, outcome, deadline);
      found = await this.#read(session, begun.url, request, { outcome, wish, deadline, say });
    } catch (error) {
      fail(outcome, session, error, deadline);
      if (session)
        found = await partial(session, wish, outcome, error);
    } finally {
      if (session) {
        remark(outcome, session);
        await this.#leave(request, session, found.stuck);
      }
    }
    if (found.stuck && request.context)
      outcome.context_lost = true;
    await print(found.content ?? '');
    await say(outcome);
  }

  async #read(session, url, request, { outcome, wish, deadline, say }) {
    // The page that is kept is gone on with, unless another one is asked for.
    const stay = session.page.url() === url.href && session.lastStatus !== undefined;
    const got = stay ? null : await visit(session, url, outcome, deadline, true);
    if (!stay)
      session.lastStatus = got?.status ?? null;
    outcome.continued = stay || undefined;
    outcome.actions_done = 0;
    for (const step of request.actions ?? []) {
      await act(session, step, outcome.actions_done, deadline, say);
      outcome.actions_done++;
    }
    const moved = (request.actions ?? []).length > 0;
    if (session.download)
      throw new Error('download');
    const found = await contentOf(session, moved ? null : got, wish, deadline);
    succeed(outcome, found);
    if (!moved)
      checkStatus(got);
    if (session.policy.tooLarge)
      throw session.policy.sizeFailure();
    return found;
  }
}
