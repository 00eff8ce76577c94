// The driver of images/web, alone, with real Chromium and pages served on this machine: what it takes
// out of pages, what it refuses to reach, and that no page keeps it.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { inflateSync } from 'node:zlib';
import { Driver, Pages } from './support/web_driver.mjs';
import { Policy } from '../../images/web/driver/policy.js';

const PAGE = `<!doctype html><title>A &amp; B</title><h1>Head</h1><p>one <b>two</b> <a href="/next">next</a></p>
<p style="display:none">hidden</p><script>document.body.append("scripted")</script>
<ul><li>a<li>b<ul><li>c</ul></ul><table><tr><th>x<th>y<tr><td>1<td>2|3</table><pre>x = "\`"\n</pre>`;

const html = (text) => (_, res) => res.writeHead(200, { 'content-type': 'text/html' }).end(text);
const typed = (type, data, more = {}) => (_, res) => res.writeHead(200, { 'content-type': type, ...more }).end(data);
const redirect = (to, status = 302) => (_, res) => res.writeHead(status, { location: to }).end();

let driver, pages, secret, rules;

before(async () => {
  secret = await Pages.serve({ '/': 'the secret' });
  pages = await Pages.serve(routes());
  driver = new Driver({ SANDPOD_SEARCH_KEY: 'the key' });
  // "secret" listens on this machine, too, but nobody may go there.
  rules = { allow_addresses: [pages.address] };
});

after(async () => {
  await driver?.stop();
  await pages?.stop();
  await secret?.stop();
});

function routes() {
  return {
    '/': PAGE,
    '/next': '<title>Next</title><p>the next page</p>',
    '/columns': `<table><tr><td>a<tr><td>1<tr><td>2</table><table><thead><tr><th>b<tbody><tr><td>3</table>
      <table><tr><td><h1>Head</h1><tr><td><p>text</table><table><tr><td>alone</table>`,
    '/text': typed('text/plain; charset=latin1', Buffer.from('caf\xe9', 'latin1')),
    '/json': typed('application/json', '{"a": 1}'),
    '/pdf': typed('application/pdf', '%PDF-1.4'),
    '/zip': typed('application/zip', 'PK', { 'content-disposition': 'attachment; filename=a.zip' }),
    '/empty-404': (_, res) => res.writeHead(404).end(),
    '/slow': () => {},
    '/endless': endless,
    '/huge': huge,
    '/around': redirect('/around'),
    '/away': redirect('/next'),
    '/to-secret': (_, res) => redirect(secret.url)(_, res),
    '/to-metadata': redirect('http://169.254.169.254/latest/meta-data'),
    '/to-name': (_, res) => redirect(`http://localhost:${secret.port}/`)(_, res),
    '/to-file': redirect('file:///etc/passwd'),
    '/refresh-to-secret': (_, res) => html(`<meta http-equiv=refresh content="0;url=${secret.url}">`)(_, res),
    '/parts-from-secret': (_, res) => html(thief())(_, res),
    '/refresh': '<meta http-equiv=refresh content=0>again',
    '/loop': '<p>before</p><script>for(;;);</script>',
    '/hog': '<script>const all = []; for (;;) all.push(new Array(10000).fill(all.length));</script>',
    '/alerts': '<script>for(;;) alert(1)</script>',
    '/windows': '<p>page</p><script>for (let i = 0; i < 50; i++) window.open("/next?" + i);</script>',
    '/worker': '<script>navigator.serviceWorker.register("/w.js").then(() => document.title = "registered", (e) => document.title = "refused")</script>',
    '/w.js': typed('text/javascript', 'onfetch = () => {}'),
    '/form': `<title>Form</title><form action="/sent"><input name=q id=q><button>Send it</button></form>
      <a target=_blank href="/next" id=blank>blank</a><p id=out></p><div style="height:3000px"></div><p id=low>low</p>
      <script>setTimeout(() => out.textContent = 'arrived', 300)</script>`,
    '/sent': (req, res) => html(`<title>Sent</title><p id=q>${req.url}</p>`)(req, res),
    '/count': `<p id=n>0</p><button onclick="n.textContent = Number(n.textContent) + 1">more</button>`,
    '/offers': '<a href="/zip" id=zip>save</a><a href="/next" download id=page>save</a>',
    '/to-local': '<title>start</title><script>for (const url of ["file:///etc/passwd", "chrome://version", "data:text/html,<title>data</title>", "view-source:http://127.0.0.1"]) { try { location = url; } catch {} try { open(url); } catch {} }</script><iframe src="file:///etc/passwd"></iframe>',
    '/red': '<body style="margin:0;background:#f00">',
    '/searxng/search': (req, res) => searxng(req, res),
    '/brave': (req, res) => brave(req, res),
    '/ddg': (req, res) => duckduckgo(req, res),
  };
}

