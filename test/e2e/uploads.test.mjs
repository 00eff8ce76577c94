// Links with which somebody puts a file into a container, once.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { createConnection } from 'node:net';
import { createReadStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { Server, eventually } from './support/server.mjs';
import { Agent } from './support/client.mjs';

let server, agent, id, dir;
before(async () => {
  dir = mkdtempSync(join(tmpdir(), 'sp-up-'));
  server = await Server.start();
  agent = await Agent.connect(server.url);
  id = await agent.container();
});
after(async () => {
  await agent?.close();
  await server?.stop();
  rmSync(dir, { recursive: true, force: true });
});

const run = promisify(execFile);
const offer = (path, args = {}) => agent.call('get_upload_url', { container_id: id, path, ...args });
const put = (url, body, more = {}) => fetch(url, { method: 'PUT', body, ...more });
const shell = async (command, args = {}) => (await agent.run(id, command, { wait_seconds: 40, ...args })).stdout;
const hidden = "find / -xdev -name '.upload-*' 2> /dev/null";

/** A file of random bytes out here: its path and digest. */
function makeFile(name, size) {
  const path = join(dir, name);
  spawnSync('sh', ['-c', `head -c ${size} /dev/urandom > "$0"`, path]);
  return path;
}
async function digestOf(path) {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path)) hash.update(piece);
  return hash.digest('hex');
}

/** A PUT whose body the test sends itself. */
async function beginPut(url, headers) {
  const { hostname, port, pathname } = new URL(url);
  const socket = createConnection({ host: hostname, port: Number(port) });
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.write(`PUT ${pathname} HTTP/1.1\r\nHost: ${hostname}\r\n${headers}\r\n`);
  return socket;
}
async function readAnswer(socket) {
  let text = '';
  for await (const piece of socket) {
    text += piece;
    if (/^HTTP\/1.1 (?!100)[^]*\r\n\r\n/.test(text)) break;
  }
  return text;
}

test('the command line of the result sends the file, whatever it is called', async () => {
  for (const name of ['plain.txt', "it's {a,b} [1-3] $(id) `id` \"x\" \\ %41?#.txt", '-', 'two\nlines', '보고서 최종.csv', ' ']) {
    writeFileSync(join(dir, name), `content of ${name}`);
    const link = await offer(`in/new folder/${name}`);
    assert.equal(link.method, 'PUT');
    assert.match(link.url, /\/uploads\/u-[a-z0-9]{20,}$/);
    assert.equal(link.path, `/workspace/in/new folder/${name}`);
    assert.ok(Date.parse(link.expires_at) > Date.now());
    const { stdout } = await run('sh', ['-c', link.curl], { cwd: dir });
    assert.deepEqual(JSON.parse(stdout), { path: link.path, size: Buffer.byteLength(`content of ${name}`) });
    assert.equal(await shell('cat "$F"', { env: { F: link.path } }), `content of ${name}`);
  }
  assert.equal(await shell(hidden), '');
});

test('a file is made with 201 and replaced with 200', async () => {
  const made = await put((await offer('twice')).url, 'first');
  assert.equal(made.status, 201);
  assert.deepEqual(await made.json(), { path: '/workspace/twice', size: 5 });
  const link = await offer('twice');
  assert.equal(link.replaces, true);
  const replaced = await put(link.url, 'second');
  assert.equal(replaced.status, 200);
  await replaced.json();
  assert.equal(await shell('cat twice'), 'second');
});

test('a body without a length and one of no bytes are files', async () => {
  const pieces = Readable.from((async function* () {
    for (let i = 1; i < 100; i++) yield Buffer.alloc(i * 7, i);
  })());
  const reply = await put((await offer('chunks')).url, pieces, { duplex: 'half' });
  assert.equal(reply.status, 201, await reply.clone().text());
  assert.equal((await reply.json()).size, 7 * 4950);
  assert.equal((await put((await offer('nothing')).url, '')).status, 201);
  assert.equal(await shell('stat -c %s chunks nothing'), '34650\n0\n');
});

