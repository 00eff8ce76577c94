// A day of an agent: a repository is cloned, its tests fail, the bug is found and mended, the tests pass,
// a chart is drawn and shared with a person, a page is read, a person's file comes in, and in the evening
// everything is gone.  README.md tells the same day.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createServer } from 'node:http';
import { createReadStream, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, normalize } from 'node:path';
import { Server } from './support/server.mjs';
import { Agent, textOf } from './support/client.mjs';
import { Here } from './support/here.mjs';
import { offer } from './support/images.mjs';

const BUG = 'return sum(values) / (len(values) - 1)';
const MENDED = 'return sum(values) / len(values)';

const project = {
  'stats.py': `def mean(values):\n    """The arithmetic mean."""\n    ${BUG}\n`,
  'test_stats.py': `import unittest
from stats import mean

class MeanTest(unittest.TestCase):
    def test_the_mean_of_equal_numbers_is_that_number(self):
        self.assertEqual(mean([4, 4, 4]), 4)

if __name__ == "__main__":
    unittest.main()
`,
};

const PAGE = `<!doctype html><title>Rainfall in Lisbon</title>
<h1>Rainfall</h1><table id="rain"><tr><th>month</th><th>mm</th></tr><tr><td>January</td><td>100</td></tr></table>
<script>document.body.append('scripts ran')</script>`;

const CHART = `import matplotlib.pyplot as plt
from stats import mean
months = ['Jan', 'Feb', 'Mar']
rain = [100, 85, 53]
fig, ax = plt.subplots(figsize=(4, 3), dpi=100)
ax.bar(months, rain)
ax.axhline(mean(rain))
fig.savefig('rain.png')
round(mean(rain), 2)`;

let site, here, server, agent;

before(async () => {
  site = mkdtempSync(join(tmpdir(), 'day-'));
  makeRepository(site);
  writeFileSync(join(site, 'rain.html'), PAGE);
  here = await Here.listen(createServer((request, response) => serve(site, request, response)));
  server = await Server.start({
    ...offer('python', 'web'), SANDBOX_NETWORK: 'internet', NETWORK_ALLOW: here.allow, SANDBOX_MEMORY: '512m',
  });
  agent = await Agent.connect(server.url);
});

after(async () => {
  await agent?.close();
  await server?.stop();
  await here?.stop();
  if (site) rmSync(site, { recursive: true, force: true });
});

function git(dir, ...args) {
  const done = spawnSync('git', ['-C', dir, '-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', ...args],
    { encoding: 'utf8', timeout: 30000 });
  assert.equal(done.status, 0, done.stderr);
}

/** A bare repository that can be cloned over plain HTTP. */
function makeRepository(dir) {
  const work = join(dir, 'work');
  spawnSync('git', ['init', '-q', '-b', 'main', work]);
  for (const [name, text] of Object.entries(project)) writeFileSync(join(work, name), text);
  git(work, 'add', '.');
  git(work, 'commit', '-q', '-m', 'Begin');
  git(dir, 'clone', '-q', '--bare', work, 'stats.git');
  git(join(dir, 'stats.git'), 'update-server-info');
}

function serve(dir, request, response) {
  const path = join(dir, normalize(new URL(request.url, 'http://x').pathname));
  const stat = statSync(path, { throwIfNoEntry: false });
  response.writeHead(stat?.isFile() ? 200 : 404, { 'content-type': path.endsWith('.html') ? 'text/html' : 'application/octet-stream' });
  if (stat?.isFile()) createReadStream(path).pipe(response); else response.end();
}