function endless(_, res) {
  res.writeHead(200, { 'content-type': 'text/html' });
  res.write('<title>Endless</title>');
  const timer = setInterval(() => res.write('<p>more</p>'.repeat(10)), 20);
  res.on('close', () => clearInterval(timer));
}

function huge(_, res) {
  res.writeHead(200, { 'content-type': 'text/html' });
  const more = () => { while (!res.destroyed && res.write(`<p>${'word '.repeat(2000)}</p>`)); };
  res.on('drain', more);
  more();
}

/** All the ways of a page to somewhere else. */
function thief() {
  return `<title>thief</title><img src="${secret.url}/img"><script src="${secret.url}/script"></script><iframe src="${secret.url}/frame"></iframe>
    <link rel=stylesheet href="${secret.url}/style"><link rel=prefetch href="${secret.url}/prefetch"><link rel=preconnect href="${secret.url}">
    <script>fetch("${secret.url}/fetch", { mode: "no-cors" }).catch(() => {});
    navigator.sendBeacon("${secret.url}/beacon", "x"); new WebSocket("ws://127.0.0.1:${secret.port}/ws");
    new EventSource("${secret.url}/events"); new Image().src = "http://localhost:${secret.port}/name";
    const pc = new RTCPeerConnection({ iceServers: [{ urls: "stun:127.0.0.1:${udp?.address().port ?? 9}" }] });
    pc.createDataChannel("x"); pc.createOffer().then((o) => pc.setLocalDescription(o));
    const f = document.createElement("form"); f.action = "${secret.url}/form"; f.method = "post"; f.target = "t";
    const i = document.createElement("iframe"); i.name = "t"; document.documentElement.append(i, f); f.submit();</script>`;
}
let udp;

const scrape = (path, more = {}, policy = {}) =>
  driver.call({ do: 'scrape', url: path.startsWith('/') ? pages.url + path : path, ...more }, { ...rules, ...policy });
const browse = (path, more = {}, policy = {}) =>
  driver.call({ do: 'browse', url: path.startsWith('/') ? pages.url + path : path, ...more }, { ...rules, ...policy });

function failed(answer, code, pattern) {
  assert.equal(answer.status, 0, JSON.stringify(answer.lines));
  assert.equal(answer.success, false, JSON.stringify(answer));
  assert.equal(answer.error_code, code, answer.error);
  assert.match(answer.error, pattern);
}

// --- reading ---

test('a page is read as text, without what is hidden and without its scripts', async () => {
  const answer = await scrape('/');
  assert.deepEqual([answer.success, answer.title, answer.url, answer.status_code], [true, 'A & B', `${pages.url}/`, 200]);
  assert.match(answer.content, /^Head\n\none two next\n/);
  assert.doesNotMatch(answer.content, /hidden|scripted/);
});

test('a page is read as Markdown', async () => {
  const { content } = await scrape('/', { format: 'markdown' });
  assert.equal(content, `# Head\n\none **two** [next](${pages.url}/next)\n\n- a\n- b\n  - c\n\n` +
    '| x | y |\n| --- | --- |\n| 1 | 2\\|3 |\n\n```\nx = "`"\n```');
});

test('a table of one column is a table in Markdown, unless it only places blocks', async () => {
  const { content } = await scrape('/columns', { format: 'markdown' });
  assert.equal(content, '| a |\n| --- |\n| 1 |\n| 2 |\n\n| b |\n| --- |\n| 3 |\n\n# Head\n\ntext\n\nalone');
});

