// The steps of web_browse, one after another; the first that fails ends them, and is named.
import { Failure, within } from './failure.js';

const STEP_MS = 5000;
const WAIT_MS = 10_000;
const LAST_WORD_MS = 250; // a step ends before its call does, so that it can say what was missing
const AFTER_CLICK_MS = 5000;
const MOMENT_MS = 300;
const PICTURE_MAX = 2_900_000; // bytes: an outcome is a line of at most 4 MiB, in base64
const PICTURE_HEIGHT_MAX = 8000;

function target(page, step) {
  if (step.selector)
    return page.locator(`css=${step.selector}`).first();
  if (step.text)
    return page.getByText(step.text).first();
  throw new Failure('invalid_action', 'it needs a selector or a text');
}

function named(step) {
  return step.selector ? `selector ${step.selector}` : `text ${JSON.stringify(step.text)}`;
}

/** Runs what waits for an element, and says so when there is none. */
async function onElement(page, step, timeout, work) {
  const element = target(page, step);
  try {
    await element.waitFor({ state: 'attached', timeout });
  } catch (error) {
    if (/not a valid selector|Unexpected token|SyntaxError|Malformed|while parsing/.test(error.message))
      throw new Failure('invalid_selector', `not a CSS selector: ${step.selector}`);
    throw new Failure('selector_not_found', `nothing on the page matches the ${named(step)}`);
  }
  try {
    return await work(element);
  } catch (error) {
    if (/Timeout/.test(error.message))
      throw new Failure('action_failed', `what matches the ${named(step)} could not be used: it is hidden, covered or disabled`);
    throw error;
  }
}

/** What a click begins shows a moment later; what it changes by script alone is for wait_for. */
async function rest(page, timeout) {
  await page.waitForTimeout(Math.min(timeout, MOMENT_MS)).catch(() => {});
  await page.waitForLoadState('domcontentloaded', { timeout }).catch(() => {});
  await page.waitForLoadState('networkidle', { timeout: Math.min(timeout, 2000) }).catch(() => {});
}

/** Does what may lead to another page, here or in a window of its own, and follows. */
async function leading(session, timeout, work) {
  const most = Math.min(timeout, AFTER_CLICK_MS);
  const popup = session.popup = {};
  popup.arrived = new Promise((resolve) => {
    popup.arrive = resolve;
  });
  try {
    const opens = await work();
    // A window comes a while after the click, and nothing but a link's target tells of it.
    if (opens)
      await within(most, popup.arrived, () => new Error('late')).catch(() => {});
    else
      await rest(session.page, most);
  } finally {
    session.popup = null;
  }
  if (popup.page) {
    const before = session.page;
    session.adopt(popup.page);
    before.close().catch(() => {});
    await rest(session.page, most);
  }
}

/** Runs inside the page: whether a click on the element opens a window. */
function opensWindow(element) {
  const target = element.closest('a[target], area[target]')?.target ?? '';
  return target !== '' && !/^_(self|parent|top)$/i.test(target);
}

async function click(element, timeout) {
  const opens = await element.evaluate(opensWindow);
  await element.click({ timeout });
  return opens;
}

function dimensions(picture) {
  return { width: picture.readUInt32BE(16), height: picture.readUInt32BE(20) };
}

async function wholeClip(page) {
  const { cssContentSize: size } = await page.context().newCDPSession(page).then(async (cdp) => {
    const metrics = await cdp.send('Page.getLayoutMetrics');
    cdp.detach().catch(() => {});
    return metrics;
  });
  return { x: 0, y: 0, width: Math.min(Math.ceil(size.width), 1920) || 1,
    height: Math.min(Math.ceil(size.height), PICTURE_HEIGHT_MAX) || 1 };
}

async function shoot(session, step, timeout, say) {
  const page = session.page;
  const options = { timeout, animations: 'disabled', scale: 'css' };
  const take = step.selector
    ? (more) => onElement(page, step, timeout, (element) => element.screenshot({ ...options, ...more }))
    : async (more) => page.screenshot({ ...options, ...more, ...(step.full_page ? { fullPage: true, clip: await wholeClip(page) } : {}) });
  let picture = await take({ type: 'png' });
  const size = dimensions(picture);
  let mime_type = 'image/png';
  if (picture.length > PICTURE_MAX) {
    picture = await take({ type: 'jpeg', quality: 60 });
    mime_type = 'image/jpeg';
  }
  if (picture.length > PICTURE_MAX)
    throw new Failure('too_large', 'the picture is too large: take one without full_page, or of a selector');
  await say({ type: 'image', mime_type, data: picture.toString('base64'), ...size });
}

async function scroll(page, step, timeout) {
  if (step.selector || step.text) {
    await onElement(page, step, timeout, (element) => element.scrollIntoViewIfNeeded({ timeout }));
    return;
  }
  if (step.to)
    await page.keyboard.press(step.to === 'top' ? 'Control+Home' : 'Control+End');
  else
    await page.mouse.wheel(0, step.pixels ?? 800);
  await page.waitForTimeout(200);
}

async function waitFor(page, step, left) {
  const timeout = Math.min(left, step.seconds > 0 ? step.seconds * 1000 : WAIT_MS);
  if (step.selector || step.text)
    await onElement(page, step, timeout, (element) => element.waitFor({ state: 'visible', timeout }));
  else if (step.seconds > 0)
    await page.waitForTimeout(timeout);
  else
    throw new Failure('invalid_action', 'it needs a selector, a text, or seconds');
}

const STEPS = {
  click: (session, step, timeout) => leading(session, timeout, () =>
    onElement(session.page, step, timeout, (element) => click(element, timeout))),
  type: (session, step, timeout) => onElement(session.page, { selector: step.selector }, timeout,
    (element) => element.fill(step.text ?? '', { timeout })),
  press: (session, step, timeout) => leading(session, timeout, () => (step.selector
    ? onElement(session.page, { selector: step.selector }, timeout, (element) => element.press(step.key, { timeout }))
    : session.page.keyboard.press(step.key))),
  wait_for: (session, step, timeout) => waitFor(session.page, step, timeout),
  scroll: (session, step, timeout) => scroll(session.page, step, timeout),
  screenshot: (session, step, timeout, say) => shoot(session, step, timeout, say),
};

function reworded(error, step, at) {
  const where = `action ${at + 1} (${step.action})`;
  if (error instanceof Failure)
    return new Failure(error.code, `${where}: ${error.message}`, error.facts);
  if (/Unknown key/.test(error.message))
    return new Failure('invalid_action', `${where}: there is no key ${JSON.stringify(step.key)}; keys are named as in KeyboardEvent.key, such as Enter or Control+a`);
  if (/not an <input>|cannot be filled/i.test(error.message))
    return new Failure('action_failed', `${where}: what matches the selector takes no text`);
  return null;
}

/** One step of them, the at-th from 0; rejects with a failure that names it. */
export async function act(session, step, at, deadline, say) {
  const left = Math.max(1, deadline.left() - LAST_WORD_MS);
  const timeout = step.action === 'wait_for' ? left : Math.min(STEP_MS, left);
  try {
    if (!Object.hasOwn(STEPS, step.action))
      throw new Failure('invalid_action', `there is no such action; there are ${Object.keys(STEPS).join(', ')}`);
    await deadline.hold(Promise.race([session.broken, STEPS[step.action](session, step, timeout, say)]));
  } catch (error) {
    throw reworded(error, step, at) ?? error;
  }
}
