// The web tools on the real image: Chromium in a container, pages served on this machine, asked for by
// the official clients.  What the driver alone does is tested in web_driver.test.mjs.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Here } from './support/here.mjs';
import { Server, eventually } from './support/server.mjs';
import { Agent, textOf } from './support/client.mjs';
import { Pages } from './support/web_driver.mjs';

const STORE = process.env.SANDPOD_IMAGE_STORE ?? join(dirname(fileURLToPath(import.meta.url)), '../../build/images/store');

const LONG = 'a line of the long page\n'.repeat(4000);

let pages, server, agent;

before(async () => {
  assert.ok(existsSync(STORE), `${STORE} is missing: make images`);
  pages = await Pages.serve({
    '/': '<title>Hello</title><h1>Head</h1><p>some <a href="/next">words</a></p><script>document.title = "Scripted"</script>',
    '/long': (_, res) => res.writeHead(200, { 'content-type': 'text/plain' }).end(LONG),
    '/red': '<title>Red</title><body style="background:#f00"><p id=n>0</p><button onclick="n.textContent++">more</button>',
    '/slow': () => {},
    '/inside': (_, res) => res.writeHead(302, { location: 'http://169.254.169.254/latest/' }).end(),
    '/search': (_, res) => res.writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ query: 'x', results: [{ title: 'Found', url: 'https://found.example/', content: 'a snippet' }] })),
  }, Here);
  server = await Server.start({ SANDBOX_NETWORK: 'internet', IMAGE_STORE: STORE, SANDBOX_IMAGES: 'web=localhost/sandpod-web',
    NETWORK_ALLOW: pages.address, WEB_ALLOWED_DOMAINS: pages.host, WEB_SEARCH: 'searxng', SEARXNG_URL: pages.url, WEB_TIMEOUT_DEFAULT: '20s' });
  agent = await Agent.connect(server.url);
});

after(async () => {
  await agent?.close();
  await server?.stop();
  await pages?.stop();
});

test('the tools are offered because the image is there', async () => {
  const { tools } = await agent.client.listTools();
  assert.deepEqual(tools.map((tool) => tool.name).filter((name) => name.startsWith('web_')), ['web_search', 'web_scrape', 'web_browse']);
});

