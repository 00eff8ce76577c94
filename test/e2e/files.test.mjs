// Links to files: what a person gets who opens one.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createConnection } from 'node:net';
import { once } from 'node:events';
import { Server, eventually } from './support/server.mjs';
import { Agent } from './support/client.mjs';

let server, agent, id;
before(async () => {
  server = await Server.start();
  agent = await Agent.connect(server.url);
  id = await agent.container();
});
after(async () => { await agent?.close(); await server?.stop(); });

const share = (file_path, args = {}) => agent.call('get_file_url', { container_id: id, file_path, ...args });

test('a person gets the file with its type, name and safe headers', async () => {
  await agent.run(id, "printf 'hello\\n' > hello.txt");
  const result = await agent.tool('get_file_url', { container_id: id, file_path: 'hello.txt' });
  const link = result.structuredContent;
  assert.equal(link.name, 'hello.txt');
  assert.equal(link.size, 6);
  assert.match(link.mime_type, /^text\/plain/);
  assert.match(link.url, /\/files\/f-[a-z0-9]{20,}$/);
  const block = result.content.find((b) => b.type === 'resource_link');
  assert.equal(block.uri, link.url);
  assert.ok(result.content.some((b) => b.type === 'text' && b.text.includes(link.url)));

  const reply = await fetch(link.url);
  assert.equal(reply.status, 200);
  assert.equal(await reply.text(), 'hello\n');
  assert.match(reply.headers.get('content-type'), /^text\/plain; ?charset=utf-8$/i);
  assert.equal(reply.headers.get('x-content-type-options'), 'nosniff');
  assert.match(reply.headers.get('content-security-policy'), /sandbox/);
  assert.match(reply.headers.get('content-disposition'), /filename="?hello\.txt/);
  assert.ok(reply.headers.get('etag'));
});

for (const [name, ascii] of [['보고서 최종.pdf', false], ['with space.csv', true], ['quo"te\'s;.bin', false]]) {
  test(`the name ${JSON.stringify(name)} reaches the browser whole`, async () => {
    const made = await agent.run(id, 'printf x > "$NAME"', { env: { NAME: name } });
    assert.equal(made.exit_code, 0);
    const reply = await fetch((await share(name)).url);
    const disposition = reply.headers.get('content-disposition');
    const encoded = /filename\*=UTF-8''([^;]+)/.exec(disposition);
    if (encoded) assert.equal(decodeURIComponent(encoded[1]), name);
    else assert.ok(ascii && disposition.includes(`"${name}"`), disposition);
    assert.equal(await reply.text(), 'x');
  });
}

test('a page or a script is an attachment, and a picture may be shown', async () => {
  await agent.run(id, "printf '<script>alert(1)</script>' > p.html; printf '<svg/>' > p.svg; printf 'GIF89a' > p.gif");
  for (const name of ['p.html', 'p.svg']) {
    const reply = await fetch((await share(name, { disposition: 'inline' })).url);
    assert.match(reply.headers.get('content-disposition'), /^attachment/, name);
  }
  const reply = await fetch((await share('p.gif')).url);
  assert.match(reply.headers.get('content-disposition'), /^inline/);
  assert.equal(reply.headers.get('content-type'), 'image/gif');
});

test('HEAD, ranges and conditions work', async () => {
  await agent.run(id, 'seq 1 1000 > numbers.txt');
  const { url, size } = await share('numbers.txt');
  const head = await fetch(url, { method: 'HEAD' });
  assert.equal(head.status, 200);
  assert.equal(Number(head.headers.get('content-length')), size);
  assert.equal(head.headers.get('accept-ranges'), 'bytes');
  const part = await fetch(url, { headers: { Range: 'bytes=2-5' } });
  assert.equal(part.status, 206);
  assert.equal(part.headers.get('content-range'), `bytes 2-5/${size}`);
  assert.equal(await part.text(), '2\n3\n');
  const tail = await fetch(url, { headers: { Range: 'bytes=-5' } });
  assert.equal(await tail.text(), '1000\n');
  const wrong = await fetch(url, { headers: { Range: `bytes=${size}-` } });
  assert.equal(wrong.status, 416);
  assert.equal(wrong.headers.get('content-range'), `bytes */${size}`);
  const same = await fetch(url, { headers: { 'If-None-Match': head.headers.get('etag') } });
  assert.equal(same.status, 304);
  await agent.run(id, 'echo changed >> numbers.txt');
  const stale = await fetch(url, { headers: { Range: 'bytes=0-1', 'If-Range': head.headers.get('etag') } });
  assert.equal(stale.status, 200, 'a changed file is sent whole');
  await stale.text();
});

test('a large file arrives whole while the server stays small', async () => {
  const made = await agent.run(id, 'head -c 300000000 /dev/urandom > big.bin; sha256sum big.bin', { wait_seconds: 45 });
  const done = made.state === 'running' ? await agent.finish(made.command_id) : made;
  const memory = async () => Number(/VmRSS:\s+(\d+)/.exec(
    await (await import('node:fs/promises')).readFile(`/proc/${server.child.pid}/status`, 'utf8'))[1]);
  const before = await memory();
  let most = before;
  const reply = await fetch((await share('/workspace/big.bin')).url);
  const hash = createHash('sha256');
  let chunks = 0;
  for await (const chunk of reply.body) {
    hash.update(chunk);
    if (chunks++ % 256 === 0) most = Math.max(most, await memory());
  }
  assert.equal(hash.digest('hex'), done.stdout.split(' ')[0]);
  assert.ok(most - before < 8 * 1024, `the server grew by ${most - before} KiB`);
  await agent.run(id, 'rm big.bin');
});

test('a reader that does not read, and one that leaves, hold nothing up', async () => {
  await agent.run(id, 'head -c 50000000 /dev/zero > zeros');
  const { url } = await share('zeros');
  const { hostname, port, pathname } = new URL(url);
  const lazy = createConnection({ host: hostname, port: Number(port) });
  await once(lazy, 'connect');
  lazy.pause();
  lazy.write(`GET ${pathname} HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`);
  const quick = await fetch(url);
  assert.equal((await quick.arrayBuffer()).byteLength, 50000000);
  assert.equal((await agent.run(id, 'echo fine')).stdout, 'fine\n');
  lazy.destroy();
  await agent.run(id, 'rm zeros');
});

test('what is no readable file is explained', async () => {
  await agent.run(id, 'mkdir -p d; mkfifo pipe; ln -s /nowhere dangling; ln -s loop loop; syslogd -n > /dev/null 2>&1 & until [ -S /dev/log ]; do :; done', { wait_seconds: 20 });
  for (const [path, words] of [
    ['d', /director/], ['pipe', /regular|pipe|special/i], ['/dev/zero', /regular|device|special/i], ['/dev/log', /socket/],
    ['/proc/self/mem', /kernel|\/proc/i], ['/proc/1/environ', /kernel|\/proc|permission/i],
    ['/sys/kernel/notes', /kernel|\/sys/i], ['dangling', /no file/], ['loop', /link/i],
    ['/no/such/file', /no file/], ['', /path/i], ['../../../../../../no-such', /no file/],
  ]) {
    const result = await agent.tool('get_file_url', { container_id: id, file_path: path });
    assert.ok(result.isError, path);
    assert.match(JSON.stringify(result.structuredContent), words);
  }
});

test('a link leads out of no container', async () => {
  await agent.run(id, 'ln -s /etc/os-release inside; ln -s ../../../../../../etc/os-release up');
  for (const path of ['inside', 'up', '/../../etc/os-release'])
    assert.match(await (await fetch((await share(path)).url)).text(), /sandpod-builtin/);
});

test('a file that became shorter is cut off, not padded', async () => {
  await agent.run(id, 'head -c 30000000 /dev/zero > shrinking');
  const { url } = await share('shrinking');
  const { hostname, port, pathname } = new URL(url);
  const socket = createConnection({ host: hostname, port: Number(port) });
  await once(socket, 'connect');
  socket.write(`GET ${pathname} HTTP/1.1\r\nHost: ${hostname}\r\nConnection: close\r\n\r\n`);
  const [first] = await once(socket, 'data');
  socket.pause();
  let total = first.length;
  await agent.run(id, ': > shrinking');
  socket.on('data', (d) => { total += d.length; });
  socket.on('error', () => {});
  const closed = once(socket, 'close');
  socket.resume();
  await closed;
  assert.ok(total < 30000000, `${total} bytes came`);
});

test('a file that grows while it is read arrives as long as it was when it was opened', async () => {
  await agent.run(id, 'head -c 20000000 /dev/zero > growing');
  const { url } = await share('growing');
  const reply = await fetch(url);
  assert.equal(Number(reply.headers.get('content-length')), 20000000);
  await agent.run(id, 'head -c 1000000 /dev/urandom >> growing');
  const bytes = Buffer.from(await reply.arrayBuffer());
  assert.equal(bytes.length, 20000000);
  assert.ok(bytes.every((byte) => byte === 0), 'none of what came later');
  assert.equal((await (await fetch(url)).arrayBuffer()).byteLength, 21000000, 'the link follows the file');
});

test('a file that vanished says so at the link', async () => {
  await agent.run(id, 'echo x > brief');
  const { url } = await share('brief');
  await agent.run(id, 'rm brief');
  const reply = await fetch(url);
  assert.equal(reply.status, 404);
  assert.match(JSON.stringify(await reply.json()), /no file/);
});

test('a dead link is a page for people and JSON for programs, and both say why', async () => {
  const own = await agent.container();
  await agent.run(own, 'echo x > f');
  const { url } = await agent.call('get_file_url', { container_id: own, file_path: 'f' });
  assert.equal((await fetch(url)).status, 200);
  await agent.call('destroy_container', { container_id: own });
  const page = await fetch(url, { headers: { Accept: 'text/html' } });
  assert.equal(page.status, 404);
  assert.match(page.headers.get('content-type'), /^text\/html/);
  assert.match(await page.text(), /destroyed/);
  const json = await fetch(url, { headers: { Accept: 'application/json' } });
  assert.match((await json.json()).message, /destroyed/);
  const never = await fetch(`${server.url}/files/f-${'a'.repeat(26)}`);
  assert.equal(never.status, 404);
});

test('a link of its own time ends then', async () => {
  await agent.run(id, 'echo x > soon');
  const { url } = await share('soon', { ttl_seconds: 1 });
  await eventually('it ends', async () => {
    const reply = await fetch(url);
    await reply.arrayBuffer();
    assert.ok([200, 404].includes(reply.status), `${reply.status}`);
    return reply.status === 404;
  });
});

test('an empty file is a file', async () => {
  await agent.run(id, ': > empty');
  const reply = await fetch((await share('empty')).url);
  assert.equal(reply.status, 200);
  assert.equal(await reply.text(), '');
});
