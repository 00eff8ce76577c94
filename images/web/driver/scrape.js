// web_scrape: one page as it is sent, without its scripts.
import { Session } from './session.js';
import { begin, checkStatus, contentOf, fail, partial, remark, succeed, visit, wishOf } from './visit.js';

export async function scrape(request, { deadline, browser, say, print }) {
  const wish = wishOf(request, 'text');
  let outcome = { type: 'web', success: false, url: request.url, title: '' };
  let session = null;
  let found = {};
  try {
    const begun = begin(request, wish.format);
    outcome = begun.outcome;
    session = await Session.open(browser, { scripts: false, rules: request.policy, deadline });
    const got = await visit(session, begun.url, outcome, deadline, false);
    found = await contentOf(session, got, wish, deadline);
    succeed(outcome, found);
    checkStatus(got);
    if (session.policy.tooLarge)
      throw session.policy.sizeFailure();
  } catch (error) {
    fail(outcome, session, error, deadline);
    if (session && found.content === undefined)
      found = await partial(session, wish, outcome, error);
  } finally {
    if (session)
      remark(outcome, session);
    await session?.close();
  }
  await print(found.content ?? '');
  await say(outcome);
}
