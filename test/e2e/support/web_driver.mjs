// The driver of images/web on this machine, spoken to as process 1 does, and pages for it to visit.
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const DRIVER = join(dirname(fileURLToPath(import.meta.url)), '../../../images/web/driver/driver.js');

export class Driver {
  constructor(env = {}) {
    this.child = spawn(process.execPath, [DRIVER], { env: { ...process.env, UV_THREADPOOL_SIZE: '16', ...env }, stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'] });
    this.stdout = '';
    this.stderr = '';
    this.lines = [];
    this.child.stdout.setEncoding('utf8').on('data', (text) => { this.stdout += text; });
    this.child.stderr.setEncoding('utf8').on('data', (text) => { this.stderr += text; });
    let rest = '';
    this.child.stdio[4].setEncoding('utf8').on('data', (text) => {
      const parts = (rest + text).split('\n');
      rest = parts.pop();
      for (const line of parts)
        this.#onLine(line);
    });
    this.exited = new Promise((resolve) => this.child.on('exit', resolve));
  }

  #onLine(line) {
    const done = /^done (\d+)$/.exec(line);
    if (done)
      this.finish(Number(done[1]));
    else
      this.lines.push(JSON.parse(line));
  }

  /** One call: the outcomes, and what was printed. */
  async call(request, policy = {}) {
    const code = JSON.stringify({ ...request,
      policy: { allowed_domains: ['*'], allow_addresses: [], max_bytes: 8 << 20, timeout_ms: 15000, ...policy } });
    const over = new Promise((resolve) => { this.finish = resolve; });
    this.stdout = '';
    this.lines = [];
    this.child.stdio[3].write(`run ${Buffer.byteLength(code)}\n${code}`);
    const status = await Promise.race([over, this.exited.then((code) => `driver ended (${code}): ${this.stderr}`)]);
    // What was printed before "done" is in the pipe by now.
    await new Promise((resolve) => setImmediate(resolve));
    const web = this.lines.find((one) => one.type === 'web') ?? {};
    return { ...web, content: this.stdout, status_code: web.status, status, lines: this.lines,
      images: this.lines.filter((one) => one.type === 'image') };
  }

  interrupt() {
    this.child.kill('SIGINT');
  }

  async stop() {
    this.child.stdio[3].end();
    await this.exited;
  }
}

/** Pages on 127.0.0.1, or where `place` (see here.mjs) lets the server listen: { '/path': html | (req, res) => … }.  hits counts requests by path. */
export class Pages {
  static async serve(routes, place) {
    const pages = new Pages();
    pages.hits = {};
    pages.server = createServer((req, res) => {
      const path = req.url.split('?')[0];
      pages.hits[path] = (pages.hits[path] ?? 0) + 1;
      const route = routes[path];
      if (typeof route === 'function')
        route(req, res);
      else if (route === undefined)
        res.writeHead(404, { 'content-type': 'text/html' }).end('<h1>nothing here</h1>');
      else
        res.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(route);
    });
    if (place)
      pages.place = await place.listen(pages.server);
    else
      await new Promise((resolve) => pages.server.listen(0, '127.0.0.1', resolve));
    const { address, port } = pages.server.address();
    Object.assign(pages, { host: address, port, address: `${address}:${port}`, url: `http://${address}:${port}` });
    return pages;
  }

  stop() {
    if (this.place)
      return this.place.stop();
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }
}
