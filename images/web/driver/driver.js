// The driver of the web image: an interpreter whose code is one JSON request (see protocol.js), for
// the tools web_scrape, web_browse and web_search.  Pages are loaded and parsed here, inside the
// container, and nowhere else.
import { Browser } from './browser.js';
import { Browsing } from './browse.js';
import { Deadline, within } from './failure.js';
import { done, print, requests, say } from './protocol.js';
import { scrape } from './scrape.js';
import { search } from './search.js';

const browser = new Browser();
const browsing = new Browsing(browser);

const WORK = {
  scrape,
  browse: (request, tools) => browsing.browse(request, tools),
  search,
};

// Two seconds after an interrupt comes the end of the driver.
const GIVE_UP_MS = 1200;

let interrupt = null;

function leave() {
  browser.kill();
  process.exit(0);
}
process.on('SIGINT', () => interrupt?.());
process.on('SIGTERM', leave);
process.on('SIGHUP', leave);
// What fails in the background belongs to a page that is being given up.
process.on('unhandledRejection', () => {});

/** Resolves to whether the call came to its own end. */
async function run(code) {
  const request = JSON.parse(code);
  const work = Object.hasOwn(WORK, request.do) && WORK[request.do];
  if (!work)
    throw new Error(`unknown request ${request.do}`);
  const deadline = new Deadline(request.policy.timeout_ms);
  // A call that was given up says no more: the next one has the descriptors by then.
  let live = true;
  const tools = { browser, deadline, print: async (text) => live && print(text), say: async (outcome) => live && say(outcome) };
  const interrupted = new Promise((resolve) => {
    interrupt = () => {
      live = false;
      resolve(true);
    };
  });
  const ended = work(request, tools).then(() => false);
  try {
    if (!await Promise.race([ended, interrupted]))
      return true;
    deadline.give_up();
    await within(GIVE_UP_MS, ended, () => new Error('late')).catch(() => browser.kill());
    return false;
  } finally {
    live = false;
    interrupt = null;
  }
}

async function answer(code) {
  try {
    const whole = await run(code);
    if (!whole)
      await say({ type: 'error', error_type: 'Interrupted', message: 'interrupted', traceback: '' });
    await done(whole ? 0 : 130);
  } catch (error) {
    await say({ type: 'error', error_type: error.name, message: error.message, traceback: '' });
    await done(1);
  }
}

for await (const code of requests())
  await answer(code);
leave();
