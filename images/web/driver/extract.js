// Takes the content out of a page, in a world of its own: the page's scripts can neither see nor
// replace what runs there.  Works where the page's own scripts are switched off, too.
import { Failure } from './failure.js';
import { toMarkdown } from './markdown.js';

/** Runs inside the page, as text. */
function take(wish, markdown) {
  const found = { title: String(document.title ?? '').slice(0, 1000), url: location.href };
  let roots = [];
  if (wish.selector) {
    try {
      roots = [...document.querySelectorAll(wish.selector)];
    } catch {
      return { ...found, problem: 'invalid' };
    }
    if (roots.length === 0)
      return { ...found, problem: 'missing' };
  } else {
    const whole = wish.format === 'html' ? document.documentElement : document.body ?? document.documentElement;
    roots = whole ? [whole] : [];
  }
  const shape = {
    text: (root) => root.innerText ?? root.textContent,
    markdown,
    html: (root) => root.outerHTML ?? new XMLSerializer().serializeToString(root),
  }[wish.format];
  let content = '';
  for (const root of roots) {
    if (content.length > wish.limit)
      break;
    content += (content ? (wish.format === 'html' ? '\n' : '\n\n') : '') + shape(root);
  }
  if (wish.format === 'html' && !wish.selector && document.doctype)
    content = `<!DOCTYPE ${document.doctype.name}>\n${content}`;
  return { ...found, matches: wish.selector ? roots.length : undefined, cut: content.length > wish.limit,
    content: content.slice(0, wish.limit) };
}

const SOURCE = `function (wish) { return (${take})(wish, ${toMarkdown}); }`;

/** Calls a function, given as text, in a fresh world of the page's main frame. */
async function callApart(session, source, argument) {
  const cdp = await session.context.newCDPSession(session.page);
  try {
    const { frameTree } = await cdp.send('Page.getFrameTree');
    const { executionContextId } = await cdp.send('Page.createIsolatedWorld', { frameId: frameTree.frame.id });
    const { result, exceptionDetails } = await cdp.send('Runtime.callFunctionOn', { executionContextId,
      functionDeclaration: source, arguments: [{ value: argument }], returnByValue: true });
    if (exceptionDetails)
      throw new Failure('failed', `the page could not be read: ${exceptionDetails.exception?.description?.split('\n')[0] ?? exceptionDetails.text}`);
    return result.value;
  } finally {
    cdp.detach().catch(() => {});
  }
}

const TRIES = 5;

/** Whether the page went elsewhere in the middle of it. */
function wentAway(error) {
  return /context|navigat|Cannot find|Frame was detached|frame with given id|-32000/i.test(error.message) &&
    !/has been closed/.test(error.message);
}

/** Like deadline.hold(callApart()), and again when the page leaves meanwhile. */
export async function runApart(session, source, argument, deadline) {
  for (let left = TRIES; ; left--) {
    try {
      return await deadline.hold(Promise.race([session.broken, callApart(session, source, argument)]));
    } catch (error) {
      if (error instanceof Failure || !wentAway(error))
        throw error;
      if (left === 1)
        throw new Failure('restless', 'the page goes on to another one all the time');
      await deadline.hold(session.page.waitForLoadState('domcontentloaded').catch(() => {}));
    }
  }
}

/** { content, title, url, cut } */
export async function extract(session, wish, deadline) {
  const found = await runApart(session, SOURCE, wish, deadline);
  if (found.problem === 'invalid')
    throw new Failure('invalid_selector', `not a CSS selector: ${wish.selector}`, found);
  if (found.problem === 'missing')
    throw new Failure('selector_not_found', `nothing on the page matches the selector ${wish.selector}`, found);
  return found;
}
