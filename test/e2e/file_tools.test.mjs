// The tools that agents use on files of a container: each with its arguments, its errors, and what a
// hostile container puts in its way.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { ResourceUpdatedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { Server, eventually } from './support/server.mjs';
import { Agent, textOf } from './support/client.mjs';

let server, agent, id;
before(async () => {
  server = await Server.start({ SANDBOX_CPUS: '2' });
  agent = await Agent.connect(server.url);
  await agent.client.listTools(); /* from here on results are held against their output schemas */
  id = await agent.container();
});
after(async () => { await agent?.close(); await server?.stop(); });

const call = (name, args) => agent.call(name, { container_id: id, ...args });
const refused = (code, name, args) => agent.refused(code, name, { container_id: id, ...args });
const sh = async (command, args) => {
  const result = await agent.run(id, command, { wait_seconds: 45, ...args });
  assert.equal(result.exit_code, 0, `${command}: ${result.stderr}`);
  return result.stdout;
};
const base64 = (text) => Buffer.from(text, 'latin1').toString('base64');

// A picture of 2 by 1 pixels.
const png = 'iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAYAAAD0In+KAAAAD0lEQVR4nGP4z8Dwn+E/AAj/Av6ZtKFQAAAAAElFTkSuQmCC';

/* --- read_file --- */