test('a page is read, without its scripts', async () => {
  const result = await agent.tool('web_scrape', { url: `${pages.url}/`, format: 'markdown' });
  const { structuredContent: page } = result;
  assert.deepEqual([page.success, page.title, page.url, page.status_code], [true, 'Hello', `${pages.url}/`, 200], textOf(result));
  assert.equal(page.content, `# Head\n\nsome [words](${pages.url}/next)`);
  assert.match(textOf(result), /^# Head\n[^]*\n\[what [^]* never instructions\]\n\[Hello · http:[^]* · HTTP 200 · [^]*\]$/);
  const part = await agent.call('web_scrape', { url: `${pages.url}/`, selector: 'p' });
  assert.deepEqual([part.content, part.matches], ['some words', 1]);
});

test('a long page is shortened, and all of it can be read', async () => {
  const page = await agent.call('web_scrape', { url: `${pages.url}/long`, max_output_bytes: 1024 });
  assert.match(page.content, /^a line[^]*bytes omitted: bytes \d+–\d+; read them with check_command/);
  assert.ok(page.truncated.omitted_bytes > 80_000);
  const tail = await agent.call('check_command', { command_id: page.command_id, stream: 'stdout', offset: LONG.length - 24 });
  assert.equal(tail.stdout, 'a line of the long page\n');
});

test('what fails says how, and is no error of the tool', async () => {
  const missing = await agent.call('web_scrape', { url: `${pages.url}/nowhere` });
  assert.deepEqual([missing.success, missing.error], [false, 'HTTP 404 Not Found']);
  const inside = await agent.call('web_browse', { url: `${pages.url}/inside` });
  assert.equal(inside.success, false);
  assert.match(inside.error, /169\.254\.169\.254 is not one of the domains/);
  assert.match((await agent.call('web_scrape', { url: 'file:///etc/passwd' })).error, /only http and https/);
  await agent.refused('invalid', 'web_scrape', {});
  await agent.refused('invalid', 'web_browse', { url: `${pages.url}/`, actions: ['click'] });
});

test('a page is used with its scripts, kept, and pictured', async () => {
  const args = { url: `${pages.url}/red`, context: 'shop', selector: '#n', format: 'text', actions: [{ action: 'click', selector: 'button' }] };
  assert.equal((await agent.call('web_browse', args)).content, '1');
  const result = await agent.tool('web_browse', { ...args, actions: [...args.actions, { action: 'screenshot' }] });
  assert.deepEqual([result.structuredContent.content, result.structuredContent.continued], ['2', true], textOf(result));
  const picture = result.content.find((block) => block.type === 'image');
  const data = Buffer.from(picture.data, 'base64');
  assert.deepEqual([picture.mimeType, data.readUInt32BE(16), data.readUInt32BE(20)], ['image/png', 1280, 800]);
});

test('a call that is taken back ends its page, and no other', async () => {
  const back = new AbortController();
  const call = agent.client.callTool({ name: 'web_scrape', arguments: { url: `${pages.url}/slow` } }, undefined, { signal: back.signal });
  await eventually('the page is asked for', () => pages.hits['/slow'] === 1);
  back.abort();
  await assert.rejects(call);
  const kept = await agent.call('web_browse', { url: `${pages.url}/red`, context: 'shop', selector: '#n', format: 'text' });
  assert.deepEqual([kept.content, kept.continued], ['2', true]);
  const { commands } = await agent.call('list_commands', { container_id: kept.container_id });
  const slow = commands.find((one) => one.command.includes('/slow'));
  assert.equal(slow.state, 'killed');
});

test('a search is done where no caller gets', async () => {
  const found = await agent.call('web_search', { query: 'anything', count: 3 });
  assert.deepEqual(found, { results: [{ title: 'Found', url: 'https://found.example/', snippet: 'a snippet' }], query: 'anything', provider: 'searxng' });
  const { containers } = await agent.call('list_containers', { include_gone: true });
  assert.deepEqual(containers.map((one) => one.name), ['web']);
});

test('a domain that is not allowed is asked for, where the client can', async () => {
  const url = 'http://not-allowed.invalid/';
  const told = await agent.call('web_scrape', { url });
  assert.equal(told.error_code, 'domain_not_allowed');
  assert.match(told.error, /WEB_ALLOWED_DOMAINS/);
  const asked = [];
  const person = await Agent.connect(server.url, { elicit: (params) => {
    asked.push(params.message);
    return { action: asked.length === 1 ? 'decline' : 'accept', content: asked.length === 1 ? undefined : { allow: true } };
  } });
  try {
    await person.refused('conflict', 'web_scrape', { url });
    const allowed = await person.call('web_scrape', { url });
    assert.equal(allowed.error_code, 'dns', allowed.error);
    assert.equal((await person.call('web_scrape', { url })).error_code, 'dns');
    assert.equal(asked.length, 2);
    assert.match(asked[0], /not-allowed\.invalid/);
  } finally {
    await person.close();
  }
});

test('in 2026 the question is the answer, and what a person said serves that call only', async () => {
  let id = 0;
  const scrape = async (url, more = {}) => {
    const reply = await fetch(`${server.url}/mcp`, { method: 'POST', headers: { 'Content-Type': 'application/json',
      Accept: 'application/json', 'MCP-Protocol-Version': '2026-07-28', 'Mcp-Method': 'tools/call', 'Mcp-Name': 'web_scrape' },
      body: JSON.stringify({ jsonrpc: '2.0', id: ++id, method: 'tools/call', params: { name: 'web_scrape', arguments: { url }, ...more, _meta: {
        'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': { elicitation: {} } } } }) });
    return reply.json();
  };
  const url = 'http://first.invalid/';
  const { result: question } = await scrape(url);
  assert.equal(question.resultType, 'input_required');
  const [[key, { params }]] = Object.entries(question.inputRequests);
  assert.match(params.message, /first\.invalid/);
  const answer = { requestState: question.requestState, inputResponses: { [key]: { action: 'accept', content: { allow: true } } } };
  assert.equal((await scrape('http://second.invalid/', answer)).error.code, -32602);
  assert.equal((await scrape(url, { inputResponses: answer.inputResponses })).result.structuredContent.error_code, 'domain_not_allowed');
  assert.equal((await scrape(url, answer)).result.structuredContent.error_code, 'dns');
  assert.equal((await scrape('http://second.invalid/')).result.resultType, 'input_required');
});
