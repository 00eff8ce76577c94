// The driver of the web image: an interpreter whose code is one JSON request (see protocol.js), for
// the tools web_scrape, web_browse and web_search.  Pages are loaded and parsed here, inside the
// container, and nowhere else.
import { Browser } from './browser.js';
import { Browsing } from './browse.js';
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

async function run(code) {
  const request = JSON.parse(code);
  const work = Object.hasOwn(WORK, request.do) && WORK[request.do];
  if (!work)
    throw new Error(`unknown request ${request.do}`);
  // A call that was given up says no more: the next one has the descriptors by then.
  let live = true;
  const tools = { browser, print: async (text) => live && print(text), say: async (outcome) => live && say(outcome) };
  let on_interrupt;
  const interrupted = new Promise((_, reject) => {
    on_interrupt = () => reject(Object.assign(new Error('interrupted'), { interrupted: true }));
  });
  interrupt = on_interrupt;
  try {
    await Promise.race([work(request, tools), interrupted]);
  } finally {
    live = false;
    interrupt = null;
  }
}

async function answer(code) {
  try {
    await run(code);
    await done(0);
  } catch (error) {
    if (error.interrupted)
      browser.kill(); // and with it whatever the call still waits for
    await say({ type: 'error', error_type: error.interrupted ? 'Interrupted' : error.name, message: error.message,
      traceback: '' });
    await done(error.interrupted ? 130 : 1);
  }
}

for await (const code of requests())
  await answer(code);
leave();