test('a gibibyte goes in while the server stays small', { timeout: 300000 }, async () => {
  const local = makeFile('gibibyte', 1 << 30);
  const memory = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.child.pid}/status`, 'utf8'))[1]);
  const before = memory();
  let most = before;
  const watch = setInterval(() => { most = Math.max(most, memory()); }, 20);
  const { stdout } = await run('curl', ['-sS', '--fail-with-body', '-w', '\n%{http_code} %{size_upload}', '-T', local, (await offer('gibibyte')).url]);
  clearInterval(watch);
  assert.match(stdout, /\n201 1073741824$/);
  assert.ok(most - before < 8 * 1024, `the server grew by ${most - before} KiB`);
  const { command_id } = await agent.run(id, 'sha256sum gibibyte', { background: true });
  assert.equal((await agent.finish(command_id, 200000)).stdout.split(' ')[0], await digestOf(local));
  await shell('rm gibibyte');
  rmSync(local);
});

test('an upload and a command that prints without end share the container', async () => {
  const local = makeFile('shared', 50_000_000);
  const yes = await agent.run(id, 'yes', { background: true });
  const { stdout } = await run('curl', ['-sS', '-w', '\n%{http_code}', '-T', local, (await offer('shared')).url]);
  assert.match(stdout, /\n201$/);
  assert.equal((await agent.call('check_command', { command_id: yes.command_id })).state, 'running');
  await agent.call('kill_command', { command_id: yes.command_id, signal: 'KILL' });
  assert.equal((await shell('sha256sum shared')).split(' ')[0], await digestOf(local));
  await shell('rm shared');
});

test('an upload that breaks off leaves the old file, and the link may be used again', async () => {
  await shell('echo old > kept');
  const link = await offer('kept');
  const socket = await beginPut(link.url, 'Content-Length: 1000000\r\n');
  socket.write(Buffer.alloc(300000));
  await eventually('it has begun', async () => (await shell(hidden)) !== '');
  assert.equal(await shell('cat kept'), 'old\n');
  socket.destroy();
  await eventually('nothing of it stays', async () => (await shell(hidden)) === '');
  assert.equal(await shell('cat kept'), 'old\n');
  assert.equal((await put(link.url, 'new')).status, 200);
  assert.equal(await shell('cat kept'), 'new');
});

test('of two who use a link at once one is served', async () => {
  const link = await offer('contested');
  const replies = await Promise.all(['a', 'b', 'c', 'd'].map((c) => put(link.url, c.repeat(100000))));
  const texts = await Promise.all(replies.map((reply) => reply.text()));
  const statuses = replies.map((reply) => reply.status);
  assert.deepEqual([...statuses].sort(), [201, 404, 404, 404], texts.join('\n'));
  const winner = 'abcd'[statuses.indexOf(201)];
  assert.equal(await shell('tr -d $W < contested | wc -c; stat -c %s contested', { env: { W: winner } }), '0\n100000\n');
  assert.equal((await put(link.url, 'again')).status, 404);
});

test('a slow client holds nothing up', async () => {
  const link = await offer('slow');
  const socket = await beginPut(link.url, 'Content-Length: 20\r\nConnection: close\r\n');
  for (let i = 0; i < 20; i++) {
    socket.write('x');
    assert.equal(await shell('echo fine'), 'fine\n');
  }
  assert.match(await readAnswer(socket), /^HTTP\/1.1 201/);
  assert.equal(await shell('cat slow'), 'x'.repeat(20));
});

test('who downloads the old file gets all of it while a new one takes its place', async () => {
  await shell('head -c 30000000 /dev/zero > both');
  const { url } = await agent.call('get_file_url', { container_id: id, file_path: 'both' });
  const old = await fetch(url);
  const reader = old.body.getReader();
  let size = (await reader.read()).value.length;
  assert.equal((await put((await offer('both')).url, 'new')).status, 200);
  for (let piece; !(piece = await reader.read()).done;) {
    size += piece.value.length;
    assert.ok(piece.value.every((byte) => byte === 0));
  }
  assert.equal(size, 30000000);
  assert.equal(await (await fetch(url)).text(), 'new');
});

test('a link is no longer one in the same words, whatever the reason', async () => {
  const used = await offer('once');
  assert.equal((await put(used.url, 'x')).status, 201);
  const short = await offer('short', { ttl_seconds: 1 });
  await eventually('it ends', () => Date.now() > Date.parse(short.expires_at) + 50);
  const words = [];
  for (const url of [used.url, short.url, `${server.url}/uploads/u-${'a'.repeat(26)}`, `${server.url}/uploads/f-1`]) {
    const reply = await put(url, 'y');
    assert.equal(reply.status, 404, url);
    words.push(await reply.text());
  }
  assert.equal(new Set(words).size, 1, words.join('\n'));
  assert.equal(await shell('cat once'), 'x');
});

test('only PUT is an upload', async () => {
  const { url } = await offer('methods');
  for (const method of ['GET', 'HEAD', 'POST', 'DELETE']) {
    const reply = await fetch(url, { method });
    assert.equal(reply.status, 405, method);
    assert.equal(reply.headers.get('allow'), 'PUT, OPTIONS');
    await reply.text();
  }
  assert.equal((await put(url, 'x')).status, 201, 'none of them used it up');
});

test('what is too large is refused before, or when it turns out to be', async () => {
  await shell('echo old > bounded');
  const link = await offer('bounded', { max_bytes: 1000 });
  assert.equal(link.max_bytes, 1000);
  assert.equal((await put(link.url, 'x'.repeat(1001))).status, 413);
  const chunks = Readable.from((async function* () { for (let i = 0; i < 5; i++) yield Buffer.alloc(300); })());
  const socket = await beginPut(link.url, 'Transfer-Encoding: chunked\r\n');
  for await (const chunk of chunks) { socket.write('12c\r\n'); socket.write(chunk); socket.write('\r\n'); }
  assert.match(await readAnswer(socket), /^HTTP\/1.1 413/);
  assert.equal(await shell('cat bounded'), 'old\n');
  assert.equal((await put(link.url, 'x'.repeat(1000))).status, 200);
});

test('a full disk is told before or while it fills, and left as it was', async () => {
  const room = Number((await shell("df -k /dev/shm | awk 'NR==2 {print $4}'")).trim()) * 1024;
  const local = makeFile('large', room + 1_000_000);
  const link = await offer('/dev/shm/large');
  const known = await run('curl', ['-sS', '-w', '\n%{http_code} %{size_upload}', '-T', local, link.url]);
  assert.match(known.stdout, /\n507 0$/, 'not a byte was sent');
  const unknown = await run('curl', ['-sS', '-w', '\n%{http_code}', '-H', 'Transfer-Encoding: chunked', '-T', local, link.url])
    .catch((err) => err);
  assert.match(unknown.stdout, /no room[^]*\n507$/);
  assert.equal(await shell('ls -A /dev/shm'), '');
  rmSync(local);
});

test('a place that is none is refused when the link is asked for, and when it is used', async () => {
  await shell('mkdir -p folder; mkfifo pipe; ln -s /nowhere/at/all/x dangling; ln -s loop loop; echo x > plain');
  for (const [path, words] of [
    ['folder', /directory/], ['folder/', /slash/], ['pipe', /regular/], ['/dev/null', /regular/], ['/proc/x', /kernel/],
    ['/proc/self/root/x', /./], ['/sys/x', /kernel|read-only/], ['/etc/passwd', /may not be written|read-only/], ['/.sandpod/x', /read-only/],
    ['loop', /link/], ['plain/x', /no directory/], ['..', /directory/],
  ]) {
    const result = await agent.tool('get_upload_url', { container_id: id, path });
    assert.ok(result.isError, path);
    assert.match(result.structuredContent.message, words, path);
    assert.match(result.structuredContent.next, /\w/);
  }
  const link = await offer('later');
  await shell('mkdir later');
  const reply = await put(link.url, 'x');
  assert.equal(reply.status, 409);
  assert.match((await reply.json()).message, /directory/);
  await shell('rmdir later');
  assert.equal((await put(link.url, 'x')).status, 201);
});

test('a symbolic link leads out of no container', async () => {
  const mark = `climbed-${process.pid}`;
  await shell(`ln -s ../../../../../../../../${mark} up`);
  const link = await offer('up');
  assert.equal(link.path, `/${mark}`);
  assert.equal((await put(link.url, 'inside')).status, 201);
  assert.equal(await shell(`cat /${mark}; readlink up`), `inside../../../../../../../../${mark}\n`);
  assert.throws(() => readFileSync(`/${mark}`), { code: 'ENOENT' });
});

test('nobody else gets a link into a container, and it ends with that', async () => {
  const other = await Agent.connect(server.url);
  const own = await agent.container();
  const never = `c-${'a'.repeat(26)}`;
  const [theirs, none] = [own, never].map((container_id) =>
    other.refused('not_found', 'get_upload_url', { container_id, path: 'x' }));
  assert.equal((await theirs).message.replace(own, ''), (await none).message.replace(never, ''));
  const link = await agent.call('get_upload_url', { container_id: own, path: 'x' });
  await agent.call('destroy_container', { container_id: own });
  const reply = await put(link.url, 'x');
  assert.equal(reply.status, 410);
  assert.match((await reply.json()).message, /destroyed/);
  await agent.refused('gone', 'get_upload_url', { container_id: own, path: 'x' });
  await other.close();
});

test('a server that dies in the middle leaves nothing, and its links live on', async () => {
  const own = await Server.start({ AUTH: 'key' }, { destroyOnExit: true });
  try {
    const first = await Agent.connect(own.url, { key: own.key });
    const container_id = await first.container();
    const inside = async (who, command) => (await who.run(container_id, command)).stdout;
    await first.run(container_id, 'echo old > file');
    const link = await first.call('get_upload_url', { container_id, path: 'file' });
    const spent = await first.call('get_upload_url', { container_id, path: 'spent' });
    assert.equal((await put(spent.url, 'x')).status, 201);
    const socket = await beginPut(link.url, 'Content-Length: 1000000\r\n');
    socket.write(Buffer.alloc(300000));
    await eventually('it has begun', async () => (await inside(first, hidden)) !== '');
    await own.crashAndRestart();
    socket.destroy();
    const second = await Agent.connect(own.url, { key: own.key });
    await eventually('it is linked again', async () => !(await second.tool('execute_command', { container_id, command: 'true' })).isError);
    assert.equal(await inside(second, `${hidden}; cat file`), 'old\n');
    assert.equal((await put(spent.url, 'y')).status, 404);
    assert.equal((await put(link.url, 'new')).status, 200);
    assert.equal(await inside(second, 'cat file spent'), 'newx');
    await second.close();
  } finally {
    await own.stop();
  }
});

test('a container that is destroyed in the middle ends the upload with the reason', async () => {
  const container_id = await agent.container();
  const link = await agent.call('get_upload_url', { container_id, path: 'cut' });
  const socket = await beginPut(link.url, 'Content-Length: 1000000\r\n');
  socket.write(Buffer.alloc(300000));
  await eventually('it has begun', async () => (await agent.run(container_id, hidden)).stdout !== '');
  await agent.call('destroy_container', { container_id });
  const answer = await readAnswer(socket);
  assert.match(answer, /^HTTP\/1.1 410/);
  assert.match(answer, /destroyed/);
});
