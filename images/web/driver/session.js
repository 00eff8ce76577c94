// A page with everything of its own: cookies, storage, policy and proxy.  Lives for one call, or from
// call to call under a name.
import { Failure } from './failure.js';
import { Policy } from './policy.js';
import { Proxy } from './proxy.js';

const VIEWPORT = { width: 1280, height: 800 };
const HEAVY = new Set(['image', 'media', 'font', 'websocket', 'eventsource', 'manifest', 'texttrack']);

export class Session {
  static async open(browser, { scripts, rules, deadline }) {
    const session = new Session(browser);
    session.policy.renew(rules);
    session.proxy = await Proxy.start(session.policy);
    try {
      await session.#enter(await browser.open(deadline), scripts, deadline);
    } catch (error) {
      await session.close();
      throw error;
    }
    return session;
  }

  constructor(browser) {
    this.browser = browser;
    this.policy = new Policy();
    this.gone = false;
    /* Rejects when the page crashes. */
    this.broken = new Promise((_, reject) => {
      this.breaking = () => reject(new Failure('crashed', 'the page crashed: it needs more memory than there is'));
    });
    this.broken.catch(() => {});
    this.forget();
  }

  /** What a call learns on the way. */
  forget() {
    this.download = null; // a file that a page wanted to hand over
    this.lastUrl = null;  // where the page itself was last sent
    this.dialogs = 0;
    this.popup = null;    // takes the window that a click opens
  }

  async #enter({ chromium, generation }, scripts, deadline) {
    this.generation = generation;
    this.context = await deadline.hold(chromium.newContext({
      javaScriptEnabled: scripts,
      serviceWorkers: 'block',
      acceptDownloads: false,
      viewport: VIEWPORT,
      proxy: { server: this.proxy.url, bypass: '<-loopback>' },
    }));
    this.context.on('page', (page) => this.#onPage(page));
    this.context.on('close', () => {
      this.gone = true;
    });
    if (!scripts)
      await deadline.hold(this.context.route('**', (route) =>
        (HEAVY.has(route.request().resourceType()) ? route.abort() : route.continue()).catch(() => {})));
    this.adopt(await deadline.hold(this.context.newPage()));
  }

  #onPage(page) {
    if (!this.page)
      return; // the first one
    if (this.popup && !this.popup.page) {
      this.popup.page = page;
      this.popup.arrive();
    } else {
      page.close().catch(() => {});
    }
  }

  /** From now on this is the page. */
  adopt(page) {
    this.page = page;
    page.on('request', (request) => {
      if (request.isNavigationRequest() && this.page === page && isMain(request, page))
        this.lastUrl = request.url();
    });
    page.on('download', (download) => {
      this.download ??= { url: download.url(), name: download.suggestedFilename() };
      download.cancel().catch(() => {});
    });
    page.on('dialog', (dialog) => {
      this.dialogs++;
      dialog.dismiss().catch(() => {});
    });
    page.on('crash', () => {
      this.crashed = true;
      this.breaking();
    });
  }

  async close() {
    this.gone = true;
    if (this.context)
      await this.browser.finish(this.context.close(), this.generation);
    this.proxy?.stop();
  }
}

function isMain(request, page) {
  try {
    return request.frame() === page.mainFrame();
  } catch {
    return true; // the page is so new that it has no frame yet
  }
}