/** Width and height, out of a PNG's header. */
function sizeOfPng(bytes) {
  assert.equal(bytes.subarray(1, 4).toString(), 'PNG');
  return [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
}

test('a day of an agent, from a cloned repository to a shared chart', async (t) => {
  let id;

  await t.test('in the morning it makes a container and clones the repository', async () => {
    id = await agent.container({ image: 'python', name: 'rain', network: 'internet' });
    const cloned = await agent.run(id, `git clone -q ${here.url}/stats.git . && ls`, { wait_seconds: 30 });
    assert.equal(cloned.exit_code, 0, cloned.stderr);
    assert.equal(cloned.stdout, 'stats.py\ntest_stats.py\n');
  });

  await t.test('the tests of the project fail', async () => {
    const failed = await agent.run(id, 'python3 -m unittest', { wait_seconds: 30 });
    assert.equal(failed.exit_code, 1);
    assert.match(failed.stderr, /AssertionError: 6\.0 != 4/);
  });

  await t.test('it reads the file, mends the bug, and the tests pass', async () => {
    assert.match((await agent.call('read_file', { container_id: id, path: 'stats.py' })).content, /len\(values\) - 1/);
    const edited = await agent.call('edit_file', { container_id: id, path: 'stats.py', old_text: BUG, new_text: MENDED });
    assert.equal(edited.replacements, 1);
    assert.match(edited.diff, new RegExp(`^-    ${RegExp.escape?.(BUG) ?? BUG.replace(/[()*+/]/g, '\\$&')}$`, 'm'));
    const passed = await agent.run(id, 'python3 -m unittest', { wait_seconds: 30 });
    assert.equal(passed.exit_code, 0, passed.stderr);
  });

  await t.test('it draws a chart, sees it, and keeps what it computed', async () => {
    const drawn = await agent.tool('run_code', { container_id: id, code: CHART, wait_seconds: 45 });
    assert.ok(!drawn.isError, textOf(drawn));
    assert.equal(drawn.structuredContent.result, 79.33, textOf(drawn));
    const picture = drawn.content.find((block) => block.type === 'image');
    assert.equal(picture.mimeType, 'image/png');
    const [width, height] = sizeOfPng(Buffer.from(picture.data, 'base64'));
    assert.ok(width > 300 && width <= 400 && height > 200 && height <= 300, `${width} x ${height}: without its margins`);
    const later = await agent.call('run_code', { container_id: id, code: 'max(rain)' });
    assert.equal(later.result, 100);
  });

  await t.test('a person opens the link: a page for the browser, the bytes for a program', async () => {
    const { url } = await agent.call('get_file_url', { container_id: id, file_path: 'rain.png' });
    const near = new URL(new URL(url).pathname, server.url);
    const page = await fetch(near, { headers: { accept: 'text/html,application/xhtml+xml' } });
    assert.match(page.headers.get('content-type'), /^text\/html/);
    assert.match(await page.text(), /rain\.png/);
    const bytes = Buffer.from(await (await fetch(near)).arrayBuffer());
    assert.deepEqual(sizeOfPng(bytes), [400, 300]);
  });

  await t.test('it reads a page of the web without running its scripts', async () => {
    const page = await agent.call('web_scrape', { url: `${here.url}/rain.html`, format: 'markdown' });
    assert.equal(page.success, true, page.error);
    assert.equal(page.title, 'Rainfall in Lisbon');
    assert.match(page.content, /January/);
    assert.doesNotMatch(page.content, /scripts ran/);
  });

  await t.test('a person uploads a file, and the agent works with it', async () => {
    const { url, method } = await agent.call('get_upload_url', { container_id: id, path: 'data/rain.csv' });
    const put = await fetch(new URL(new URL(url).pathname, server.url), { method, body: 'month,mm\nJan,100\nFeb,85\n' });
    assert.ok(put.ok, `${put.status}`);
    const read = await agent.call('run_code', {
      container_id: id, code: 'import pandas\nint(pandas.read_csv("data/rain.csv").mm.sum())', wait_seconds: 45,
    });
    assert.equal(read.result, 185);
    const found = await agent.call('list_files', { container_id: id, pattern: '**/*.csv' });
    assert.deepEqual(found.entries.map((entry) => entry.path), ['/workspace/data/rain.csv']);
  });

  await t.test('in the evening the container is destroyed, and its link is dead', async () => {
    const { url } = await agent.call('get_file_url', { container_id: id, file_path: 'rain.png' });
    await agent.call('destroy_container', { container_id: id });
    assert.equal((await fetch(new URL(new URL(url).pathname, server.url))).status, 404);
    await agent.refused('gone', 'read_file', { container_id: id, path: 'stats.py' });
  });
});
