// The one Chromium of this driver, started on first use.  The container is its sandbox: without
// capabilities and user namespaces Chromium cannot build one of its own.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { Failure, within } from './failure.js';

const PROGRAMS = ['/usr/lib/chromium/chromium', '/usr/bin/chromium', '/usr/bin/chromium-browser'];
const CLOSE_MS = 2000;

const FLAGS = [
  '--no-sandbox',
  '--disable-dev-shm-usage', // /dev/shm is small in a container
  '--disable-gpu',
  // Everything goes through the proxy of its session, loopback included; what belongs to no
  // session goes nowhere, and no name is looked up.
  '--proxy-bypass-list=<-loopback>',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
  '--disable-quic',
  '--webrtc-ip-handling-policy=disable_non_proxied_udp',
  '--force-webrtc-ip-handling-policy',
  '--js-flags=--max-old-space-size=256',
  '--disable-crash-reporter',
  '--renderer-process-limit=4',
];

function program() {
  const found = [process.env.SANDPOD_CHROMIUM, ...PROGRAMS].find((path) => path && existsSync(path));
  if (!found)
    throw new Failure('no_browser', 'this image has no Chromium: use the image made from images/web');
  return found;
}

/** The groups of our own children: Chromium leads one. */
function childGroups() {
  const groups = [];
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
      const [, parent, group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (Number(parent) === process.pid && group === pid)
        groups.push(Number(pid));
    } catch {
      // it ended meanwhile
    }
  }
  return groups;
}

export class Browser {
  #opening = null;
  #generation = 0; // of a browser and the sessions in it

  async #launch(deadline) {
    const browser = await chromium.launch({
      executablePath: program(),
      headless: true,
      args: FLAGS,
      // A page opens windows only where somebody clicked.
      ignoreDefaultArgs: ['--disable-popup-blocking'],
      proxy: { server: 'http://127.0.0.1:1' },
      timeout: Math.max(1, deadline.left()),
      handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false,
    });
    const generation = this.#generation;
    browser.on('disconnected', () => this.#forget(generation));
    return browser;
  }

  #forget(generation) {
    if (generation !== this.#generation)
      return false;
    this.#opening = null;
    this.#generation++;
    return true;
  }

  /** { chromium, generation } */
  async open(deadline) {
    this.#opening ??= this.#launch(deadline);
    const generation = this.#generation;
    try {
      return { chromium: await deadline.hold(this.#opening), generation };
    } catch (error) {
      this.kill(generation);
      if (error instanceof Failure)
        throw error;
      throw new Failure('no_browser', `Chromium did not start: ${error.message.split('\n')[0]}`);
    }
  }

  /** For one that does not answer: what hangs in it would hang for the next call, too.  One that
   * came after it is left alone. */
  kill(generation = this.#generation) {
    if (!this.#forget(generation))
      return;
    for (const group of childGroups()) {
      try {
        process.kill(-group, 'SIGKILL');
      } catch {
        // it is gone
      }
    }
  }

  /** Waits for the end of what belongs to a session; a browser that does not end it is killed. */
  async finish(promise, generation) {
    try {
      await within(CLOSE_MS, promise, () => new Error('late'));
    } catch {
      this.kill(generation);
    }
  }
}