test('text is read by lines and by bytes, and what is left out is named', async () => {
  await sh('seq 1 3000 > numbers.txt; printf "a\\nb" > open.txt; : > empty.txt');
  const whole = await call('read_file', { path: 'open.txt' });
  assert.deepEqual([whole.content, whole.size, whole.total_lines, whole.truncated, whole.mime_type, whole.path],
    ['a\nb', 3, 2, false, 'text/plain', '/workspace/open.txt']);
  assert.match(whole.modified, /^\d{4}-\d\d-\d\dT.*Z$/);
  assert.equal((await call('read_file', { path: 'empty.txt' })).content, '');

  const lines = await call('read_file', { path: 'numbers.txt', offset: 2999, limit: 5 });
  assert.deepEqual([lines.content, lines.offset, lines.line_count, lines.truncated], ['2999\n3000\n', 2999, 2, false]);
  const bytes = await call('read_file', { path: 'numbers.txt', unit: 'bytes', offset: 2, limit: 4 });
  assert.deepEqual([bytes.content, bytes.next_offset, bytes.next_unit], ['2\n3\n', 6, 'bytes']);
  assert.equal((await call('read_file', { path: 'numbers.txt', offset: 9000 })).content, '');

  let text = '', at = { offset: 1 }, calls = 0;
  while (at) {
    const page = await call('read_file', { path: 'numbers.txt', max_output_bytes: 4000, ...at });
    text += page.content;
    at = page.truncated ? { offset: page.next_offset, unit: page.next_unit } : null;
    calls++;
  }
  assert.ok(calls > 3);
  assert.equal(text, await sh('cat numbers.txt'));
  const result = await agent.tool('read_file', { container_id: id, path: 'numbers.txt', limit: 1 });
  assert.match(textOf(result), /^1\n\[… 13 891 bytes omitted: bytes 2–13892; read on with offset=2\]\n\[\/workspace\/numbers\.txt /);
});

test('bytes that are no text, and pictures', async () => {
  await sh(`printf 'a\\377b' > raw; printf ${png} | base64 -d > picture.txt`);
  const raw = await call('read_file', { path: 'raw' });
  assert.deepEqual([raw.content, raw.not_utf8], ['a\ufffdb', true]);
  assert.equal((await call('read_file', { path: 'raw', encoding: 'base64' })).content, 'Yf9i');
  const result = await agent.tool('read_file', { container_id: id, path: 'picture.txt' });
  const block = result.content.find((b) => b.type === 'image');
  assert.equal(block.mimeType, 'image/png');
  assert.equal(block.data, png);
  const bytes = Buffer.from(block.data, 'base64');
  assert.deepEqual([bytes.readUInt32BE(16), bytes.readUInt32BE(20)], [2, 1]);
  assert.equal(result.structuredContent.is_picture, true);
  await sh('{ head -c 8 picture.txt; head -c 4000000 /dev/zero; } > large.png');
  assert.match((await refused('limit', 'read_file', { path: 'large.png' })).next, /get_file_url/);
});

test('a file of 5 GB is read by ranges while the server stays small', async () => {
  await sh('truncate -s 5G huge; printf end >> huge; printf middle | dd of=huge bs=1 seek=3000000000 conv=notrunc 2> /dev/null; seq 1 2000000 > long');
  const memory = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.child.pid}/status`, 'utf8'))[1]);
  const before = memory();
  const end = await call('read_file', { path: 'huge', unit: 'bytes', offset: 5 * 2 ** 30 });
  assert.deepEqual([end.content, end.size, end.truncated], ['end', 5 * 2 ** 30 + 3, false]);
  const middle = await call('read_file', { path: 'huge', unit: 'bytes', offset: 3000000000, limit: 6 });
  assert.deepEqual([middle.content, middle.truncated], ['middle', true]);
  assert.equal(middle.omitted.bytes, 5 * 2 ** 30 + 3 - 3000000006);
  const far = await call('read_file', { path: 'long', offset: 1999999, limit: 1 });
  assert.equal(far.content, '1999999\n');
  assert.ok(memory() - before < 8 * 1024, `the server grew by ${memory() - before} KiB`);
  /* A search for a line of it tells how far it is, and can be taken back. */
  const leaving = new AbortController();
  let told;
  await assert.rejects(agent.client.callTool({ name: 'read_file', arguments: { container_id: id, path: 'huge', offset: 2 } }, undefined,
    { signal: leaving.signal, timeout: 60000, onprogress: (progress) => { told = progress; leaving.abort(); } }));
  assert.match(told.message, /^line 1, .* of 5 GiB$/);
  assert.equal(told.total, 5 * 2 ** 30 + 3);
  assert.ok(memory() - before < 8 * 1024, `the server grew by ${memory() - before} KiB`);
  await sh('rm huge long');
});

test('what cannot be read is explained', async () => {
  await sh('mkdir -p d; mkfifo pipe; ln -s /nowhere dangling; ln -s loop loop; ln -s numbers.txt link');
  assert.equal((await call('read_file', { path: 'link', limit: 1 })).path, '/workspace/numbers.txt');
  assert.match((await call('read_file', { path: '/../../etc/os-release' })).content, /sandpod-builtin/);
  for (const [path, code] of [['d', 'invalid'], ['pipe', 'invalid'], ['/dev/zero', 'invalid'], ['/proc/version', 'invalid'],
    ['dangling', 'not_found'], ['loop', 'invalid'], ['/no/such/file', 'not_found'], ['a'.repeat(300), 'invalid']]) {
    const why = await refused(code, 'read_file', { path });
    assert.ok(why.next, path);
  }
  for (const args of [{}, { path: 7 }, { path: 'a', unit: 'words' }, { path: 'a', limit: 0 }, { path: 'a', offset: -1 },
    { path: '!', path_encoding: 'base64' }])
    await refused('invalid', 'read_file', args);
  const warned = await call('read_file', { file_path: 'open.txt', tail: 3 });
  assert.match(warned.warnings[0], /"tail"/);
});

/* --- write_file --- */

test('a file is made, replaced, added to, with its mode and its folders', async () => {
  const made = await call('write_file', { path: 'new/deep/a.sh', content: '#!/bin/sh\necho hé\n', mode: '755' });
  assert.deepEqual([made.path, made.size, made.created, made.replaced], ['/workspace/new/deep/a.sh', 19, true, false]);
  assert.equal(await sh('new/deep/a.sh; stat -c %a new/deep/a.sh'), 'hé\n755\n');
  const again = await call('write_file', { path: 'new/deep/a.sh', content: 'echo again\n' });
  assert.deepEqual([again.created, again.replaced], [false, true]);
  assert.equal(await sh('cat new/deep/a.sh; stat -c %a new/deep/a.sh'), 'echo again\n755\n', 'the mode stays');
  const more = await call('write_file', { path: 'new/deep/a.sh', content: 'echo more\n', append: true });
  assert.deepEqual([more.appended, more.size], [true, 21]);
  assert.equal(await sh('sh new/deep/a.sh'), 'again\nmore\n');
  assert.equal((await call('write_file', { path: 'log', content: 'first\n', append: true })).created, true);
  assert.equal(await sh('stat -c %a log'), '644\n');
  await call('write_file', { path: 'bytes', content: 'AP8K', encoding: 'base64' });
  assert.equal(await sh('od -An -tx1 bytes'), ' 00 ff 0a\n');
  await call('write_file', { path: 'nothing', content: '' });
  assert.equal(await sh('wc -c < nothing'), '0\n');
  const large = 'x'.repeat(3000000);
  assert.equal((await call('write_file', { path: 'large', content: large })).size, 3000000);
  assert.equal(await sh('tr -d x < large | wc -c; wc -c < large; rm large'), '0\n3000000\n');
});

test('a link stays a link, and what is no file is not replaced', async () => {
  await sh('echo old > target; ln -sf target to-target; mkfifo -m 600 fifo; mkdir -p folder');
  assert.equal((await call('write_file', { path: 'to-target', content: 'new' })).path, '/workspace/target');
  assert.equal(await sh('cat target; readlink to-target'), 'newtarget\n');
  await refused('invalid', 'write_file', { path: 'fifo', content: 'x' });
  await refused('invalid', 'write_file', { path: 'folder', content: 'x' });
  await refused('invalid', 'write_file', { path: 'target/below', content: 'x' });
  await refused('conflict', 'write_file', { path: '/proc/sys/kernel/core_pattern', content: 'x' });
  const folder = await refused('invalid', 'write_file', { path: 'not/there', content: 'x', create_parents: false });
  assert.match(folder.next, /create_parents/);
  await refused('invalid', 'write_file', { path: 'a', content: 'x', mode: 'rwx' });
  await refused('invalid', 'write_file', { path: 'a', content: '!', encoding: 'base64' });
  assert.equal(await sh('ls -A | grep -c "^\\.sandpod" || :'), '0\n', 'nothing is left beside it');
});

test('who reads a file while it is written sees all of it or all of the old one', async () => {
  const texts = ['a', 'b'].map((letter) => `${letter.repeat(99999)}\n`);
  await call('write_file', { path: 'whole', content: texts[0] });
  const reading = agent.run(id, 'while [ ! -e stop ]; do md5sum < whole; done | sort -u; md5sum < whole', { wait_seconds: 45 });
  for (let i = 1; i < 20; i++) await call('write_file', { path: 'whole', content: texts[i % 2] });
  await sh('touch stop');
  const lines = (await reading).stdout.trim().split('\n');
  assert.equal(new Set(lines).size, 2, lines.join());
});

/* --- edit_file --- */

test('exact text is replaced, and the answer is a diff that can be undone', async () => {
  const source = Array.from({ length: 20 }, (_, i) => `line ${i + 1}\n`).join('');
  await call('write_file', { path: 'code.txt', content: source, mode: '640' });
  const edit = await call('edit_file', { path: 'code.txt', old_text: 'line 10\n', new_text: 'line ten\nand more\n' });
  assert.deepEqual([edit.replacements, edit.path], [1, '/workspace/code.txt']);
  assert.equal(edit.diff, `--- a/workspace/code.txt\n+++ b/workspace/code.txt\n@@ -7,7 +7,8 @@\n line 7\n line 8\n line 9\n` +
    `-line 10\n+line ten\n+and more\n line 11\n line 12\n line 13\n`);
  assert.equal(await sh('cat code.txt; stat -c %a code.txt'), `${source.replace('line 10\n', 'line ten\nand more\n')}640\n`);
  await call('write_file', { path: 'code.diff', content: edit.diff });
  await sh('cd / && patch -R -p1 -i /workspace/code.diff');
  assert.equal(await sh('cat code.txt'), source);
  await call('edit_file', { path: 'code.txt', old_text: 'line 10\n', new_text: 'line ten\nand more\n' });
  assert.equal((await call('edit_file', { path: 'code.txt', old_string: 'line 1', new_string: 'LINE 1', expected_replacements: 10 })).replacements, 10);
  const many = await refused('conflict', 'edit_file', { path: 'code.txt', old_text: 'line', new_text: 'x' });
  assert.match(many.message, /found 10 times in \/workspace\/code\.txt \(lines 2, 3, /);
  const none = await refused('conflict', 'edit_file', { path: 'code.txt', old_text: 'line  2\n\tline 3', new_text: 'x' });
  assert.match(none.message, /lines 2–3 say the same but for white space/);
  await sh('head -c 9000000 /dev/zero | tr "\\0" x > toolarge; printf "a\\377" > nontext');
  assert.match((await refused('limit', 'edit_file', { path: 'toolarge', old_text: 'a', new_text: 'b' })).next, /execute_command/);
  await refused('invalid', 'edit_file', { path: 'nontext', old_text: 'a', new_text: 'b' });
  await refused('not_found', 'edit_file', { path: 'missing', old_text: 'a', new_text: 'b' });
  await refused('invalid', 'edit_file', { path: 'code.txt', old_text: 'a', new_text: 'a' });
  await refused('invalid', 'edit_file', { path: 'code.txt', old_text: '', new_text: 'a' });
  await sh('rm toolarge');
});

test('edits at once are made one after the other or refused, never lost', async () => {
  await call('write_file', { path: 'counter', content: Array.from({ length: 12 }, (_, i) => `<${i}>\n`).join('') });
  const results = await Promise.all(Array.from({ length: 12 }, (_, i) =>
    agent.tool('edit_file', { container_id: id, path: 'counter', old_text: `<${i}>`, new_text: `[${i}]` })));
  const made = results.filter((r) => !r.isError).length;
  for (const r of results.filter((x) => x.isError)) assert.equal(r.structuredContent.code, 'conflict');
  assert.equal(await sh("grep -c '^\\[' counter"), `${made}\n`);
});

/* --- list_files, move_file, delete_file --- */

test('a folder is listed with types, by pattern and in depth', async () => {
  await sh(`mkdir -p tree/src/deep tree/.git; cd tree; printf 12345 > a.py; echo > src/b.py; echo > src/deep/c.py; echo > src/deep/d.txt
    echo > .git/config; ln -s ../a.py src/link.py; mkfifo pipe; chmod 750 src; touch -d '2001-02-03 04:05:06' a.py`);
  const list = async (args) => call('list_files', { path: 'tree', ...args });
  const paths = (found) => found.entries.map((e) => e.path.replace('/workspace/tree/', ''));
  const flat = await list({});
  assert.equal(flat.path, '/workspace/tree');
  assert.deepEqual(paths(flat), ['.git', 'a.py', 'pipe', 'src']);
  assert.deepEqual(flat.entries[1], { name: 'a.py', path: '/workspace/tree/a.py', type: 'file', is_directory: false, size: 5,
    mode: '0644', modified: flat.entries[1].modified });
  assert.match(flat.entries[1].modified, /^2001-02-03T04:05:06/);
  assert.deepEqual([flat.entries[2].type, flat.entries[3].type, flat.entries[3].is_directory, flat.entries[3].mode], ['fifo', 'directory', true, '0750']);
  assert.deepEqual(paths(await list({ pattern: '**/*.py' })), ['a.py', 'src/b.py', 'src/deep/c.py', 'src/link.py']);
  assert.deepEqual(paths(await list({ pattern: '*.py', recursive: true })), ['a.py', 'src/b.py', 'src/deep/c.py', 'src/link.py']);
  assert.deepEqual(paths(await list({ pattern: '*.py' })), ['a.py']);
  assert.deepEqual(paths(await list({ pattern: 'src/*/?.t[!a-w]t' })), ['src/deep/d.txt']);
  const all = await list({ recursive: true });
  assert.equal(all.entries.length, 10);
  assert.deepEqual([all.entries.find((e) => e.name === 'link.py').type, all.entries.find((e) => e.name === 'link.py').target], ['link', '../a.py']);
  const cut = await list({ recursive: true, limit: 3 });
  assert.deepEqual([cut.entries.length, cut.truncated], [3, true]);
  assert.match(cut.hint, /pattern/);
  assert.equal((await call('list_files', {})).path, '/workspace');
  await refused('not_found', 'list_files', { path: 'tree/none' });
  await refused('invalid', 'list_files', { path: 'tree/a.py' });
  await refused('invalid', 'list_files', { path: 'tree', limit: 0 });
});

test('100 000 entries are listed in part', async () => {
  await sh('mkdir /dev/shm/many; cd /dev/shm/many; seq 1000001 1100000 | xargs touch');
  const some = await call('list_files', { path: '/dev/shm/many', limit: 50 });
  assert.deepEqual([some.entries.length, some.truncated, some.entries[0].name], [50, true, '1000001']);
  const few = await call('list_files', { path: '/dev/shm/many', pattern: '109999?' });
  assert.deepEqual(few.entries.map((e) => e.name), Array.from({ length: 10 }, (_, i) => `109999${i}`));
  assert.equal((await call('delete_file', { path: '/dev/shm/many', recursive: true })).deleted, 100001);
});

test('names of any bytes are listed, read, written, moved and deleted', async () => {
  const names = ['line\nend', ' lead', '-rf', "quo'te\"", 'é日本😀', '\x01\x7f', 'a\\b', '*?[x]'];
  await sh('mkdir -p odd; cd odd; printf x > "$(printf "bad\\377\\376name")"');
  for (const name of names) await call('write_file', { path: `odd/${name}`, content: name });
  const found = await call('list_files', { path: 'odd' });
  assert.deepEqual(new Set(found.entries.map((e) => e.name)), new Set([...names, 'bad\ufffd\ufffdname']));
  for (const name of names) assert.equal((await call('read_file', { path: `odd/${name}` })).content, name);
  const bad = found.entries.find((e) => e.path_base64);
  assert.equal(bad.path_base64, base64('/workspace/odd/bad\xff\xfename'));
  const given = { path: bad.path_base64, path_encoding: 'base64' };
  assert.equal((await call('read_file', given)).path_base64, bad.path_base64);
  await call('write_file', { ...given, content: 'now text' });
  assert.equal((await call('edit_file', { ...given, old_text: 'now', new_text: 'new' })).replacements, 1);
  const moved = await call('move_file', { source: bad.path_base64, destination: base64('/workspace/odd/\xff'), path_encoding: 'base64' });
  assert.deepEqual([moved.source_base64, moved.destination_base64], [bad.path_base64, base64('/workspace/odd/\xff')]);
  assert.equal((await call('delete_file', { path: moved.destination_base64, path_encoding: 'base64' })).deleted, 1);
  for (const name of names) assert.equal((await call('delete_file', { path: `odd/${name}` })).path, `/workspace/odd/${name}`);
  assert.equal(await sh('ls -A odd | wc -l'), '0\n');
});

test('files and folders are moved, and nothing is replaced unasked', async () => {
  await sh('mkdir -p m/to m/full; echo 1 > m/a; echo 2 > m/b; echo 3 > m/full/x; ln -s nowhere m/l');
  const moved = await call('move_file', { source: 'm/a', destination: 'm/c' });
  assert.deepEqual([moved.source, moved.destination], ['/workspace/m/a', '/workspace/m/c']);
  assert.match((await refused('conflict', 'move_file', { source: 'm/b', destination: 'm/c' })).message, /m\/c/);
  await call('move_file', { source: 'm/b', destination: 'm/c', overwrite: true });
  assert.equal((await call('move_file', { source: 'm/c', destination: 'm/to' })).destination, '/workspace/m/to/c');
  assert.equal((await call('move_file', { source: 'm/to', destination: 'm/from' })).destination, '/workspace/m/from');
  assert.equal((await call('move_file', { source: 'm/l', destination: 'm/k' })).destination, '/workspace/m/k');
  assert.equal((await call('move_file', { from: 'm/from/c', to: '/tmp/c' })).destination, '/tmp/c', 'to another file system');
  assert.equal(await sh('cat /tmp/c; readlink m/k; ls m/from | wc -l'), '2\nnowhere\n0\n');
  await refused('not_found', 'move_file', { source: 'm/none', destination: 'm/z' });
  await sh('mkdir -p m/full2; echo 4 > m/full2/x');
  await refused('invalid', 'move_file', { source: 'm/full', destination: 'm/full/below' });
  await refused('invalid', 'move_file', { source: 'm/full' });
});

test('files, links and folders are deleted', async () => {
  await sh('mkdir -p d1/d2; echo > d1/f; echo > d1/d2/g; echo keep > kept; ln -s kept d1/to-kept; mkdir d3');
  assert.equal((await call('delete_file', { path: 'd1/to-kept' })).deleted, 1);
  assert.equal(await sh('cat kept'), 'keep\n');
  assert.equal((await call('delete_file', { path: 'd3' })).deleted, 1);
  await refused('conflict', 'delete_file', { path: 'd1' });
  await sh('ln -s ../kept d1/again');
  const gone = await call('delete_file', { path: 'd1', recursive: true });
  assert.deepEqual([gone.path, gone.deleted], ['/workspace/d1', 5]);
  assert.equal(await sh('cat kept'), 'keep\n');
  await refused('not_found', 'delete_file', { path: 'd1' });
});

test('another caller finds neither the container nor its files', async () => {
  const other = await Agent.connect(server.url);
  for (const [name, args] of [['read_file', { path: 'kept' }], ['write_file', { path: 'kept', content: '' }], ['list_files', {}],
    ['edit_file', { path: 'kept', old_text: 'k', new_text: 'K' }], ['move_file', { source: 'kept', destination: 'k' }],
    ['delete_file', { path: 'kept' }]])
    await other.refused('not_found', name, { container_id: id, ...args });
  await assert.rejects(other.client.subscribeResource({ uri: `sandbox://${id}/workspace/kept` }), /-32002/);
  assert.equal(await sh('cat kept'), 'keep\n');
  await other.close();
});