test('a selector takes all that matches', async () => {
  const answer = await scrape('/', { selector: 'li', format: 'html' });
  assert.equal(answer.content, '<li>a</li>\n<li>b<ul><li>c</li></ul></li>\n<li>c</li>');
  assert.equal(answer.matches, 3);
  const absent = await scrape('/', { selector: 'video' });
  failed(absent, 'selector_not_found', /nothing on the page matches the selector video/);
  assert.deepEqual([absent.title, absent.content], ['A & B', '']);
  failed(await scrape('/', { selector: 'li[' }), 'invalid_selector', /not a CSS selector: li\[/);
});

test('text that is no page is given as it is', async () => {
  assert.equal((await scrape('/text')).content, 'café');
  const json = await browse('/json');
  assert.deepEqual([json.content, json.media_type], ['{"a": 1}', 'application/json']);
});

test('what is no text is refused with its kind', async () => {
  failed(await scrape('/pdf'), 'not_a_page', /application\/pdf/);
  failed(await scrape('/zip'), 'not_a_page', /application\/zip/);
  failed(await browse('/zip'), 'not_a_page', /application\/zip/);
});

test('the status of a failed page is told, with the page', async () => {
  const answer = await scrape('/nowhere');
  failed(answer, 'http_status', /^HTTP 404 Not Found$/);
  assert.equal(answer.content, 'nothing here');
  failed(await scrape('/empty-404'), 'http_status', /^HTTP 404/);
});

test('the URL after a redirect is told', async () => {
  const answer = await scrape('/away');
  assert.deepEqual([answer.url, answer.title], [`${pages.url}/next`, 'Next']);
  failed(await scrape('/around'), 'redirects', /without end/);
});

// --- what is not reached ---

test('URLs that are none, and other schemes, are refused', async () => {
  for (const url of ['nonsense', 'file:///etc/passwd', 'data:text/html,hi', 'chrome://version', 'view-source:http://a', 'javascript:1'])
    failed(await scrape(url), 'invalid_url', /not a URL|is not visited/);
});

test('private addresses are refused in every spelling', async () => {
  const { port } = secret;
  const spellings = ['127.0.0.1', '2130706433', '0x7f.1', '0177.0.0.1', '[::1]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', 'localhost', 'localhost.',
    '0', '10.1.2.3', '172.16.0.1', '192.168.1.1', '169.254.169.254', '100.64.0.1', '[fd00::1]', '[fe80::1]', '[64:ff9b::7f00:1]', '[2002:7f00:1::]',
    '１２７.0.0.1', '224.0.0.1', '255.255.255.255'];
  const policy = new Policy();
  policy.renew(rules);
  for (const host of spellings)
    await assert.rejects(policy.connect(new URL(`http://${host}`).hostname, port), { code: 'private_address' }, host);
  for (const host of ['2130706433', '[::ffff:127.0.0.1]', 'localhost', '１２７.0.0.1'])
    failed(await scrape(`http://${host}:${port}/`), 'private_address', /not on the public internet/);
  assert.deepEqual(secret.hits, {});
});

test('redirects to private addresses are refused, however they are made', async () => {
  for (const path of ['/to-secret', '/to-metadata', '/to-name'])
    failed(await scrape(path), 'private_address', /not on the public internet/);
  failed(await scrape('/to-file'), 'blocked', /neither http nor https/);
  failed(await browse('/refresh-to-secret'), 'private_address', /not on the public internet/);
  assert.deepEqual(secret.hits, {});
});

test('nothing inside a page reaches what the page may not', async () => {
  udp = createSocket('udp4');
  const packets = [];
  udp.on('message', (data) => packets.push(data));
  await new Promise((resolve) => udp.bind(0, '127.0.0.1', resolve));
  const answer = await browse('/parts-from-secret', { actions: [{ action: 'wait_for', seconds: 1 }] });
  udp.close();
  assert.equal(answer.title, 'thief');
  assert.deepEqual(answer.blocked.sort(), ['127.0.0.1', 'localhost']);
  assert.deepEqual(secret.hits, {});
  assert.deepEqual(packets, []);
});

test('only allowed domains are visited, at each redirect', async () => {
  const other = await scrape('/', {}, { allowed_domains: ['example.org'] });
  failed(other, 'domain_not_allowed', /127\.0\.0\.1 is not one of the domains/);
  assert.equal(other.domain, '127.0.0.1');
  const here = { allowed_domains: ['127.0.0.1'] };
  assert.equal((await scrape('/', {}, here)).success, true);
  const away = await scrape('/to-name', {}, here);
  failed(away, 'domain_not_allowed', /localhost/);
  assert.equal(away.domain, 'localhost');
  // Below an allowed domain; the address is judged all the same.
  failed(await scrape('/to-name', {}, { allowed_domains: ['127.0.0.1', 'localhost'] }), 'private_address', /./);
});

test('a name is looked up once for each connection, and the connection goes to the address that was judged', async () => {
  const answers = [['127.0.0.1'], ['169.254.169.254'], ['10.0.0.1', '127.0.0.1'], ['::ffff:127.0.0.1']];
  let asked = 0;
  const policy = new Policy(async () => answers[asked++].map((address) => ({ address })));
  policy.renew({ allow_addresses: [`127.0.0.0/8:${pages.port}`] });
  const socket = await policy.connect('rebinding.example', pages.port);
  assert.equal(socket.remoteAddress, '127.0.0.1');
  assert.equal(asked, 1);
  await assert.rejects(policy.connect('rebinding.example', pages.port), { code: 'private_address' });
  // Only what is allowed of a mixed answer.
  assert.equal((await policy.connect('rebinding.example', pages.port)).remoteAddress, '127.0.0.1');
  await assert.rejects(policy.connect('rebinding.example', pages.port), { code: 'private_address' });
  policy.cut();
});

test('names and hosts that do not answer are told apart', async () => {
  failed(await scrape('http://no-such-name.invalid/'), 'dns', /no such name/);
  const closed = createServer();
  await new Promise((resolve) => closed.listen(0, '127.0.0.1', resolve));
  const { port } = closed.address();
  await new Promise((resolve) => closed.close(resolve));
  failed(await scrape(`http://127.0.0.1:${port}/`, {}, { allow_addresses: ['127.0.0.1'] }), 'connect', /refused the connection/);
  failed(await scrape(`https://${pages.address}/`), 'tls', /no secure connection/);
});

// --- pages that keep one ---

test('slow and endless pages end with their time, and show what is there', async () => {
  const slow = await scrape('/slow', {}, { timeout_ms: 1000 });
  failed(slow, 'timeout', /timed out after 1 s/);
  const without_end = await scrape('/endless', {}, { timeout_ms: 1500 });
  failed(without_end, 'timeout', /timed out after 1\.5 s/);
  assert.match(without_end.content, /^more\n/);
  assert.equal(without_end.title, 'Endless');
});

test('a huge page is stopped', async () => {
  const answer = await scrape('/huge', {}, { max_bytes: 1 << 20 });
  failed(answer, 'too_large', /more than 1048576 bytes/);
  assert.ok(answer.bytes < 3 << 20, `${answer.bytes}`);
});

test('scripts that never end are ended, their context is given up, and the next page loads', async () => {
  const hung = await browse('/loop', { context: 'h' }, { timeout_ms: 800 });
  failed(hung, 'timeout', /timed out/);
  assert.equal(hung.context_lost, true);
  assert.equal((await browse('/next')).title, 'Next');
  failed(await browse('/alerts', {}, { timeout_ms: 800 }), 'timeout', /timed out/);
});

test('a page that needs more memory than there is crashes, and that is said', async () => {
  failed(await browse('/hog'), 'crashed', /more memory/);
});

test('a page that goes on for ever, opens windows or installs a worker does not get far', async () => {
  const restless = await scrape('/refresh', {}, { timeout_ms: 4000 });
  assert.ok(restless.success || restless.error_code === 'restless', restless.error);
  const before = pages.hits['/next'] ?? 0;
  assert.equal((await browse('/windows')).success, true);
  assert.equal(pages.hits['/next'] ?? 0, before);
  await browse('/worker');
  assert.equal(pages.hits['/w.js'], undefined);
});

test('an interrupt ends a call and nothing else', async () => {
  await browse('/count', { context: 'kept', actions: [{ action: 'click', selector: 'button' }] });
  const before = pages.hits['/slow'] ?? 0;
  const call = scrape('/slow', {}, { timeout_ms: 600_000 });
  const waiting = () => (pages.hits['/slow'] > before ? driver.interrupt() : setTimeout(waiting, 20));
  waiting();
  const answer = await call;
  assert.equal(answer.status, 130);
  assert.deepEqual(answer.lines.map((line) => line.error_type), ['Interrupted']);
  const kept = await browse('/count', { context: 'kept', selector: '#n', format: 'text' });
  assert.deepEqual([kept.content, kept.continued], ['1', true]);
});

// --- doing something ---

test('actions are done in order, and the page is read afterwards', async () => {
  const answer = await browse('/form', { format: 'text', actions: [
    { action: 'wait_for', text: 'arrived' }, { action: 'type', selector: '#q', text: 'a b' }, { action: 'scroll', selector: '#low' },
    { action: 'click', text: 'Send it' }, { action: 'wait_for', selector: '#q' }] });
  assert.deepEqual([answer.success, answer.title, answer.content, answer.actions_done], [true, 'Sent', '/sent?q=a+b', 5]);
});

test('a key is pressed, and a window that a click opens is the page from then on', async () => {
  const entered = await browse('/form', { actions: [{ action: 'type', selector: '#q', text: 'x' }, { action: 'press', key: 'Enter', selector: '#q' }] });
  assert.equal(entered.title, 'Sent');
  assert.equal((await browse('/form', { actions: [{ action: 'click', selector: '#blank' }] })).title, 'Next');
});

test('the first action that fails is named, and what was done before', async () => {
  const answer = await browse('/form', { actions: [{ action: 'scroll', to: 'bottom' }, { action: 'click', selector: '#nowhere' }] }, { timeout_ms: 2000 });
  failed(answer, 'selector_not_found', /^action 2 \(click\): nothing on the page matches the selector #nowhere/);
  assert.equal(answer.actions_done, 1);
  failed(await browse('/form', { actions: [{ action: 'click', selector: 'a[' }] }), 'invalid_selector', /action 1 \(click\): not a CSS selector/);
  failed(await browse('/form', { actions: [{ action: 'press', key: 'Entr' }] }), 'invalid_action', /there is no key "Entr"/);
  failed(await browse('/form', { actions: [{ action: 'dance' }] }), 'invalid_action', /there is no such action/);
});

test('an action that finds no element shows the page, to find the right selector in', async () => {
  for (const selector of ['#nowhere', 'a[']) {
    const answer = await browse('/form', { format: 'text', actions: [{ action: 'click', selector }] }, { timeout_ms: 2000 });
    assert.deepEqual([answer.success, answer.title], [false, 'Form']);
    assert.match(answer.content, /blank/);
  }
  const absent = await browse('/form', { selector: 'video' });
  failed(absent, 'selector_not_found', /matches the selector video/);
  assert.deepEqual([absent.title, absent.content], ['Form', '']);
});

test('a file that a page hands over is not taken, and named', async () => {
  for (const selector of ['#zip', '#page'])
    failed(await browse('/offers', { actions: [{ action: 'click', selector }, { action: 'wait_for', seconds: 1 }] }), 'download', /a file to download \((a|next)/);
});

test('a page leads to nothing but pages', async () => {
  const answer = await browse('/to-local', { actions: [{ action: 'wait_for', seconds: 0.5 }] });
  assert.equal(answer.title, 'start');
  assert.doesNotMatch(answer.content, /root:/);
});

/** Width, height and the first pixel of a PNG. */
function decode(base64) {
  const data = Buffer.from(base64, 'base64');
  assert.equal(data.subarray(1, 4).toString(), 'PNG');
  const idat = [];
  for (let at = 8; at < data.length;) {
    const length = data.readUInt32BE(at);
    if (data.toString('latin1', at + 4, at + 8) === 'IDAT')
      idat.push(data.subarray(at + 8, at + 8 + length));
    at += 12 + length;
  }
  return { width: data.readUInt32BE(16), height: data.readUInt32BE(20), first: [...inflateSync(Buffer.concat(idat)).subarray(1, 4)] };
}

test('a screenshot is a picture of the page', async () => {
  const red = await browse('/red', { actions: [{ action: 'screenshot' }] });
  assert.equal(red.images[0].mime_type, 'image/png');
  assert.deepEqual(decode(red.images[0].data), { width: 1280, height: 800, first: [255, 0, 0] });
  const { images } = await browse('/form', { actions: [{ action: 'screenshot', full_page: true }, { action: 'screenshot', selector: '#q' }] });
  assert.ok(decode(images[0].data).height > 3000);
  assert.ok(decode(images[1].data).height < 50);
});

test('a named context keeps its page, and the oldest is closed when there are too many', async () => {
  const more = { context: 'a', format: 'text', selector: '#n', actions: [{ action: 'click', selector: 'button' }] };
  assert.equal((await browse('/count', more)).content, '1');
  const again = await browse('/count', more);
  assert.deepEqual([again.content, again.continued], ['2', true]);
  assert.equal((await browse('/count', { ...more, context: 'b' })).content, '1');
  // One more is there, of another test.
  assert.equal((await browse('/next', { context: 'c' })).closed_context, undefined);
  assert.equal((await browse('/next', { context: 'd' })).closed_context, 'kept');
  assert.equal((await browse('/next', { context: 'e' })).closed_context, 'a');
});

// --- searching ---

function searxng(req, res) {
  const { searchParams } = new URL(req.url, pages.url);
  if (searchParams.get('format') !== 'json' || searchParams.get('q') === 'no json')
    return res.writeHead(403).end('<h1>Forbidden</h1>');
  const empty = searchParams.get('q') === 'nobody';
  const results = ['one', 'two', 'three'].map((name) => ({ url: `https://${name}.example/`, title: `${name} <b>&amp;</b> more`,
    content: `about ${name}`, engine: 'google', parsed_url: ['https', `${name}.example`, '/', '', '', ''], engines: ['google'], positions: [1], score: 1, category: 'general' }));
  return typed('application/json', JSON.stringify({ query: searchParams.get('q'), number_of_results: 0, results: empty ? [] : results,
    answers: [], corrections: [], infoboxes: [], suggestions: [], unresponsive_engines: empty ? [['google', 'CAPTCHA']] : [] }))(req, res);
}

function brave(req, res) {
  if (req.headers['x-subscription-token'] !== 'the key')
    return res.writeHead(422, { 'content-type': 'application/json' })
      .end('{"type":"ErrorResponse","error":{"code":"SUBSCRIPTION_TOKEN_INVALID","status":422}}');
  const { searchParams } = new URL(req.url, pages.url);
  const row = { title: `Result for ${searchParams.get('q')} ${searchParams.get('count')}`, url: 'https://b.example/', description: 'with <strong>emphasis</strong> &#x27;here&#x27;', type: 'search_result' };
  return typed('application/json', JSON.stringify({ type: 'search', query: { original: 'x' }, web: { type: 'search', results: [row, { ...row, url: 'javascript:1' }] } }))(req, res);
}

function duckduckgo(req, res) {
  const query = new URL(req.url, pages.url).searchParams.get('q');
  if (query === 'robot')
    return res.writeHead(202, { 'content-type': 'text/html' }).end('<form id="challenge-form"><div class="anomaly-modal__title">Unfortunately, bots use DuckDuckGo too.</div></form>');
  if (query === 'nothing')
    return html('<div class="serp__results"><div id="links" class="results"><div class="no-results">No results.</div></div></div>')(req, res);
  return html(`<div id="links" class="results">
    <div class="result results_links results_links_deep result--ad"><h2 class="result__title"><a class="result__a" href="https://duckduckgo.com/y.js?ad">Ad</a></h2></div>
    <div class="result results_links results_links_deep web-result"><h2 class="result__title">
    <a rel="nofollow" class="result__a" href="//duckduckgo.com/l/?uddg=https%3A%2F%2Fone.example%2Fa%3Fb%3D1&amp;rut=abc">One &amp; <b>vector&lt;int&gt;</b></a></h2>
    <a class="result__snippet" href="//duckduckgo.com/l/?uddg=x">About   <b>one</b></a></div></div>`)(req, res);
}

const search = (provider, query, count = 10) => driver.call({ do: 'search', query, count, provider }, rules);

test('SearXNG is asked by its JSON interface', async () => {
  const provider = { name: 'searxng', url: `${pages.url}/searxng` };
  const answer = await search(provider, 'a question', 2);
  assert.deepEqual(answer.results, [{ title: 'one & more', url: 'https://one.example/', snippet: 'about one' },
    { title: 'two & more', url: 'https://two.example/', snippet: 'about two' }]);
  failed(await search(provider, 'no json'), 'provider', /must list json/);
  failed(await search(provider, 'nobody'), 'provider', /google,CAPTCHA/);
  failed(await search({ name: 'searxng', url: pages.url }, 'x'), 'provider', /HTTP 404/);
  failed(await search({ name: 'searxng', url: secret.url }, 'x'), 'private_address', /not on the public internet/);
});

test('Brave is asked with the key', async () => {
  const url = `${pages.url}/brave`;
  const answer = await search({ name: 'brave', url }, 'cats', 50);
  assert.deepEqual(answer.results, [{ title: 'Result for cats 20', url: 'https://b.example/', snippet: "with emphasis 'here'" }]);
  const other = new Driver({ SANDPOD_SEARCH_KEY: 'another' });
  failed(await other.call({ do: 'search', query: 'cats', count: 1, provider: { name: 'brave', url } }, rules), 'provider', /refuses the key/);
  await other.stop();
});

test("DuckDuckGo's page is read, its advertisements left out", async () => {
  const provider = { name: 'duckduckgo', url: `${pages.url}/ddg` };
  assert.deepEqual((await search(provider, 'x')).results, [{ title: 'One & vector<int>', url: 'https://one.example/a?b=1', snippet: 'About one' }]);
  const nothing = await search(provider, 'nothing');
  assert.deepEqual([nothing.success, nothing.results], [true, []]);
  failed(await search(provider, 'robot'), 'provider', /takes this server for a robot/);
});