/* --- as resources --- */

test('paths are completed', async () => {
  await sh('mkdir -p comp/src; touch comp/setup.py comp/.hidden; cd comp/src; seq 101 250 | sed s/^/f/ | xargs touch');
  const complete = async (value, args = { container_id: id }) => (await agent.client.complete({
    ref: { type: 'ref/resource', uri: 'sandbox://{container_id}/{+path}' }, argument: { name: 'path', value },
    context: { arguments: args } })).completion;
  assert.deepEqual((await complete('workspace/comp/s')).values, ['workspace/comp/setup.py', 'workspace/comp/src/']);
  assert.deepEqual((await complete('workspace/comp/')).values,
    ['workspace/comp/.hidden', 'workspace/comp/setup.py', 'workspace/comp/src/']);
  const many = await complete('workspace/comp/src/');
  assert.deepEqual([many.values.length, many.hasMore, many.values[0]], [100, true, 'workspace/comp/src/f101']);
  assert.deepEqual((await complete('workspa')).values, ['workspace/']);
  assert.deepEqual((await complete('no/such/place')).values, []);
  assert.deepEqual((await complete('workspace/', {})).values, []);
});

test('who watches a file hears of each change until it leaves, in either era', async () => {
  const own = await Agent.connect(server.url);
  const box = await own.container();
  const uri = `sandbox://${box}/workspace/watched.txt`;
  const heard = [];
  own.client.setNotificationHandler(ResourceUpdatedNotificationSchema, (note) => { heard.push(note.params.uri); });
  await own.client.subscribeResource({ uri });
  const change = async (command) => {
    const count = heard.length;
    await own.run(box, command);
    await eventually(`${command} to be heard of`, () => heard.length > count);
  };
  await change('echo 1 > watched.txt');
  await change('echo 2 > other; mv other watched.txt');
  await change('rm watched.txt');
  await own.call('write_file', { container_id: box, path: 'watched.txt', content: 'back' });
  await eventually('the new one to be heard of', () => heard.length > 3);
  assert.ok(heard.every((one) => one === uri));
  assert.equal((await own.client.readResource({ uri })).contents[0].text, 'back');
  await own.client.unsubscribeResource({ uri });
  await own.client.subscribeResource({ uri: `${uri}2` });
  const count = heard.length;
  await own.run(box, 'echo 3 > watched.txt; echo 4 > watched.txt2');
  await eventually('the other to be heard of', () => heard.length > count);
  assert.deepEqual(new Set(heard.slice(count)), new Set([`${uri}2`]));

  let id26 = 0;
  const modern = (method, params, more = {}) => fetch(`${server.url}/mcp`, { method: 'POST', signal: more.signal,
    headers: { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream',
      'MCP-Protocol-Version': '2026-07-28', 'Mcp-Method': method, ...(params.name ? { 'Mcp-Name': params.name } : {}) },
    body: JSON.stringify({ jsonrpc: '2.0', id: `m${++id26}`, method, params: { ...params, _meta: {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} } } }) });
  const tool = async (name, args) => (await (await modern('tools/call', { name, arguments: args })).json()).result.structuredContent;
  const { container_id } = await tool('create_container', {});
  const mine = `sandbox://${container_id}/tmp/seen`;
  const leaving = new AbortController();
  const stream = await modern('subscriptions/listen',
    { notifications: { resourceSubscriptions: [mine, `sandbox://${box}/workspace/watched.txt`] } }, { signal: leaving.signal });
  let text = '';
  const reading = (async () => { for await (const chunk of stream.body) text += Buffer.from(chunk); })().catch(() => {});
  await eventually('it to be granted', () => text.includes('subscriptions/acknowledged'));
  assert.ok(text.includes(mine) && !text.includes(box), 'only what is his is granted');
  await tool('execute_command', { container_id, command: 'echo > /tmp/seen' });
  await eventually('the listener to hear of it', () => text.includes('notifications/resources/updated'));
  const before = text.length;
  await tool('destroy_container', { container_id });
  await eventually('the end of the container to be heard of', () => text.slice(before).includes('notifications/resources/updated'));
  leaving.abort();
  await reading;
  await own.close();
});
